// SPDX-License-Identifier: GPL-2.0-or-later
/* In the place of sandbox.c where there is no libseccomp: nothing that is not trusted is read at all. */
#include "sandbox.h"

#include <errno.h>

int kx_sandbox_enter(enum kx_sandbox kind, struct kx_error *err)
{
	return kx_fail(err, EOPNOTSUPP,
		       "what is not trusted cannot be read by this kexec, which was built without "
		       "libseccomp; install one that was built with it");
}
