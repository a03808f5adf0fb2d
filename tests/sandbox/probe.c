// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* The kinds in which it may work. */
#define FETCHER (1 << KX_SANDBOX_FETCHER)
#define VERIFIER (1 << KX_SANDBOX_VERIFIER)
#define NOWHERE 0

/* -errno of a call that must not succeed. */
static int of(long r)
{
	return r < 0 ? -errno : 0;
}

/* -EPERM of a call that must not even be looked at by the kernel: with these arguments it fails anyway. */
static int reached(long r)
{
	return r < 0 && (errno == EPERM || errno == ENOSYS) ? -errno : 0;
}

/* clang-format off */
static int open_passwd(void) { return of(open("/etc/passwd", O_RDONLY)); }
static int open_shadow(void) { return of(open("/etc/shadow", O_RDONLY)); }
static int open_memory(void) { return of(open("/dev/mem", O_RDONLY)); }
static int open_root(void) { return of(open("/", O_RDONLY | O_DIRECTORY)); }
static int open_up(void) { return of(open("../../../etc/passwd", O_RDONLY)); }
static int open_libraries(void) { return of(open("/usr/lib", O_RDONLY | O_DIRECTORY)); }
static int list_home(void) { return of(open("/root", O_RDONLY | O_DIRECTORY)); }
static int make_here(void) { return of(open("probe", O_WRONLY | O_CREAT | O_EXCL, 0600)); }
static int make_in_tmp(void) { return of(open("/tmp/probe", O_WRONLY | O_CREAT | O_EXCL, 0600)); }
static int make_unnamed(void) { return of(open("/", O_TMPFILE | O_RDWR, 0600)); }
static int make_directory(void) { return of(mkdirat(AT_FDCWD, "/probe", 0700)); }
static int write_null(void) { return of(open("/dev/null", O_WRONLY)); }
static int write_libraries(void) { return of(open("/usr/lib/probe", O_WRONLY | O_CREAT, 0600)); }
static int make_memory_file(void) { return of(memfd_create("probe", 0)); }
static int rename_file(void) { return reached(renameat(-1, "a", -1, "b")); }
static int remove_file(void) { return reached(unlinkat(-1, "a", 0)); }
static int link_file(void) { return reached(linkat(-1, "a", -1, "b", 0)); }
static int change_mode(void) { return reached(fchmodat(-1, "a", 0777, 0)); }
static int change_own_mode(void) { return reached(fchmod(-1, 0777)); }
static int change_owner(void) { return reached(fchownat(-1, "a", 0, 0, 0)); }
static int by_handle(void) { return reached(syscall(SYS_open_by_handle_at, -1, NULL, 0)); }

static int open_newer(void)
{
	const uint64_t how[3] = { O_RDONLY, 0, 0 };

	return of(syscall(437 /* openat2 */, AT_FDCWD, "/", how, sizeof(how)));
}

static int socket_inet(void) { return of(socket(AF_INET, SOCK_STREAM, 0)); }
static int socket_inet6(void) { return of(socket(AF_INET6, SOCK_DGRAM, 0)); }
static int socket_unix(void) { return of(socket(AF_UNIX, SOCK_STREAM, 0)); }
static int socket_route(void) { return of(socket(AF_NETLINK, SOCK_RAW, 0)); }
static int socket_audit(void) { return of(socket(AF_NETLINK, SOCK_RAW, 9)); }
static int socket_uevent(void) { return of(socket(AF_NETLINK, SOCK_RAW, 15)); }
static int socket_packet(void) { return of(socket(AF_PACKET, SOCK_RAW, 0)); }
static int socket_raw(void) { return of(socket(AF_INET, SOCK_RAW, 1)); }
static int socket_vsock(void) { return of(socket(AF_VSOCK, SOCK_STREAM, 0)); }
static int socket_crypto(void) { return of(socket(AF_ALG, SOCK_SEQPACKET, 0)); }
static int socket_bluetooth(void) { return of(socket(AF_BLUETOOTH, SOCK_RAW, 1)); }
static int listen_there(void) { return reached(listen(-1, 1)); }
static int accept_there(void) { return reached(accept(-1, NULL, NULL)); }

