// SPDX-License-Identifier: LGPL-2.1-or-later
/* Giving memory that is kept for a crash kernel back: crash_shrink_memory() in kernel/kexec_core.c. */
#include <errno.h>
#include <string.h>

#include "base/overflow.h"
#include "crash/size.h"
#include "names.h"
#include "sys.h"

#define PAGE 4096

static int explain(int code, struct kx_error *err)
{
	switch (code) {
	case -ENOENT: /* since 2.6.32 the kernel's word for a loaded crash kernel */
	case -EEXIST:
		return kx_fail(err, EEXIST,
			       "cannot shrink what is kept while a crash kernel is loaded in it; "
			       "unload it first, by kexec -p -u");
	case -EPERM:
	case -EACCES:
		return kx_fail(err, EPERM,
			       "cannot shrink what is kept for a crash kernel: run as root");
	default:
		return kx_fail(err, -code, "cannot shrink what is kept for a crash kernel: %s",
			       strerror(-code));
	}
}

int kx_crash_shrink(const struct kx_sys *sys, const struct kx_machine *machine, uint64_t size,
		    struct kx_error *err)
{
	uint64_t reserved;
	int r;

	if (kx_machine_crash_size(machine, &reserved) < 0)
		return kx_fail(err, ENODATA,
			       "how much is kept for a crash kernel is not known: "
			       "/sys/kernel/kexec_crash_size is not readable");
	if (kx_machine_crash_loaded(machine) == KX_YES)
		return explain(-EEXIST, err);
	if (kx_align_up_overflow(size, PAGE, &size) || size > reserved)
		return kx_fail(err, EINVAL,
			       "%s are kept for a crash kernel, which can only become less; for "
			       "more, boot with another crashkernel=",
			       kx_size_text(reserved).s);
	if (size == reserved)
		return 0;
	r = sys->set_crash_size(sys->data, size);
	return r < 0 ? explain(r, err) : 0;
}
