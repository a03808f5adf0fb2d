// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"
#include "vmcore.h"

static ssize_t read_file(void *context, void *to, size_t size, uint64_t offset)
{
	ssize_t got = kx_retry(pread((int)(intptr_t)context, to, size, (off_t)offset));

	return got < 0 ? -errno : got;
}

int kx_vmcore_io_of_file(int fd, struct kx_vmcore_io *ret, struct kx_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return kx_fail(err, errno, "cannot look at the dump: %m");
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return kx_fail(err, EINVAL,
			       "it is no file, and a dump is read here and there; "
			       "copy it into a file first");
	*ret = (struct kx_vmcore_io){
		.read = read_file,
		.context = (void *)(intptr_t)fd,
		.size = S_ISREG(st.st_mode) && st.st_size > 0 ? (uint64_t)st.st_size : UINT64_MAX,
	};
	return 0;
}
