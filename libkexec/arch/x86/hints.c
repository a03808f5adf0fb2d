// SPDX-License-Identifier: LGPL-2.1-or-later
/* Documentation/admin-guide/kernel-parameters.txt; each measured, docs/performance.md. */
#include "hints.h"

#include <stddef.h>

const struct kx_hint kx_hints_x86[] = {
	{ "cryptomgr.notests",
	  "the kernel does not test its own crypto algorithms while it starts" },
	{ "no_timer_check",
	  "the kernel does not wait for ticks to see whether the timer's interrupt works" },
	{ NULL, NULL },
};
