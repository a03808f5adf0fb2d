/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef KX_ALLOWED_H
#define KX_ALLOWED_H

#include "libkexec.h"

/* Does the running kernel accept this call from a privileged process? Without looking at our own capabilities. */
enum kx_fact kx_allowed_by_system(const struct kx_machine *machine, enum kx_method method,
				  bool for_crash, struct kx_error *why);

/* Would kexec_load, where the kernel accepts it, lose something that kexec_file_load keeps, or is it in doubt? */
bool kx_load_is_second_best(const struct kx_machine *machine, struct kx_error *why);

#endif
