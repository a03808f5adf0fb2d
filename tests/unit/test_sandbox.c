// SPDX-License-Identifier: GPL-2.0-or-later
/* What stays possible in a sandbox, and that nothing else is: tests/sandbox/probe.c tries. Processes of our own only. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../sandbox/probe.h"
#include "child.h"

/* An ordinary user that is not the sandbox's own. */
#define SOMEBODY 65533

static char words[4096];

/* What a child says comes out of a pipe; it ends with _exit(), since sanitizers would do more. */
static int in_child(void (*what)(int out), uid_t uid)
{
	int fds[2], status;
	pid_t pid;
	ssize_t got;
	size_t used = 0;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		if (uid &&
		    (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
			_exit(100);
		/* As execve(2) would: else /proc/self belongs to root. */
		prctl(PR_SET_DUMPABLE, 1);
		what(fds[1]);
		_exit(0);
	}
	close(fds[1]);
	while ((got = read(fds[0], words + used, sizeof(words) - 1 - used)) > 0)
		used += (size_t)got;
	words[used] = 0;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void say(int out, const char *text)
{
	if (write(out, text, strlen(text)) < 0)
		_exit(101);
}

static void enter(enum kx_sandbox kind, int out)
{
	struct kx_error err = { 0 };

	if (kx_sandbox_enter(kind, &err) < 0) {
		say(out, err.text);
		_exit(102);
	}
}

static void probe(enum kx_sandbox kind, int out)
{
	char result[1200];

	enter(kind, out);
	kx_probe(kind, result, sizeof(result));
	say(out, result);
}

static void probe_parser(int out)
{
	probe(KX_SANDBOX_PARSER, out);
}

static void probe_fetcher(int out)
{
	probe(KX_SANDBOX_FETCHER, out);
}

static void probe_verifier(int out)
{
	int keyring = open("/dev/null", O_RDONLY);

	dup2(keyring, KX_SANDBOX_KEYRING);
	probe(KX_SANDBOX_VERIFIER, out);
}

/* Namespaces are not to be had, as in most containers. */
static void deny_namespaces(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 0) ||
	    seccomp_load(filter))
		_exit(103);
	seccomp_release(filter);
}

static void probe_parser_without_namespaces(int out)
{
	deny_namespaces();
	probe_parser(out);
}

static const uid_t users[] = { 0, SOMEBODY };

static void nothing_else_works(void **state)
{
	void (*const all[])(int) = { probe_parser, probe_fetcher, probe_verifier };

	for (size_t i = 0; i < 3; i++)
		for (size_t k = geteuid() ? 1 : 0; k < 2; k++) {
			assert_int_equal(in_child(all[i], geteuid() ? 0 : users[k]), 0);
			assert_string_equal(strchr(words, ' '), " tried, none worked");
		}
}

static void root_gets_all_or_an_error(void **state)
{
	if (geteuid())
		skip();
	assert_int_equal(in_child(probe_parser_without_namespaces, 0), 102);
	assert_non_null(strstr(words, "cannot make the sandbox"));
	assert_non_null(strstr(words, "run it outside of containers, or as an ordinary user"));
}

/* Root, as in a container that allows user namespaces. */
static void without_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, has) < 0)
		_exit(104);
	has[0].effective &= ~(1U << CAP_SYS_ADMIN);
	has[0].permitted &= ~(1U << CAP_SYS_ADMIN);
	if (syscall(SYS_capset, &header, has) < 0)
		_exit(105);
}

static void probe_fetcher_without_admin(int out)
{
	without_admin();
	probe_fetcher(out);
}

/* As a process outside sees it: whoever it is inside, a user namespace makes of it what it was. */
static void who_it_is_outside(int out)
{
	without_admin();
	enter(KX_SANDBOX_FETCHER, out);
	say(out, "in");
	for (;;)
		pause();
}

static void root_is_nobody_in_a_user_namespace(void **state)
{
	char path[64], line[256] = "", byte;
	int fds[2];
	FILE *status;
	pid_t pid;

	if (geteuid())
		skip();
	assert_int_equal(in_child(probe_fetcher_without_admin, 0), 0);
	assert_string_equal(strchr(words, ' '), " tried, none worked");
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0)
		who_it_is_outside(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	status = fopen(path, "r");
	assert_non_null(status);
	while (fgets(line, sizeof(line), status) && strncmp(line, "Uid:", 4) != 0)
		;
	fclose(status);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_string_equal(line, "Uid:\t65534\t65534\t65534\t65534\n");
}

static void a_user_gets_the_list_alone(void **state)
{
	assert_int_equal(in_child(probe_parser_without_namespaces, geteuid() ? 0 : SOMEBODY), 0);
	assert_string_equal(strchr(words, ' '), " tried, none worked");
}

