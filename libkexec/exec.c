// SPDX-License-Identifier: LGPL-2.1-or-later
/* The jump. The running system may be half gone already: nothing here may need a file. */
#include "libkexec.h"
#include "sys.h"

#include <errno.h>
#include <string.h>

static int explain(int r, struct kx_error *err)
{
	if (r == -EINVAL)
		return kx_fail(
			err, EINVAL,
			"cannot start the loaded kernel: none is loaded; load one with "
			"`kexec --load KERNEL`, and outside of containers, since reboot(2) in "
			"their PID namespace knows no kexec");
	if (r == -EPERM)
		return kx_fail(
			err, EPERM,
			"cannot start the loaded kernel: CAP_SYS_BOOT is missing; run as root");
	if (r == -EBUSY)
		return kx_fail(err, EBUSY,
			       "cannot start the loaded kernel: another kexec load or unload is "
			       "running; try again when it has ended");
	return kx_fail(err, r < 0 ? -r : EIO, "cannot start the loaded kernel: %s",
		       r < 0 ? strerror(-r) : "the kernel returned from the jump");
}

int kx_exec(const struct kx_sys *sys, unsigned flags, struct kx_error *err)
{
	int r = sys->may_reboot(sys->data);

	if (r < 0)
		return explain(r, err);
	/* Best effort: without it a page of ours could have to come from a disk that is gone. */
	sys->lock_memory(sys->data);
	if (!(flags & KX_EXEC_NO_SYNC))
		sys->sync(sys->data);
	/* One interface that cannot be stopped is no reason to stay, as in kexec-tools. */
	if (!(flags & KX_EXEC_KEEP_NETWORK) && !sys->root_on_network(sys->data))
		sys->interfaces_down(sys->data);
	return explain(sys->reboot_kexec(sys->data), err);
}
