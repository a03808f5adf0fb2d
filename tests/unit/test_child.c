// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"

#define PLENTY (1 << 20)

static struct kx_error err;

/* A shell that runs @script; @in and @out are its descriptors 0 and 3. */
static int start(const char *script, int in, int out, uint64_t max_file, struct kx_child *ret)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	const char *const envp[] = { "GIVEN=yes", NULL };
	const struct kx_child_plan plan = {
		.argv = argv,
		.envp = envp,
		.fds = { in, -1, -1, out },
		.fd_count = 4,
		.max_file = max_file,
	};

	return kx_child_start(&plan, ret, &err);
}

static int run(const char *script, int in, int out, uint64_t max_file)
{
	struct kx_child child = KX_CHILD_NONE;

	err = (struct kx_error){ 0 };
	assert_int_equal(start(script, in, out, max_file, &child), 0);
	return kx_child_wait(&child, &err);
}

static void gets_its_descriptors_and_no_other(void **state)
{
	int in = kx_memory_file("in", &err), out = kx_memory_file("out", &err);
	int open_for_all = open("/dev/null", O_RDONLY), far = fcntl(open_for_all, F_DUPFD, 200);
	char text[256] = "";

	assert_true(in >= 0 && out >= 0 && open_for_all >= 0 && far >= 0);
	assert_int_equal(pwrite(in, "word\n", 5, 0), 5);
	assert_int_equal(
		run("read w; echo $w $GIVEN $HOME >&3; ls /proc/self/fd | tr '\\n' ' ' >&3", in,
		    out, PLENTY),
		0);
	assert_true(pread(out, text, sizeof(text) - 1, 0) > 0);
	/* The last one is ls's own, of the directory. */
	assert_string_equal(text, "word yes\n0 1 2 3 4 ");
	close(in);
	close(out);
	close(open_for_all);
	close(far);
}

static void says_what_the_child_said(void **state)
{
	assert_int_equal(run("echo cannot do it >&2; exit 3", -1, -1, PLENTY), 3);
	assert_string_equal(err.text, "cannot do it");
	assert_int_equal(run("printf 'a\\033[2Jb\\nc\\177' >&2; exit 1", -1, -1, PLENTY), 1);
	assert_string_equal(err.text, "a [2Jb c ");
	/* C1: U+009B begins sequences as ESC [ does; U+00A0 is a letter as any. */
	assert_int_equal(run("printf 'a\\302\\2332Jb\\302\\240c' >&2; exit 1", -1, -1, PLENTY), 1);
	assert_string_equal(err.text, "a  2Jb\302\240c");
	assert_int_equal(run("exit 4", -1, -1, PLENTY), 4);
	assert_string_equal(err.text, "/bin/sh ended with status 4 and said nothing");
	assert_int_equal(run("kill -TERM $$", -1, -1, PLENTY), 128 + SIGTERM);
	assert_int_equal(run("echo unheard >&2", -1, -1, PLENTY), 0);
	assert_string_equal(err.text, "");
}

static void is_the_first_to_go_and_says_no_more_than_is_kept(void **state)
{
	const char script[] = "cat /proc/self/oom_score_adj >&3; head -c 100000 /dev/zero >&2";
	int out = kx_memory_file("out", &err);
	struct kx_child child = KX_CHILD_NONE;
	char text[8] = "";
	siginfo_t end;

	assert_int_equal(start(script, -1, out, PLENTY, &child), 0);
	assert_int_equal(waitid(P_PID, (id_t)child.pid, &end, WEXITED | WNOWAIT), 0);
	assert_int_equal(lseek(child.words, 0, SEEK_END), KX_CHILD_WORDS_MAX);
	assert_int_not_equal(kx_child_wait(&child, &err), 0);
	assert_int_equal(pread(out, text, sizeof(text), 0), 5);
	assert_string_equal(text, "1000\n");
	close(out);
}

