/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef KX_ALLOWED_H
#define KX_ALLOWED_H

#include "libkexec.h"

/* As kx_allowed(), but what the system allows to a privileged process: without looking at our own capabilities. */
enum kx_fact kx_allowed_by_system(const struct kx_machine *machine, enum kx_method method,
				  bool for_crash, struct kx_error *why);

#endif
