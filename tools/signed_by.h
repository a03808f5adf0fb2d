/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --signed-by and --signature: whose kernel it is. */
#ifndef KX_TOOL_SIGNED_BY_H
#define KX_TOOL_SIGNED_BY_H

#include "inputs.h"

/**
 * kx_signed_by_check() - is the kernel signed by one of the certificates?
 * @kernel: its bytes, which nothing has read anything in yet
 *
 * Nothing without --signed-by. What looks at it is kexec-verify, in a sandbox.
 *
 * Errors: -EINVAL --signature alone; -EACCES it is not; -EOPNOTSUPP kexec-verify is not installed; what opening the certificates and
 * the signature says; -ENOMEM.
 */
int kx_signed_by_check(const struct kx_tool *tool, const struct kx_args *args,
		       struct kx_inputs *inputs, const struct kx_source *kernel,
		       struct kx_error *err);

#endif
