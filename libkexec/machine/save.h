/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef KX_MACHINE_SAVE_H
#define KX_MACHINE_SAVE_H

#include "machine/root.h"

/* kx_machine_read() with a root that is open already, called @path. */
int kx_machine_read_root(struct kx_root *root, const char *path, struct kx_machine **ret,
			 struct kx_error *err);

#endif
