// SPDX-License-Identifier: GPL-2.0-or-later
#include "child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"

/* Below this the child's own descriptors are put in order; those of the plan are moved out of the way first. */
#define FD_ASIDE 64

/* ---- files in memory ------------------------------------------------------------------------- */

int kx_memory_file(const char *name, struct kx_error *err)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	return fd < 0 ? kx_fail(err, errno, "cannot make a file in memory for %s: %m", name) : fd;
}

int kx_memory_file_of(const char *name, struct kx_view bytes, struct kx_error *err)
{
	_cleanup_(kx_closep) int fd = kx_memory_file(name, err);
	int made = fd;

	for (uint64_t at = 0; fd >= 0 && at < bytes.size;) {
		ssize_t n =
			kx_retry(pwrite(fd, bytes.data + at, (size_t)(bytes.size - at), (off_t)at));

		if (n <= 0)
			return kx_fail(err, ENOMEM, "no memory for a copy of %s", name);
		at += (uint64_t)n;
	}
	fd = -1;
	return made;
}

int kx_memory_file_seal(int fd, struct kx_error *err)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

	if (fcntl(fd, F_ADD_SEALS, seals) < 0)
		return kx_fail(err, errno, "cannot keep what was read from being changed: %m");
	return 0;
}

/* ---- in the child, between fork(2) and execve(2) --------------------------------------------- */

/* All from @first on: what the shell left open is none of the program's business. */
static void close_from(int first)
{
	if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
		return;
	for (long fd = first, end = sysconf(_SC_OPEN_MAX); fd < end; fd++)
		close((int)fd);
}

/* Behind those of the plan comes @ret_report, which the start of the program closes; no other stays. */
static int put_descriptors(const struct kx_child_plan *plan, int words, int *ret_report)
{
	int aside[KX_CHILD_FD_MAX + 1], fd, count = (int)plan->fd_count;

	for (int i = 0; i <= count; i++) {
		fd = i < count ? plan->fds[i] : *ret_report;
		if (fd < 0)
			fd = i == STDERR_FILENO ? words : open("/dev/null", O_RDWR | O_CLOEXEC);
		aside[i] = fcntl(fd, F_DUPFD_CLOEXEC, FD_ASIDE);
		if (aside[i] < 0)
			return -errno;
	}
	for (int i = 0; i <= count; i++)
		if (dup3(aside[i], i, i < count ? 0 : O_CLOEXEC) < 0)
			return -errno;
	*ret_report = count;
	close_from(count + 1);
	return 0;
}

static int limit(const struct kx_child_plan *plan)
{
	const struct rlimit file = { plan->max_file, plan->max_file }, core = { 0, 0 };

	if (setrlimit(RLIMIT_FSIZE, &file) < 0 || setrlimit(RLIMIT_CORE, &core) < 0)
		return -errno;
	return 0;
}

/* It is the one that goes when memory runs out (proc(5)), and not whom it was started to protect. */
static void go_first(void)
{
	_cleanup_(kx_closep) int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)!write(fd, "1000", 4);
}

int kx_child_die_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

/* Why not is said as a program would say what it cannot do. */
static void __attribute__((noreturn)) leave(int status, const struct kx_error *err)
{
	(void)!write(STDERR_FILENO, err->text, strlen(err->text));
	_exit(status);
}

static void enter(enum kx_sandbox kind)
{
	struct kx_error err = { 0 };

	if (kind != KX_SANDBOX_NONE && kx_sandbox_enter(kind, &err) < 0)
		leave(127, &err);
}

/* Nothing of what the parent would do at its end is done: its buffers are not written, its temporary files not removed. */
static void __attribute__((noreturn)) work(const struct kx_child_plan *plan, int report)
{
	struct kx_error err = { 0 };
	int r;

	close(report);
	signal(SIGBUS, SIG_DFL);
	r = plan->work(plan->data, &err);
	leave(r < 0 ? -r : 0, &err);
}

/* Returns only with an error. */
static int become(const struct kx_child_plan *plan, int words, int *report, pid_t parent)
{
	static const char *const nothing[] = { NULL };
	const char *const *envp = plan->envp ? plan->envp : nothing;
	int r = kx_child_die_with(parent);

	if (r == 0)
		r = limit(plan);
	if (r == 0)
		r = put_descriptors(plan, words, report);
	if (r < 0)
		return r;
	go_first();
	enter(plan->sandbox);
	if (plan->work)
		work(plan, *report);
	/* execve(2) takes them as they are and changes nothing about the words. */
	execve(plan->argv[0], (char *const *)plan->argv, (char *const *)envp);
	return -errno;
}

static void __attribute__((noreturn))
run(const struct kx_child_plan *plan, int words, int report, pid_t parent)
{
	int r = become(plan, words, &report, parent);

	(void)!write(report, &r, sizeof(r));
	_exit(127);
}

/* ---- the parent ------------------------------------------------------------------------------ */

