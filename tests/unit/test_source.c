// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "source.h"

static char dir[] = "/tmp/kx-source-XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/file", dir);
	return 0;
}

static int remove_dir(void **state)
{
	unlink(path);
	return rmdir(dir);
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static struct kx_source *opened(const char *name)
{
	struct kx_source *source = NULL;
	struct kx_error err = { 0 };

	if (kx_source_open(name, 0, &source, &err))
		fail_msg("%s", err.text);
	return source;
}

static void refused(const char *name, uint64_t max, int code, const char *text)
{
	struct kx_source *source = (void *)dir;
	struct kx_error err = { 0 };

	assert_int_equal(kx_source_open(name, max, &source, &err), code);
	assert_ptr_equal(source, dir);
	if (!strstr(err.text, text))
		fail_msg("\"%s\" does not say \"%s\"", err.text, text);
}

static void expect_text(const struct kx_source *source, const char *text)
{
	assert_int_equal(kx_source_size(source), strlen(text));
	assert_memory_equal(kx_source_data(source), text, strlen(text));
	assert_ptr_equal(kx_source_view(source).data, kx_source_data(source));
	assert_int_equal(kx_source_view(source).size, kx_source_size(source));
}

static void regular_file(void **state)
{
	struct kx_source *source;
	struct kx_error err = { 0 };

	write_file("kernel");
	source = opened(path);
	expect_text(source, "kernel");
	assert_string_equal(kx_source_name(source), path);
	assert_true(kx_source_fd(source) >= 0);
	assert_true(fcntl(kx_source_fd(source), F_GETFD) & FD_CLOEXEC);
	assert_int_equal(kx_source_unchanged(source, &err), 0);
	kx_source_free(source);
}

static void nothing_to_free(void **state)
{
	kx_source_free(NULL);
}

static void not_there(void **state)
{
	unlink(path);
	refused(path, 0, -ENOENT, path);
}

static void a_directory(void **state)
{
	refused(dir, 0, -EISDIR, "is a directory");
}

/* Not even opened: a watchdog would start. */
static void a_device(void **state)
{
	refused("/dev/null", 0, -EINVAL, "is a device");
}

static void an_empty_file(void **state)
{
	write_file("");
	refused(path, 0, -ENODATA, "is empty");
}

static void not_readable(void **state)
{
	/* Root may read everything. */
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	refused("/proc/1/mem", 0, -EACCES, "Permission denied");
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
}

static void over_the_cap(void **state)
{
	struct kx_source *source = NULL;
	struct kx_error err;

	write_file("0123456789");
	refused(path, 9, -EFBIG, "more than 9 bytes");
	assert_int_equal(kx_source_open(path, 10, &source, &err), 0);
	kx_source_free(source);
}

/* Files that say 0 bytes and have more. */
static void a_file_in_proc(void **state)
{
	struct kx_source *source = opened("/proc/self/status");
	struct kx_error err;

	assert_memory_equal(kx_source_data(source), "Name:\t", 6);
	assert_int_equal(kx_source_fd(source), -1);
	assert_int_equal(kx_source_unchanged(source, &err), 0);
	kx_source_free(source);
}

/* Files that have a size but cannot be mapped. */
static void a_file_in_sysfs(void **state)
{
	struct kx_source *source = opened("/sys/kernel/notes");

	assert_true(kx_source_size(source) > 0);
	assert_int_equal(kx_source_fd(source), -1);
	kx_source_free(source);
}

static void from_memory(void **state)
{
	static const char text[] = "bytes";
	char name[] = "a name";
	struct kx_source *source = NULL;
	struct kx_error err = { 0 };

	assert_int_equal(kx_source_from_memory(name, text, 5, &source, &err), 0);
	name[0] = 'X';
	assert_string_equal(kx_source_name(source), "a name");
	assert_ptr_equal(kx_source_data(source), text);
	assert_int_equal(kx_source_fd(source), -1);
	assert_int_equal(kx_source_unchanged(source, &err), 0);
	kx_source_free(source);
}

/* ---- changes --------------------------------------------------------------------------------- */

/* Timestamps move with the clock tick, so a change right after opening could hide behind an equal one. */
static void set_old_time(void)
{
	struct timespec old[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };

	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
}

static void changed(void (*change)(void))
{
	struct kx_source *source;
	struct kx_error err = { 0 };

	write_file("before");
	set_old_time();
	source = opened(path);
	change();
	assert_int_equal(kx_source_unchanged(source, &err), -ESTALE);
	assert_non_null(strstr(err.text, path));
	kx_source_free(source);
}

static void rewrite(void)
{
	int fd = open(path, O_WRONLY);

	assert_int_equal(pwrite(fd, "bEFORE", 6, 0), 6);
	close(fd);
}

static void append(void)
{
	FILE *f = fopen(path, "a");

	fputs("!", f);
	fclose(f);
	set_old_time();
}

static void rewritten(void **state)
{
	changed(rewrite);
}

static void appended_and_back_dated(void **state)
{
	changed(append);
}

static void rewrite_and_back_date(void)
{
	rewrite();
	set_old_time();
}

/* Size and modification time are the same; the inode's change time cannot be set. */
static void rewritten_and_back_dated(void **state)
{
	changed(rewrite_and_back_date);
}

/* Another file under the same name is none of our business: we hold the first. */
static void replaced(void **state)
{
	struct kx_source *source;
	struct kx_error err = { 0 };
	char other[70];

	write_file("before");
	source = opened(path);
	assert_int_equal(kx_source_unchanged(source, &err), 0);
	snprintf(other, sizeof(other), "%s.new", path);
	assert_int_equal(rename(path, other), 0);
	write_file("another");
	expect_text(source, "before");
	assert_int_equal(unlink(other), 0);
	kx_source_free(source);
}

/* ---- pipes ----------------------------------------------------------------------------------- */

/* Runs @read with @size bytes of "ab" on standard input. */
static void with_input(size_t size, void (*read_it)(size_t size))
{
	int ends[2], saved = dup(STDIN_FILENO);
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		FILE *f = fdopen(ends[1], "w");

		close(ends[0]);
		for (size_t i = 0; i < size; i++)
			fputc("ab"[i % 2], f);
		fclose(f);
		_exit(0);
	}
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	read_it(size);
	dup2(saved, STDIN_FILENO);
	close(saved);
	waitpid(child, NULL, 0);
}

