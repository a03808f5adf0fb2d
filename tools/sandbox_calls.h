/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KX_TOOL_SANDBOX_CALLS_H
#define KX_TOOL_SANDBOX_CALLS_H

#include "sandbox.h"

/* From now on only the system calls of @kind. Errors: -EOPNOTSUPP, -ENOMEM. */
int kx_sandbox_filter(enum kx_sandbox kind, struct kx_error *err);

#endif
