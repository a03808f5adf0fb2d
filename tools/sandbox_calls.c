// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lists of system calls, by libseccomp's names: what an architecture or an older libseccomp does not know is left out, since
 * what is not in the list is denied anyway.
 */
#include "sandbox_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"

/* What any program of any libc does with what it has. */
static const char *const common[] = {
	"read",
	"readv",
	"pread64",
	"preadv",
	"write",
	"writev",
	"pwrite64",
	"pwritev",
	"lseek",
	"_llseek",
	"close",
	"close_range",
	"fstat",
	"fstat64",
	"newfstatat",
	"fstatat64",
	"statx",
	"ftruncate",
	"ftruncate64",
	"fallocate",
	"fsync",
	"dup",
	"dup2",
	"dup3",
	"poll",
	"ppoll",
	"ppoll_time64",
	"select",
	"_newselect",
	"pselect6",
	"pselect6_time64",
	/* memory */
	"munmap",
	"mremap",
	"madvise",
	"brk",
	/* threads */
	"futex",
	"futex_time64",
	"set_robust_list",
	"get_robust_list",
	"rseq",
	"set_tid_address",
	"sched_yield",
	"sched_getaffinity",
	"getcpu",
	"membarrier",
	/* time */
	"clock_gettime",
	"clock_gettime64",
	"clock_getres",
	"clock_getres_time64",
	"gettimeofday",
	"time",
	"times",
	"clock_nanosleep",
	"clock_nanosleep_time64",
	"nanosleep",
	"getrusage",
	/* signals that the process gives itself */
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigreturn",
	"sigaltstack",
	"restart_syscall",
	/* who and where it is */
	"getpid",
	"gettid",
	"getppid",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getuid32",
	"geteuid32",
	"getgid32",
	"getegid32",
	"getrandom",
	"uname",
	"sysinfo",
	"getrlimit",
	"ugetrlimit",
	/* the end */
	"exit",
	"exit_group",
	NULL,
};

/* Looking for files and reading them: of a view that has nothing in it that is not meant to be read. */
static const char *const reading[] = {
	"access",    "faccessat",  "faccessat2",   "readlink", "readlinkat",
	"getdents",  "getdents64", "getcwd",       "stat",     "stat64",
	"lstat",     "lstat64",    "statfs",       "statfs64", "fstatfs",
	"fstatfs64", "fadvise64",  "fadvise64_64", "umask",    NULL,
};

/* Sockets that are there; which can be made is a rule of its own. Nothing listens. */
static const char *const sockets[] = {
	"connect",       "bind",       "getsockname", "getpeername",
	"getsockopt",    "setsockopt", "shutdown",    "send",
	"sendto",        "sendmsg",    "sendmmsg",    "recv",
	"recvfrom",      "recvmsg",    "recvmmsg",    "recvmmsg_time64",
	"pipe",          "pipe2",      "eventfd2",    "epoll_create",
	"epoll_create1", "epoll_ctl",  "epoll_wait",  "epoll_pwait",
	"epoll_pwait2",  NULL,
};

/* How a program comes to life. */
static const char *const executing[] = {
	"execve", "execveat", "arch_prctl", "set_thread_area", "set_tls", NULL,
};

/*
 * A libc tries these and does with something else when they are not there; with EPERM it would give up. What they are
 * asked for cannot be seen by a filter, since it lies in memory.
 */
static const char *const newer[] = { "clone3", "openat2", NULL };

/* A rule with conditions: all must hold. */
static int allow_if(scmp_filter_ctx filter, const char *name, unsigned count,
		    const struct scmp_arg_cmp *conditions)
{
	int call = seccomp_syscall_resolve_name(name);

	return call == __NR_SCMP_ERROR
		       ? 0
		       : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, count, conditions);
}

static int allow_all(scmp_filter_ctx filter, const char *const *names)
{
	int r = 0;

	for (; r == 0 && *names; names++)
		r = allow_if(filter, *names, 0, NULL);
	return r;
}

/* One rule for each value that argument @arg may have. */
static int allow_values(scmp_filter_ctx filter, const char *name, unsigned arg, const int *values,
			size_t count)
{
	int r = 0;

	/* The kernel looks at the lower half of an int; the upper half is anybody's. */
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct scmp_arg_cmp is =
			SCMP_CMP64(arg, SCMP_CMP_MASKED_EQ, UINT32_MAX, (unsigned)values[i]);

		r = allow_if(filter, name, 1, &is);
	}
	return r;
}

#define ALLOW_VALUES(filter, name, arg, values) \
	allow_values(filter, name, arg, values, sizeof(values) / sizeof((values)[0]))

/* Argument @arg has of the bits in @mask those in @value. */
static int allow_bits(scmp_filter_ctx filter, const char *name, unsigned arg, uint64_t mask,
		      uint64_t value)
{
	const struct scmp_arg_cmp bits = SCMP_CMP64(arg, SCMP_CMP_MASKED_EQ, mask, value);

	return allow_if(filter, name, 1, &bits);
}

