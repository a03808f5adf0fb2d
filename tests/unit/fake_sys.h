/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel that writes down what it was asked, and answers as the test says. */
#ifndef KX_FAKE_SYS_H
#define KX_FAKE_SYS_H

#include "libkexec.h"
#include "sys.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fake {
	struct kx_sys sys;
	char log[512]; /* one word for each operation, in order */
	int load_answer, file_load_answer, reboot_answer, random_answer, down_answer, may_answer,
		lock_answer;
	int network;
	/* the last call's arguments */
	uint64_t entry;
	size_t count;
	struct kx_sys_segment segments[KX_SEGMENT_MAX];
	unsigned long flags;
	char *cmdline, *initrd, *kernel; /* contents, malloc'ed */
	size_t initrd_size, kernel_size;
	int kernel_fd, initrd_fd;
};

static inline void fake_note(struct fake *fake, const char *what)
{
	if (*fake->log)
		strcat(fake->log, " ");
	strcat(fake->log, what);
}

static inline int fake_kexec_load(void *data, uint64_t entry, size_t count,
				  const struct kx_sys_segment *segments, unsigned long flags)
{
	struct fake *fake = data;

	fake_note(fake, "kexec_load");
	fake->entry = entry;
	fake->count = count;
	if (count)
		memcpy(fake->segments, segments, count * sizeof(*segments));
	fake->flags = flags;
	return fake->load_answer;
}

static inline char *fake_contents(int fd, size_t *ret_size)
{
	struct stat st;
	char *bytes;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	bytes = malloc((size_t)st.st_size + 1);
	*ret_size = (size_t)pread(fd, bytes, (size_t)st.st_size, 0);
	return bytes;
}

static inline int fake_kexec_file_load(void *data, int kernel_fd, int initrd_fd,
				       const char *cmdline, unsigned long flags)
{
	struct fake *fake = data;

	fake_note(fake, "kexec_file_load");
	fake->kernel_fd = kernel_fd;
	fake->initrd_fd = initrd_fd;
	fake->kernel = fake_contents(kernel_fd, &fake->kernel_size);
	fake->initrd = fake_contents(initrd_fd, &fake->initrd_size);
	fake->cmdline = cmdline ? strdup(cmdline) : NULL;
	fake->flags = flags;
	return fake->file_load_answer;
}

static inline int fake_reboot(void *data)
{
	struct fake *fake = data;

	fake_note(fake, "reboot");
	return fake->reboot_answer;
}

static inline int fake_lock(void *data)
{
	struct fake *fake = data;

	fake_note(fake, "lock");
	return fake->lock_answer;
}

static inline int fake_sync(void *data)
{
	fake_note(data, "sync");
	return 0;
}

static inline int fake_down(void *data)
{
	struct fake *fake = data;

	fake_note(fake, "down");
	return fake->down_answer;
}

static inline int fake_may_reboot(void *data)
{
	struct fake *fake = data;

	return fake->may_answer;
}

static inline int fake_random(void *data, void *buf, size_t size)
{
	struct fake *fake = data;

	fake_note(fake, "random");
	if (!fake->random_answer)
		memset(buf, 0x5a, size);
	return fake->random_answer;
}

static inline int fake_network(void *data)
{
	struct fake *fake = data;

	return fake->network;
}

static inline void fake_init(struct fake *fake)
{
	*fake = (struct fake){
		.sys = {
			.kexec_load = fake_kexec_load,
			.kexec_file_load = fake_kexec_file_load,
			.may_reboot = fake_may_reboot,
			.reboot_kexec = fake_reboot,
			.lock_memory = fake_lock,
			.sync = fake_sync,
			.interfaces_down = fake_down,
			.random = fake_random,
			.root_on_network = fake_network,
			.data = fake,
		},
	};
}

static inline void fake_clear(struct fake *fake)
{
	free(fake->cmdline);
	free(fake->initrd);
	free(fake->kernel);
}

#endif