/* 0 when the program runs: nothing comes, since its start closed the pipe. */
static int started(int report)
{
	int r = 0;
	ssize_t got = kx_retry(read(report, &r, sizeof(r)));

	return got == (ssize_t)sizeof(r) ? r : 0;
}

/* Of one size, whatever is written to it. */
static int make_words(struct kx_error *err)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;
	int fd = kx_memory_file("words", err);

	if (fd >= 0 &&
	    (ftruncate(fd, KX_CHILD_WORDS_MAX) < 0 || fcntl(fd, F_ADD_SEALS, seals) < 0)) {
		kx_fail(err, errno, "cannot limit what a child says: %m");
		kx_closep(&fd);
		return -EIO;
	}
	return fd;
}

int kx_child_start(const struct kx_child_plan *plan, struct kx_child *ret, struct kx_error *err)
{
	_cleanup_(kx_closep) int words = -1, from = -1, to = -1;
	struct kx_child child = { .name = plan->argv[0], .words = -1 };
	const pid_t parent = getpid();
	int report[2], r;

	assert(plan->fd_count > STDERR_FILENO && plan->fd_count <= KX_CHILD_FD_MAX);
	words = make_words(err);
	if (words < 0)
		return words;
	if (pipe2(report, O_CLOEXEC) < 0)
		return kx_fail(err, errno, "cannot start %s: %m", child.name);
	from = report[0];
	to = report[1];
	child.pid = fork();
	if (child.pid < 0)
		return kx_fail(err, errno, "cannot start %s: %m", child.name);
	if (child.pid == 0)
		run(plan, words, to, parent);
	kx_closep(&to);
	to = -1;
	r = started(from);
	child.words = words;
	child.seconds = plan->seconds;
	words = -1;
	if (r < 0) {
		kx_child_end(&child);
		return kx_fail(err, -r, "cannot start %s: %s", plan->argv[0], strerror(-r));
	}
	*ret = child;
	return 0;
}

/* What came from a program that reads hostile bytes goes to a terminal: printable, no more than fits. */
static void hear(int words, const char *name, int status, struct kx_error *err)
{
	char text[sizeof(err->text)];
	ssize_t size = pread(words, text, sizeof(text) - 1, 0);

	size = size > 0 ? (ssize_t)strnlen(text, (size_t)size) : 0;
	while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == ' '))
		size--;
	/* A line that is indented belongs to the one before. */
	for (ssize_t i = 0; i < size; i++)
		if (((unsigned char)text[i] < ' ' || text[i] == 0x7f) &&
		    (text[i] != '\n' || i + 2 >= size || strncmp(text + i, "\n  ", 3) != 0))
			text[i] = ' ';
		else if ((unsigned char)text[i] == 0xc2 && i + 1 < size &&
			 (unsigned char)text[i + 1] < 0xa0)
			text[i] = text[i + 1] = ' '; /* U+0080 to U+009F are controls, too */
	text[size] = 0;
	if (size > 0)
		kx_fail(err, EIO, "%s", text);
	else if (status > 128)
		kx_fail(err, EIO, "%s was ended by signal %d (%s)", name, status - 128,
			strsignal(status - 128));
	else
		kx_fail(err, EIO, "%s ended with status %d and said nothing", name, status);
}

time_t kx_child_until(unsigned seconds)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + seconds;
}

bool kx_child_ready(int fd, short events, time_t until)
{
	struct pollfd ready = { .fd = fd, .events = events };
	time_t left = until ? until - kx_child_until(0) : 0;

	if (until && left <= 0)
		return false;
	return kx_retry(poll(&ready, 1, until ? (int)left * 1000 : -1)) > 0;
}

/* Does it take too long? Kernels before 5.3 cannot tell, and let it. */
static bool is_late(const struct kx_child *child)
{
	_cleanup_(kx_closep) int fd = -1;
	struct pollfd end = { .events = POLLIN };

	if (!child->seconds)
		return false;
	fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	end.fd = fd;
	return fd >= 0 && kx_retry(poll(&end, 1, (int)child->seconds * 1000)) == 0;
}

int kx_child_wait(struct kx_child *child, struct kx_error *err)
{
	int status = 0, r;

	if (is_late(child)) {
		r = kx_fail(err, ETIMEDOUT, "%s took more than %u seconds, and was ended",
			    child->name, child->seconds);
		kx_child_end(child);
		return r;
	}
	if (kx_retry(waitpid(child->pid, &status, 0)) < 0)
		r = kx_fail(err, errno, "cannot wait for %s: %m", child->name);
	else
		r = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (r > 0)
		hear(child->words, child->name, r, err);
	child->pid = 0;
	kx_closep(&child->words);
	child->words = -1;
	return r;
}

void kx_child_end(struct kx_child *child)
{
	if (child->pid > 0) {
		kill(child->pid, SIGKILL);
		(void)!kx_retry(waitpid(child->pid, NULL, 0));
	}
	kx_closep(&child->words);
	*child = (struct kx_child)KX_CHILD_NONE;
}