/* What is mapped to be executed, where it can be at all, is not written through that mapping; later is never. */
static int allow_memory(scmp_filter_ctx filter, bool code)
{
	static const char *const maps[] = { "mmap", "mmap2", NULL };
	int r = allow_bits(filter, "mprotect", 2, PROT_EXEC, 0);

	for (size_t i = 0; r == 0 && maps[i]; i++) {
		r = allow_bits(filter, maps[i], 2, PROT_EXEC, 0);
		if (r == 0 && code)
			r = allow_bits(filter, maps[i], 2, PROT_EXEC | PROT_WRITE, PROT_EXEC);
	}
	return r;
}

/* A thread shares all of it; a process would not, and no namespace is made either. */
static int allow_threads(scmp_filter_ctx filter)
{
	const uint64_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
	const uint64_t namespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
				    CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;

	return allow_bits(filter, "clone", 0, thread | namespaces | CLONE_VFORK | CLONE_PTRACE,
			  thread);
}

/* abort(3) is the only signal, to the process itself; descriptors are never told whom to signal (F_SETOWN). */
static int allow_oneself(scmp_filter_ctx filter)
{
	const int own[] = { getpid() }, name[] = { PR_SET_NAME };
	const int commands[] = { F_GETFD, F_SETFD,         F_GETFL,    F_SETFL,
				 F_DUPFD, F_DUPFD_CLOEXEC, F_GET_SEALS };
	const struct scmp_arg_cmp no_new_limit = SCMP_CMP64(2, SCMP_CMP_EQ, 0, 0);
	int r = ALLOW_VALUES(filter, "tgkill", 0, own);

	if (r == 0)
		r = ALLOW_VALUES(filter, "prctl", 0, name);
	if (r == 0)
		r = ALLOW_VALUES(filter, "fcntl", 1, commands);
	if (r == 0)
		r = ALLOW_VALUES(filter, "fcntl64", 1, commands);
	if (r == 0)
		r = allow_if(filter, "prlimit64", 1, &no_new_limit);
	return r;
}

static int allow_reading(scmp_filter_ctx filter)
{
	/* O_TMPFILE has O_DIRECTORY in it, which is no way to write. */
	const uint64_t writing =
		O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY);
	int r = allow_all(filter, reading);

	if (r == 0)
		r = allow_bits(filter, "open", 1, writing, O_RDONLY);
	if (r == 0)
		r = allow_bits(filter, "openat", 2, writing, O_RDONLY);
	return r;
}

static int allow_sockets(scmp_filter_ctx filter)
{
	const int families[] = { AF_INET, AF_INET6, AF_UNIX }, pairs[] = { AF_UNIX };
	const int requests[] = { FIONBIO, FIONREAD };
	/* NETLINK_ROUTE: getaddrinfo(3) asks which addresses there are. */
	const struct scmp_arg_cmp routes[] = { SCMP_CMP64(0, SCMP_CMP_EQ, AF_NETLINK, 0),
					       SCMP_CMP64(2, SCMP_CMP_EQ, 0, 0) };
	int r = allow_all(filter, sockets);

	if (r == 0)
		r = ALLOW_VALUES(filter, "socket", 0, families);
	if (r == 0)
		r = allow_if(filter, "socket", 2, routes);
	if (r == 0)
		r = ALLOW_VALUES(filter, "socketpair", 0, pairs);
	if (r == 0)
		r = ALLOW_VALUES(filter, "ioctl", 1, requests);
	return r;
}

static int deny_newer(scmp_filter_ctx filter)
{
	int r = 0;

	for (size_t i = 0; r == 0 && newer[i]; i++) {
		int call = seccomp_syscall_resolve_name(newer[i]);

		if (call != __NR_SCMP_ERROR)
			r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0);
	}
	return r;
}

static int fill(scmp_filter_ctx filter, enum kx_sandbox kind)
{
	int r = allow_all(filter, common);

	if (r == 0)
		r = allow_memory(filter, kind != KX_SANDBOX_PARSER);
	if (r == 0)
		r = allow_threads(filter);
	if (r == 0)
		r = allow_oneself(filter);
	if (r == 0)
		r = deny_newer(filter);
	if (r == 0 && kind != KX_SANDBOX_PARSER)
		r = allow_reading(filter);
	if (r == 0 && kind == KX_SANDBOX_FETCHER)
		r = allow_sockets(filter);
	if (r == 0 && kind == KX_SANDBOX_VERIFIER)
		r = allow_all(filter, executing);
	return r;
}

static void releasep(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

int kx_sandbox_filter(enum kx_sandbox kind, struct kx_error *err)
{
	_cleanup_(releasep) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!filter)
		return kx_fail(err, ENOMEM, "cannot make the sandbox: out of memory");
	r = fill(filter, kind);
	if (r < 0)
		return kx_fail(err, -r, "cannot make the sandbox: its list of system calls: %s",
			       strerror(-r));
	if (seccomp_load(filter) == 0)
		return 0;
	return kx_fail(
		err, EOPNOTSUPP,
		"cannot make the sandbox: this kernel takes no list of system calls; use one "
		"with CONFIG_SECCOMP_FILTER");
}