static void read_all(size_t size)
{
	struct kx_source *source = opened("-");
	const char *data = kx_source_data(source);
	struct kx_error err;

	assert_int_equal(kx_source_size(source), size);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(data[i], "ab"[i % 2]);
	assert_string_equal(kx_source_name(source), "standard input");
	assert_int_equal(kx_source_fd(source), -1);
	assert_int_equal(kx_source_unchanged(source, &err), 0);
	kx_source_free(source);
}

static void read_capped(size_t size)
{
	refused("-", size - 1, -EFBIG, "cannot read standard input: more than");
}

static void read_to_the_cap(size_t size)
{
	struct kx_source *source = NULL;
	struct kx_error err;

	assert_int_equal(kx_source_open("-", size, &source, &err), 0);
	assert_int_equal(kx_source_size(source), size);
	kx_source_free(source);
}

static void read_empty(size_t size)
{
	refused("-", 0, -ENODATA, "standard input: it is empty");
}

static void a_pipe(void **state)
{
	with_input(1, read_all);
	with_input(65536, read_all);
	with_input(300001, read_all);
}

static void a_pipe_over_the_cap(void **state)
{
	with_input(100, read_capped);
	with_input(100, read_to_the_cap);
	with_input(65537, read_capped);
	with_input(65536, read_to_the_cap);
}

static void an_empty_pipe(void **state)
{
	with_input(0, read_empty);
}