static void is_ready_or_late(void **state)
{
	time_t begun = kx_child_until(0);
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_false(kx_child_ready(fds[0], POLLIN, kx_child_until(1)));
	assert_true(kx_child_until(0) > begun);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_true(kx_child_ready(fds[0], POLLIN, kx_child_until(1)));
	assert_true(kx_child_ready(fds[0], POLLIN, 0));
	assert_false(kx_child_ready(fds[0], POLLIN, begun));
	close(fds[0]);
	close(fds[1]);
}

static void makes_no_file_larger_than_it_may(void **state)
{
	int out = kx_memory_file("out", &err);

	assert_int_not_equal(run("head -c 5000 /dev/zero >&3", -1, out, 4096), 0);
	assert_int_equal(lseek(out, 0, SEEK_END), 4096);
	close(out);
}

static void does_not_start_what_is_not_there(void **state)
{
	const char *const argv[] = { "/nonexistent/program", NULL };
	const struct kx_child_plan plan = { .argv = argv, .fds = { -1, -1, -1 }, .fd_count = 3 };
	struct kx_child child = KX_CHILD_NONE;

	assert_int_equal(kx_child_start(&plan, &child, &err), -ENOENT);
	assert_string_equal(err.text,
			    "cannot start /nonexistent/program: No such file or directory");
	assert_int_equal(child.pid, 0);
}

static void ends_when_it_is_told(void **state)
{
	struct kx_child child = KX_CHILD_NONE;
	pid_t pid;

	assert_int_equal(start("read never", -1, -1, PLENTY, &child), 0);
	pid = child.pid;
	kx_child_end(&child);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	kx_child_end(&child); /* nothing */
}

static int seen;

static int work(void *data, struct kx_error *error)
{
	int how = *(int *)data;

	seen = 1;
	if (how == 1)
		return kx_fail(error, ENOSPC, "no room\n  at all\nhere");
	if (how == 2)
		for (;;)
			pause();
	return write(3, "done", 4) == 4 && fcntl(4, F_GETFD) < 0 ? 0 : -EIO;
}

static int in_a_copy(int how, int out)
{
	const char *const argv[] = { "the copy", NULL };
	const struct kx_child_plan plan = { .argv = argv,
					    .fds = { -1, -1, -1, out },
					    .fd_count = 4,
					    .max_file = PLENTY,
					    .work = work,
					    .data = &how,
					    .seconds = 1 };
	struct kx_child child = KX_CHILD_NONE;

	err = (struct kx_error){ 0 };
	assert_int_equal(kx_child_start(&plan, &child, &err), 0);
	return kx_child_wait(&child, &err);
}

static void works_in_a_copy(void **state)
{
	int out = kx_memory_file("out", &err);
	char text[8] = "";

	assert_int_equal(in_a_copy(0, out), 0);
	assert_int_equal(pread(out, text, sizeof(text), 0), 4);
	assert_string_equal(text, "done");
	assert_int_equal(seen, 0);
	assert_int_equal(in_a_copy(1, out), ENOSPC);
	assert_string_equal(err.text, "no room\n  at all here");
	assert_int_equal(in_a_copy(2, out), -ETIMEDOUT);
	assert_string_equal(err.text, "the copy took more than 1 seconds, and was ended");
	close(out);
}

static void sealed_is_sealed(void **state)
{
	int fd = kx_memory_file("sealed", &err);
	void *map;

	assert_int_equal(pwrite(fd, "abc", 3, 0), 3);
	map = mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(map != MAP_FAILED);
	assert_int_equal(kx_memory_file_seal(fd, &err), -EBUSY);
	munmap(map, 3);
	assert_int_equal(kx_memory_file_seal(fd, &err), 0);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gets_its_descriptors_and_no_other),
		cmocka_unit_test(says_what_the_child_said),
		cmocka_unit_test(is_the_first_to_go_and_says_no_more_than_is_kept),
		cmocka_unit_test(is_ready_or_late),
		cmocka_unit_test(makes_no_file_larger_than_it_may),
		cmocka_unit_test(does_not_start_what_is_not_there),
		cmocka_unit_test(ends_when_it_is_told),
		cmocka_unit_test(works_in_a_copy),
		cmocka_unit_test(sealed_is_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
