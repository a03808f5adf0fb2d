// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The harmless half of the real system operations. Loading and starting are never called outside of a virtual machine;
 * network interfaces are taken down in a network namespace made for it.
 */
#include "libkexec.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOT_POSSIBLE 77 /* Meson: skipped */

static void random_bytes_differ(void **state)
{
	uint8_t a[300] = { 0 }, b[300] = { 0 };

	assert_int_equal(kx_sys_linux()->random(NULL, a, sizeof(a)), 0);
	assert_int_equal(kx_sys_linux()->random(NULL, b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void sync_and_root_need_nothing(void **state)
{
	int network = kx_sys_linux()->root_on_network(NULL);

	assert_int_equal(kx_sys_linux()->sync(NULL), 0);
	assert_true(network == 0 || network == 1);
}

/* In a child, since it stays. */
static void memory_is_locked_or_the_limit_named(void **state)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		int r = kx_sys_linux()->lock_memory(NULL);

		_exit(r == 0 || r == -ENOMEM || r == -EPERM ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void programs_run_to_their_end(void **state)
{
	static const char *const yes[] = { "true", NULL }, *const no[] = { "false", NULL };
	static const char *const words[] = {
		"sh", "-c", "exit $#", "name", "one", "two words", NULL
	};
	static const char *const killed[] = { "sh", "-c", "kill -9 $$", NULL };
	static const char *const gone[] = { "kx-no-such-program", NULL };

	assert_int_equal(kx_sys_linux()->run(NULL, yes), 0);
	assert_int_equal(kx_sys_linux()->run(NULL, no), 1);
	assert_int_equal(kx_sys_linux()->run(NULL, words), 2);
	assert_int_equal(kx_sys_linux()->run(NULL, killed), 128 + 9);
	assert_int_equal(kx_sys_linux()->run(NULL, gone), -ENOENT);
}

/* PATH is the caller's. */
static void programs_are_the_systems(void **state)
{
	static const char *const argv[] = { "true", NULL };

	assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
	assert_int_equal(kx_sys_linux()->run(NULL, argv), 0);
}

/* ---- network interfaces ---------------------------------------------------------------------- */

static short flags_of(int fd, const char *name)
{
	struct ifreq request = { 0 };

	strcpy(request.ifr_name, name);
	return ioctl(fd, SIOCGIFFLAGS, &request) < 0 ? 0 : request.ifr_flags;
}

static int bring_up(int fd, const char *name)
{
	struct ifreq request = { 0 };

	strcpy(request.ifr_name, name);
	request.ifr_flags = IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request);
}

/* An interface without an address; it lives as long as the descriptor. */
static int make_interface(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	strcpy(request.ifr_name, name);
	return fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0 ? -1 : fd;
}

/* The exit status of the child: 0, or which step failed. */
static int in_namespace(void)
{
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		return NOT_POSSIBLE;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || make_interface("kx0") < 0 || make_interface("kx1") < 0)
		return NOT_POSSIBLE;
	if (bring_up(fd, "lo") < 0 || bring_up(fd, "kx0") < 0 || !(flags_of(fd, "kx0") & IFF_UP))
		return 1;
	if (kx_sys_linux()->interfaces_down(NULL) != 0)
		return 2;
	if (flags_of(fd, "kx0") & IFF_UP)
		return 3;
	return flags_of(fd, "lo") & IFF_UP ? 0 : 4;
}

static bool possible = true;

static void interfaces_go_down_but_not_the_loopback(void **state)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		exit(in_namespace());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	possible = WEXITSTATUS(status) != NOT_POSSIBLE;
	if (possible)
		assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_bytes_differ),
		cmocka_unit_test(sync_and_root_need_nothing),
		cmocka_unit_test(memory_is_locked_or_the_limit_named),
		cmocka_unit_test(programs_run_to_their_end),
		cmocka_unit_test(programs_are_the_systems),
		cmocka_unit_test(interfaces_go_down_but_not_the_loopback),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (!failed && !possible) {
		puts("skipped: taking interfaces down needs a network namespace and /dev/net/tun");
		return NOT_POSSIBLE;
	}
	return failed;
}
