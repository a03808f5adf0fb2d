// SPDX-License-Identifier: LGPL-2.1-or-later
/* The operations of the running Linux kernel. None needs /proc, /sys, a writable disk or a
 * terminal, but for the size of what is kept for a crash kernel, which is a file in /sys. */
#include "libkexec.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <net/if.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/reboot.h>

#include "base/overflow.h"
#include "util.h"

/* Not in every linux/magic.h: fs/smb/client/cifsfs.h, fs/9p/v9fs.h, fs/ceph/super.h. */
#define CIFS_MAGIC 0xff534d42
#define SMB2_MAGIC 0xfe534d42
#define P9_MAGIC 0x01021997
#define CEPH_MAGIC 0x00c36400

static int sys_kexec_load(void *data, uint64_t entry, size_t count,
			  const struct kx_sys_segment *segments, unsigned long flags)
{
	return syscall(SYS_kexec_load, entry, count, segments, flags) < 0 ? -errno : 0;
}

static int sys_kexec_file_load(void *data, int kernel_fd, int initrd_fd, const char *cmdline,
			       unsigned long flags)
{
	size_t size = cmdline ? strlen(cmdline) + 1 : 0;

	return syscall(SYS_kexec_file_load, kernel_fd, initrd_fd, size, cmdline, flags) < 0 ? -errno
											    : 0;
}

static int sys_may_reboot(void *data)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, caps) < 0)
		return 0; /* the kernel will tell */
	return caps[CAP_TO_INDEX(CAP_SYS_BOOT)].effective & CAP_TO_MASK(CAP_SYS_BOOT) ? 0 : -EPERM;
}

static int sys_reboot_kexec(void *data)
{
	return reboot((int)LINUX_REBOOT_CMD_KEXEC) < 0 ? -errno : 0;
}

static int sys_lock_memory(void *data)
{
	return mlockall(MCL_CURRENT | MCL_FUTURE) < 0 ? -errno : 0;
}

static int sys_sync(void *data)
{
	sync();
	return 0;
}

static int interface_down(int fd, const char *name)
{
	struct ifreq request = { 0 };

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -errno;
	if (!(request.ifr_flags & IFF_UP) || (request.ifr_flags & IFF_LOOPBACK))
		return 0;
	request.ifr_flags &= (short)~IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

/* Every interface is tried; the first error is what is returned. */
static int sys_interfaces_down(void *data)
{
	struct if_nameindex *names;
	int fd, first = 0;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	names = if_nameindex(); /* by netlink: all of them, with an address or without */
	if (!names)
		first = -errno;
	for (size_t i = 0; names && names[i].if_index; i++) {
		int r = interface_down(fd, names[i].if_name);

		first = first ? first : r;
	}
	if_freenameindex(names);
	close(fd);
	return first;
}

static int fill_random(uint8_t *p, size_t size, unsigned flags)
{
	while (size) {
		ssize_t n = getrandom(p, size, flags);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			p += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* Kernels before 5.6 do not know the second way, and there we have to wait. */
static int sys_random(void *data, void *buf, size_t size)
{
	int r = fill_random(buf, size, GRND_NONBLOCK);

	if (r != -EAGAIN)
		return r;
	r = fill_random(buf, size, GRND_INSECURE);
	return r == -EINVAL ? fill_random(buf, size, 0) : r < 0 ? r : 1;
}

static int sys_root_on_network(void *data)
{
	static const uint32_t network[] = {
		NFS_SUPER_MAGIC, CIFS_MAGIC,      SMB2_MAGIC,   SMB_SUPER_MAGIC,  P9_MAGIC,
		CEPH_MAGIC,      AFS_SUPER_MAGIC, AFS_FS_MAGIC, CODA_SUPER_MAGIC,
	};
	struct statfs fs;

	if (statfs("/", &fs) < 0)
		return 0;
	for (size_t i = 0; i < KX_ARRAY_SIZE(network); i++)
		if ((uint32_t)fs.f_type == network[i])
			return 1;
	return 0;
}

/* Not by PATH, which is whoever's called us. */
static int sys_run(void *data, const char *const *argv)
{
	static const char *const folders[] = { "/sbin", "/usr/sbin", "/bin", "/usr/bin", "/etc" };
	char path[256];
	pid_t pid;
	int r = -ENOENT, status = 0;

	for (size_t i = 0; r == -ENOENT && i < KX_ARRAY_SIZE(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], argv[0]);
		/* posix_spawn(3) changes nothing about the words. */
		r = -posix_spawn(&pid, path, NULL, NULL, (char *const *)argv, environ);
	}
	if (r < 0)
		return r;
	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0)
		return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* In a folder since 6.19: Documentation/ABI/testing/sysfs-kernel-kexec-kdump. */
static int sys_set_crash_size(void *data, uint64_t size)
{
	_cleanup_(kx_closep) int fd = open("/sys/kernel/kexec/crash_size", O_WRONLY | O_CLOEXEC);
	char text[24];
	int n;

	if (fd < 0 && errno == ENOENT)
		fd = open("/sys/kernel/kexec_crash_size", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = snprintf(text, sizeof(text), "%" PRIu64, size);
	return write(fd, text, (size_t)n) < 0 ? -errno : 0;
}

static const struct kx_sys sys_linux = {
	.kexec_load = sys_kexec_load,
	.kexec_file_load = sys_kexec_file_load,
	.may_reboot = sys_may_reboot,
	.reboot_kexec = sys_reboot_kexec,
	.lock_memory = sys_lock_memory,
	.sync = sys_sync,
	.interfaces_down = sys_interfaces_down,
	.random = sys_random,
	.root_on_network = sys_root_on_network,
	.run = sys_run,
	.set_crash_size = sys_set_crash_size,
};

const struct kx_sys *kx_sys_linux(void)
{
	return &sys_linux;
}
