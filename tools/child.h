/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that this one starts because it does not trust what they read. */
#ifndef KX_TOOL_CHILD_H
#define KX_TOOL_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/view.h"
#include "libkexec.h"
#include "sandbox.h"

/* The most descriptors that a child is given. */
#define KX_CHILD_FD_MAX 8
/* The most bytes that are kept of what it says on standard error. */
#define KX_CHILD_WORDS_MAX (16U << 10)

/**
 * struct kx_child - a program that runs; it dies with this one
 * @name: for messages; lives as long as the caller's argv
 * @pid: 0 when there is none
 * @words: what it says on standard error goes here: a memfd of KX_CHILD_WORDS_MAX bytes, or -1
 * @seconds: how long it may take; 0 for as long as it likes
 */
struct kx_child {
	const char *name;
	pid_t pid;
	int words;
	unsigned seconds;
};

#define KX_CHILD_NONE                  \
	{                              \
		.pid = 0, .words = -1, \
	}

/**
 * struct kx_child_plan - what is to be started
 * @argv: argv[0] is an absolute path; ends with NULL
 * @envp: its whole environment, ends with NULL; NULL for an empty one
 * @fds: @fd_count of them become its descriptors 0, 1, 2, 3 …; -1 is /dev/null, but as descriptor 2 what @words collects.
 *	 It has no others
 * @max_file: the most bytes that a file of its making may have, memfds included
 * @sandbox: what a program that is not ours is put in before it begins; our own enter theirs by themselves
 * @work: instead of a program: this function of ours, in a copy of this process; argv[0] is its name then. It returns
 *	0 or -errno with a message; nothing that it changes in memory is seen here
 * @data: for @work
 * @seconds: how long it may take before kx_child_wait() ends it; 0 for as long as it likes
 */
struct kx_child_plan {
	const char *const *argv;
	const char *const *envp;
	int fds[KX_CHILD_FD_MAX];
	size_t fd_count;
	uint64_t max_file;
	enum kx_sandbox sandbox;
	int (*work)(void *data, struct kx_error *err);
	void *data;
	unsigned seconds;
};

/**
 * kx_child_start() - start it
 * @ret: KX_CHILD_NONE; to be ended with kx_child_wait() or kx_child_end()
 *
 * When memory runs out it is the first that the kernel ends.
 *
 * Errors: -ENOENT and what else execve(2) says; -ENOMEM, -EAGAIN, -EMFILE.
 */
int kx_child_start(const struct kx_child_plan *plan, struct kx_child *ret, struct kx_error *err);

/**
 * kx_child_die_with() - in @work, for who has become another user: that ended what kx_child_start() had asked for
 * @parent: what getppid(2) said before
 *
 * Errors, without a message: -ESRCH when the parent is gone already.
 */
int kx_child_die_with(pid_t parent);

/**
 * kx_child_wait() - wait for its end
 * @err: what it said on standard error, made harmless for a terminal, when it did not end with 0
 *
 * Return: its exit status, or 128 and the signal that ended it; of @work the errno value; -ETIMEDOUT; -ECHILD.
 */
int kx_child_wait(struct kx_child *child, struct kx_error *err);

/* When so many seconds from now will be over, for kx_child_ready(). */
time_t kx_child_until(unsigned seconds);

/*
 * Is @fd, by which a child is heard or told, ready for @events (poll(2)) before the time is over? A @until of 0 is never over.
 */
bool kx_child_ready(int fd, short events, time_t until);

/* Kills it if it still runs, and takes it out of the table of processes. */
void kx_child_end(struct kx_child *child);

/**
 * kx_memory_file() - a file without a name or a place on a disk
 * @name: for /proc/PID/fd alone
 *
 * Return: a descriptor of the caller's, or -errno with a message.
 */
int kx_memory_file(const char *name, struct kx_error *err);

/* One that has these bytes, and is read from their beginning. */
int kx_memory_file_of(const char *name, struct kx_view bytes, struct kx_error *err);

/**
 * kx_memory_file_seal() - nobody changes it any more, not even who still holds it
 *
 * Errors: -EBUSY while somebody has it mapped for writing.
 */
int kx_memory_file_seal(int fd, struct kx_error *err);

#endif