static void *double_it(void *number)
{
	*(int *)number *= 2;
	return NULL;
}

static void parse(int out)
{
	int number = 21, given = open("/etc/passwd", O_RDONLY), file = memfd_create("out", 0);
	pthread_t thread;
	struct timespec now;
	char byte, *large;

	enter(KX_SANDBOX_PARSER, out);
	if (pthread_create(&thread, NULL, double_it, &number) || pthread_join(thread, NULL))
		say(out, "no thread;");
	large = malloc(64 << 20);
	if (large)
		memset(large, 1, 64 << 20);
	if (!large || number != 42)
		say(out, "no memory;");
	free(large);
	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		say(out, "no time;");
	if (read(given, &byte, 1) != 1 || lseek(given, 0, SEEK_SET) != 0)
		say(out, "cannot read;");
	if (ftruncate(file, 8192) < 0 || pwrite(file, "x", 1, 0) != 1 ||
	    mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED)
		say(out, "cannot write;");
	if (getuid() != KX_SANDBOX_ID)
		say(out, "another user;");
	abort();
}

static void parser_can_do_its_work(void **state)
{
	for (size_t k = geteuid() ? 1 : 0; k < 2; k++) {
		assert_int_equal(in_child(parse, geteuid() ? 0 : users[k]), 128 + SIGABRT);
		assert_string_equal(words, "");
	}
}

static int server;
static struct sockaddr_in address = { .sin_family = AF_INET };

static void fetch(int out)
{
	struct addrinfo *found, hints = { .ai_socktype = SOCK_STREAM };
	bool certificates = access("/etc/ssl/certs", R_OK) == 0;
	bool resolver = access("/etc/resolv.conf", R_OK) == 0;
	int fd;

	enter(KX_SANDBOX_FETCHER, out);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		say(out, "cannot connect;");
	if (getaddrinfo("localhost", "http", &hints, &found))
		say(out, "cannot resolve;");
	if (certificates && open("/etc/ssl/certs", O_RDONLY | O_DIRECTORY) < 0)
		say(out, "no certificates;");
	if (resolver && open("/etc/resolv.conf", O_RDONLY) < 0)
		say(out, "no resolver;");
}

static void fetcher_can_do_its_work(void **state)
{
	socklen_t size = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(server, 5), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&address, &size), 0);
	for (size_t k = geteuid() ? 1 : 0; k < 2; k++) {
		assert_int_equal(in_child(fetch, geteuid() ? 0 : users[k]), 0);
		assert_string_equal(words, "");
	}
	close(server);
}

/* gpgv finds no key in an empty keyring; that it says so shows that it ran and read. */
static void verifier_can_do_its_work(void **state)
{
	const char *const argv[] = { "/usr/bin/gpgv", "--keyring", KX_SANDBOX_KEYRING_PATH,
				     "--version", NULL };
	struct kx_error err = { 0 };
	int keyring = kx_memory_file("keyring", &err), out = kx_memory_file("out", &err);
	const struct kx_child_plan plan = {
		.argv = argv,
		.fds = { -1, out, -1, keyring },
		.fd_count = 4,
		.max_file = 1 << 20,
		.sandbox = KX_SANDBOX_VERIFIER,
	};
	struct kx_child child = KX_CHILD_NONE;
	int r;

	assert_int_equal(kx_child_start(&plan, &child, &err), 0);
	r = kx_child_wait(&child, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(r, 0);
	assert_true(pread(out, words, 4, 0) == 4 && !memcmp(words, "gpgv", 4));
	close(keyring);
	close(out);
}

/* What must not happen cannot, whatever is wrong with the sandbox. */
static int give_up_reboots(void **state)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3];

	if (geteuid())
		return 0;
	prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT, 0, 0, 0);
	if (syscall(SYS_capget, &header, has) < 0)
		return -1;
	has[0].effective &= ~(1U << CAP_SYS_BOOT);
	has[0].permitted &= ~(1U << CAP_SYS_BOOT);
	has[0].inheritable &= ~(1U << CAP_SYS_BOOT);
	return (int)syscall(SYS_capset, &header, has);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_else_works),
		cmocka_unit_test(root_gets_all_or_an_error),
		cmocka_unit_test(root_is_nobody_in_a_user_namespace),
		cmocka_unit_test(a_user_gets_the_list_alone),
		cmocka_unit_test(parser_can_do_its_work),
		cmocka_unit_test(fetcher_can_do_its_work),
		cmocka_unit_test(verifier_can_do_its_work),
	};

	return cmocka_run_group_tests(tests, give_up_reboots, NULL);
}