static int pair(void)
{
	int fds[2];

	return of(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
}

/* A name that is not there: what runs would not tell. */
static int execute(void)
{
	char *const none[] = { NULL };

	return reached(execve("/nonexistent", none, none));
}

static int make_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return of(pid);
}

static int make_namespace(void) { return of(unshare(CLONE_NEWUSER)); }
static int enter_namespace(void) { return reached(setns(-1, 0)); }
static int signal_parent(void) { return of(kill(getppid(), 0)); }
static int signal_all(void) { return of(kill(-1, 0)); }
static int signal_thread(void) { return of(syscall(SYS_tgkill, getppid(), getppid(), 0)); }
static int signal_group(void) { return of(kill(0, 0)); }
static int hold_parent(void) { return of(syscall(434 /* pidfd_open */, getppid(), 0)); }
static int take_descriptor(void) { return reached(syscall(438 /* pidfd_getfd */, -1, 0, 0)); }
static int trace_parent(void) { return of(ptrace(PTRACE_SEIZE, getppid(), 0, 0)); }
static int be_traced(void) { return of(ptrace(PTRACE_TRACEME, 0, 0, 0)); }
static int own_signals(void) { return of(fcntl(0, F_SETOWN, getppid())); }
static int compare(void) { return of(syscall(SYS_kcmp, getppid(), getppid(), 0, 0, 0)); }

static int signal_with_word(void)
{
	siginfo_t word = { .si_code = SI_QUEUE };

	return of(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &word));
}

static int read_parent(void)
{
	static char here[8];
	struct iovec to = { here, sizeof(here) }, from = { here, sizeof(here) };

	return of(process_vm_readv(getppid(), &to, 1, &from, 1, 0));
}

static int mount_there(void) { return reached(syscall(SYS_mount, NULL, NULL, NULL, 0, NULL)); }
static int unmount(void) { return reached(syscall(SYS_umount2, "/nonexistent", 0)); }
static int open_tree_there(void) { return reached(syscall(428 /* open_tree */, -1, "", 0)); }
static int make_mount(void) { return reached(syscall(430 /* fsopen */, "", 0)); }
static int other_root(void) { return reached(chroot("/nonexistent")); }
static int swap_root(void) { return reached(syscall(SYS_pivot_root, "", "")); }
static int become_root(void) { return of(setuid(0)); }
static int become_roots_group(void) { return of(setgid(0)); }
static int become_saved_root(void) { return of(setresuid(-1, -1, 0)); }
static int be_dumped(void) { return of(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }
static int keep_capabilities(void) { return of(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)); }
static int outlive_parent(void) { return of(prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0)); }

static int get_groups(void)
{
	const gid_t none[] = { 0 };

	return of(setgroups(1, none));
}

static int get_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct all[] = { { ~0U, ~0U, 0 }, { ~0U, ~0U, 0 } };

	return of(syscall(SYS_capset, &header, all));
}

static int raise_limit(void)
{
	const struct rlimit core = { RLIM_INFINITY, RLIM_INFINITY };

	return of(setrlimit(RLIMIT_CORE, &core));
}

static int map_code(int protection)
{
	void *at = mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return of(at == MAP_FAILED ? -1 : 0);
}

static int run_new_code(void) { return map_code(PROT_READ | PROT_WRITE | PROT_EXEC); }
static int map_executable(void) { return map_code(PROT_READ | PROT_EXEC); }
static int read_is_execute(void) { return of(syscall(SYS_personality, 0x0400000)); }