/* Standard input may be a file that somebody else has read the beginning of. */
static void a_file_as_input(void **state)
{
	int saved = dup(STDIN_FILENO), fd;
	struct kx_source *source;

	write_file("before");
	fd = open(path, O_RDONLY);
	assert_int_equal(lseek(fd, 2, SEEK_SET), 2);
	dup2(fd, STDIN_FILENO);
	close(fd);
	source = opened("-");
	dup2(saved, STDIN_FILENO);
	close(saved);
	expect_text(source, "fore");
	kx_source_free(source);
}

static void closed_input(void **state)
{
	int saved = dup(STDIN_FILENO);

	close(STDIN_FILENO);
	refused("-", 0, -EBADF, "cannot read standard input");
	dup2(saved, STDIN_FILENO);
	close(saved);
}

/* Process substitution, `--initrd=<(command)`. */
static void a_named_pipe(void **state)
{
	struct kx_source *source;
	pid_t child;

	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	child = fork();
	if (!child) {
		write_file("through a pipe");
		_exit(0);
	}
	source = opened(path);
	expect_text(source, "through a pipe");
	kx_source_free(source);
	waitpid(child, NULL, 0);
}

static void from_a_descriptor(void **state)
{
	struct kx_source *source = NULL;
	struct kx_error err = { 0 };
	int fd;

	unlink(path);
	write_file("descriptor");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(kx_source_from_fd("given", fd, &source, &err), 0);
	assert_string_equal(kx_source_name(source), "given");
	assert_memory_equal(kx_source_data(source), "descriptor", 10);
	assert_int_equal(kx_source_fd(source), fd);
	kx_source_free(source);
	assert_int_equal(fcntl(fd, F_GETFD), -1);

	source = NULL;
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(kx_source_from_fd("null", fd, &source, &err), -EINVAL);
	assert_null(source);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* Through a mapping that was written to before, which changes no time of the file. */
static void sealed(void **state)
{
	struct kx_error err = { 0 };
	struct kx_source *source;
	char *map;
	int fd;

	write_file("what was checked");
	fd = open(path, O_RDWR);
	map = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(map != MAP_FAILED);
	((volatile char *)map)[0] = 'w';
	source = opened(path);
	assert_false(kx_source_sealed(source));
	assert_int_equal(kx_source_seal(source, &err), 0);
	assert_true(kx_source_sealed(source));
	memcpy(map, "WHAT", 4);
	assert_int_equal(kx_source_unchanged(source, &err), 0);
	assert_int_equal(kx_source_size(source), 16);
	assert_memory_equal(kx_source_data(source), "what was checked", 16);
	assert_string_equal(kx_source_name(source), path);
	assert_false(kx_source_foreign(source));
	assert_int_equal(pwrite(kx_source_fd(source), "W", 1, 0), -1);
	munmap(map, 16);
	close(fd);
	kx_source_free(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regular_file),
		cmocka_unit_test(nothing_to_free),
		cmocka_unit_test(not_there),
		cmocka_unit_test(a_directory),
		cmocka_unit_test(a_device),
		cmocka_unit_test(an_empty_file),
		cmocka_unit_test(not_readable),
		cmocka_unit_test(over_the_cap),
		cmocka_unit_test(a_file_in_proc),
		cmocka_unit_test(a_file_in_sysfs),
		cmocka_unit_test(from_memory),
		cmocka_unit_test(rewritten),
		cmocka_unit_test(appended_and_back_dated),
		cmocka_unit_test(rewritten_and_back_dated),
		cmocka_unit_test(replaced),
		cmocka_unit_test(a_pipe),
		cmocka_unit_test(a_pipe_over_the_cap),
		cmocka_unit_test(an_empty_pipe),
		cmocka_unit_test(a_file_as_input),
		cmocka_unit_test(closed_input),
		cmocka_unit_test(a_named_pipe),
		cmocka_unit_test(from_a_descriptor),
		cmocka_unit_test(sealed),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
