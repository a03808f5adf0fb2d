/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What somebody would try who runs code of their own in one of our sandboxes. */
#ifndef KX_PROBE_H
#define KX_PROBE_H

#include <stddef.h>

#include "sandbox.h"

/**
 * kx_probe() - try all that must not work there
 * @ret: "N tried, worked: NAME NAME", or "N tried, none worked"
 *
 * Calls that would change the machine are made with arguments that cannot, and those of kexec and reboot only where the process
 * has no CAP_SYS_BOOT and a list of system calls.
 */
void kx_probe(enum kx_sandbox kind, char *ret, size_t size);

#endif