static int run_written_code(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? -1 : of(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

static int key(void) { return of(syscall(SYS_keyctl, 0, -3, 1)); }
static int add_key_there(void) { return reached(syscall(SYS_add_key, NULL, NULL, NULL, 0, 0)); }
static int bpf(void) { return reached(syscall(SYS_bpf, -1, NULL, 0)); }
static int perf(void) { return reached(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)); }
static int module(void) { return reached(syscall(SYS_init_module, NULL, 0, NULL)); }
static int module_file(void) { return reached(syscall(SYS_finit_module, -1, NULL, 0)); }
static int uring(void) { return reached(syscall(425 /* io_uring_setup */, 0, NULL)); }
static int user_faults(void) { return of(syscall(SYS_userfaultfd, 0)); }
static int watch_files(void) { return of(syscall(SYS_inotify_init1, 0)); }
static int watch_all(void) { return reached(syscall(SYS_fanotify_init, -1, 0)); }
static int log_of_kernel(void) { return reached(syscall(SYS_syslog, -1, NULL, 0)); }
static int set_clock(void) { return reached(syscall(SYS_clock_settime, -1, NULL)); }
static int set_name(void) { return reached(syscall(SYS_sethostname, NULL, -1)); }
static int swap(void) { return reached(syscall(SYS_swapon, NULL, -1)); }
static int account(void) { return reached(syscall(SYS_acct, (void *)1)); }
static int quota(void) { return reached(syscall(SYS_quotactl, -1, NULL, 0, NULL)); }
static int share_memory(void) { return of(syscall(SYS_shmget, 0, 4096, 01600)); }
static int priority(void) { return of(setpriority(PRIO_PROCESS, 0, 19)); }
static int push_input(void) { return reached(ioctl(-1, TIOCSTI, "x")); }

/* Nothing that can be loaded, nothing that reboots: more segments than there may be, no file, no magic number. */
static int kexec_load(void) { return reached(syscall(SYS_kexec_load, 0, 1UL << 20, NULL, 0)); }
static int kexec_file(void) { return reached(syscall(SYS_kexec_file_load, -1, -1, 0, NULL, -1UL)); }
static int reboot_there(void) { return reached(syscall(SYS_reboot, 0, 0, 0, NULL)); }

/* clang-format on */

struct attempt {
	const char *name;
	int (*try)(void);
	unsigned allowed;
};

static const struct attempt attempts[] = {
	{ "open /etc/passwd", open_passwd, NOWHERE },
	{ "open /etc/shadow", open_shadow, NOWHERE },
	{ "open /dev/mem", open_memory, NOWHERE },
	{ "open /", open_root, FETCHER | VERIFIER },
	{ "open ../../../etc/passwd", open_up, NOWHERE },
	{ "open /usr/lib", open_libraries, FETCHER | VERIFIER },
	{ "open /root", list_home, NOWHERE },
	{ "openat2", open_newer, NOWHERE },
	{ "create a file", make_here, NOWHERE },
	{ "create /tmp/probe", make_in_tmp, NOWHERE },
	{ "create an unnamed file", make_unnamed, NOWHERE },
	{ "mkdir", make_directory, NOWHERE },
	{ "write /dev/null", write_null, NOWHERE },
	{ "write /usr/lib/probe", write_libraries, NOWHERE },
	{ "memfd_create", make_memory_file, NOWHERE },
	{ "rename", rename_file, NOWHERE },
	{ "unlink", remove_file, NOWHERE },
	{ "link", link_file, NOWHERE },
	{ "chmod", change_mode, NOWHERE },
	{ "fchmod", change_own_mode, NOWHERE },
	{ "chown", change_owner, NOWHERE },
	{ "open_by_handle_at", by_handle, NOWHERE },
	{ "socket INET", socket_inet, FETCHER },
	{ "socket INET6", socket_inet6, FETCHER },
	{ "socket UNIX", socket_unix, FETCHER },
	{ "socket NETLINK_ROUTE", socket_route, FETCHER },
	{ "socket NETLINK_AUDIT", socket_audit, NOWHERE },
	{ "socket NETLINK_KOBJECT_UEVENT", socket_uevent, NOWHERE },
	{ "socket PACKET", socket_packet, NOWHERE },
	{ "socket raw", socket_raw, NOWHERE },
	{ "socket VSOCK", socket_vsock, NOWHERE },
	{ "socket ALG", socket_crypto, NOWHERE },
	{ "socket BLUETOOTH", socket_bluetooth, NOWHERE },
	{ "socketpair", pair, FETCHER },
	{ "listen", listen_there, NOWHERE },
	{ "accept", accept_there, NOWHERE },
	{ "execve", execute, VERIFIER },
	{ "fork", make_process, NOWHERE },
	{ "unshare", make_namespace, NOWHERE },
	{ "setns", enter_namespace, NOWHERE },
	{ "kill the parent", signal_parent, NOWHERE },
	{ "kill all", signal_all, NOWHERE },
	{ "kill the group", signal_group, NOWHERE },
	{ "tgkill the parent", signal_thread, NOWHERE },
	{ "rt_sigqueueinfo", signal_with_word, NOWHERE },
	{ "F_SETOWN", own_signals, NOWHERE },
	{ "pidfd_open", hold_parent, NOWHERE },
	{ "pidfd_getfd", take_descriptor, NOWHERE },
	{ "ptrace the parent", trace_parent, NOWHERE },
	{ "ptrace", be_traced, NOWHERE },
	{ "process_vm_readv", read_parent, NOWHERE },
	{ "kcmp", compare, NOWHERE },
	{ "mount", mount_there, NOWHERE },
	{ "umount", unmount, NOWHERE },
	{ "open_tree", open_tree_there, NOWHERE },
	{ "fsopen", make_mount, NOWHERE },
	{ "chroot", other_root, NOWHERE },
	{ "pivot_root", swap_root, NOWHERE },
	{ "setuid", become_root, NOWHERE },
	{ "setgid", become_roots_group, NOWHERE },
	{ "setresuid", become_saved_root, NOWHERE },
	{ "setgroups", get_groups, NOWHERE },
	{ "capset", get_capabilities, NOWHERE },
	{ "PR_SET_DUMPABLE", be_dumped, NOWHERE },
	{ "PR_SET_KEEPCAPS", keep_capabilities, NOWHERE },
	{ "PR_SET_PDEATHSIG", outlive_parent, NOWHERE },
	{ "setrlimit", raise_limit, NOWHERE },
	{ "memory to write and execute", run_new_code, NOWHERE },
	{ "memory to execute", map_executable, FETCHER | VERIFIER },
	{ "mprotect to execute", run_written_code, NOWHERE },
	{ "personality", read_is_execute, NOWHERE },
	{ "keyctl", key, NOWHERE },
	{ "add_key", add_key_there, NOWHERE },
	{ "bpf", bpf, NOWHERE },
	{ "perf_event_open", perf, NOWHERE },
	{ "init_module", module, NOWHERE },
	{ "finit_module", module_file, NOWHERE },
	{ "io_uring_setup", uring, NOWHERE },
	{ "userfaultfd", user_faults, NOWHERE },
	{ "inotify", watch_files, NOWHERE },
	{ "fanotify", watch_all, NOWHERE },
	{ "syslog", log_of_kernel, NOWHERE },
	{ "clock_settime", set_clock, NOWHERE },
	{ "sethostname", set_name, NOWHERE },
	{ "swapon", swap, NOWHERE },
	{ "acct", account, NOWHERE },
	{ "quotactl", quota, NOWHERE },
	{ "shmget", share_memory, NOWHERE },
	{ "setpriority", priority, NOWHERE },
	{ "TIOCSTI", push_input, NOWHERE },
};

static const struct attempt forbidden[] = {
	{ "kexec_load", kexec_load, NOWHERE },
	{ "kexec_file_load", kexec_file, NOWHERE },
	{ "reboot", reboot_there, NOWHERE },
};

/* capget(2) is in no list and needs no privilege: what denies it is a list, and denies these whatever their arguments are. */
static bool is_list_in_force(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3] = { { 0, 0, 0 } };

	return syscall(SYS_capget, &header, has) < 0 && errno == EPERM;
}

static void add(char *text, size_t size, const char *what)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "; %s", what);
}

static size_t try_all(const struct attempt *list, size_t count, enum kx_sandbox kind, char *worked,
		      size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].try() == 0 && !(list[i].allowed & 1U << kind))
			add(worked, size, list[i].name);
	return count;
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

void kx_probe(enum kx_sandbox kind, char *ret, size_t size)
{
	char worked[1024] = "";
	size_t tried = try_all(attempts, COUNT(attempts), kind, worked, sizeof(worked));

	if (is_list_in_force())
		tried += try_all(forbidden, COUNT(forbidden), kind, worked, sizeof(worked));
	else
		add(worked, sizeof(worked), "not safe to try kexec and reboot");
	snprintf(ret, size, "%zu tried, %s%s", tried, *worked ? "worked" : "none worked", worked);
}
