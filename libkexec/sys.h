/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The replaceable table of system operations: all that changes the machine goes through here. */
#ifndef KX_SYS_H
#define KX_SYS_H

#include <stddef.h>
#include <stdint.h>

/* The kernel's struct kexec_segment (include/uapi/linux/kexec.h), under our name. */
struct kx_sys_segment {
	const void *buf;
	size_t bufsz;
	const void *mem;
	size_t memsz;
};

/**
 * struct kx_sys - operations; each returns 0 or a negative errno value
 * @data: passed to each
 */
struct kx_sys {
	int (*kexec_load)(void *data, uint64_t entry, size_t count,
			  const struct kx_sys_segment *segments, unsigned long flags);
	int (*kexec_file_load)(void *data, int kernel_fd, int initrd_fd, const char *cmdline,
			       unsigned long flags);
	/* May we? -EPERM without CAP_SYS_BOOT: asked before anything is taken down. */
	int (*may_reboot)(void *data);
	int (*reboot_kexec)(void *data);
	int (*lock_memory)(void *data);
	int (*sync)(void *data);
	int (*interfaces_down)(void *data);
	/*
	 * Never waits: 1 when the kernel has not gathered enough for its generator yet, as early after a boot, and @buf
	 * is what it has.
	 */
	int (*random)(void *data, void *buf, size_t size);
	/* Is the root file system on the network? 1 yes, 0 no or not to be known; without /proc. */
	int (*root_on_network)(void *data);
	/*
	 * Run a program of the system's folders, argv[0], and wait for its end: its exit status, 128 and the number of the
	 * signal that ended it, or a negative errno value when it could not be started.
	 */
	int (*run)(void *data, const char *const *argv);
	/* Keep only so many bytes for a crash kernel: /sys/kernel/kexec_crash_size. */
	int (*set_crash_size)(void *data, uint64_t size);
	void *data;
};

#endif
