// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command over a system that only writes down what it is asked, one line an operation:
 *   KX_FAKE_LOG      the file for these lines
 *   KX_FAKE_ROOT     where /proc and /sys are read; its "loaded" files follow what is loaded
 *   KX_FAKE_FAIL     operations that fail, as "kexec_load=1,reboot_kexec=22" with errno values
 *   KX_FAKE_GPGV     which gpgv(1) is started
 *   KX_FAKE_INITRD   where kexec_file_load's initrd is written to
 *   KX_FAKE_NETWORK  set: the root file system is on the network
 *   KX_FAKE_FOREIGN  set: files are as if they came from a network or out of an archive
 */
#include "tool.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys.h"

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...)
{
	const char *path = getenv("KX_FAKE_LOG");
	FILE *log = path ? fopen(path, "a") : NULL;
	va_list args;

	if (!log)
		return;
	va_start(args, format);
	vfprintf(log, format, args);
	va_end(args);
	fputc('\n', log);
	fclose(log);
}

/* -errno for @operation from KX_FAKE_FAIL, or 0. */
static int answer(const char *operation)
{
	const char *fail = getenv("KX_FAKE_FAIL");
	size_t len = strlen(operation);

	for (; fail && *fail; fail += strcspn(fail, ","), fail += *fail == ',')
		if (!strncmp(fail, operation, len) && fail[len] == '=')
			return -atoi(fail + len + 1);
	return 0;
}

static void set_loaded(bool crash, bool loaded)
{
	static const char *const files[] = { "sys/kernel/kexec_loaded", "sys/kernel/kexec/loaded",
					     "sys/kernel/kexec_crash_loaded",
					     "sys/kernel/kexec/crash_loaded" };

	for (size_t i = 0; i < 2; i++) {
		char path[4096];
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", getenv("KX_FAKE_ROOT"),
			 files[i + (crash ? 2 : 0)]);
		file = fopen(path, "r+");
		if (!file)
			continue;
		fprintf(file, "%d\n", loaded);
		fclose(file);
	}
}

static int fake_kexec_load(void *data, uint64_t entry, size_t count,
			   const struct kx_sys_segment *segments, unsigned long flags)
{
	int r = answer("kexec_load");

	note("kexec_load entry=%s count=%s flags=%#lx", entry ? "set" : "0", count ? "some" : "0",
	     flags);
	if (r == 0)
		set_loaded(flags & 1, count > 0);
	return r;
}

static const char *size_of(int fd, char *text, size_t size)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return "none";
	snprintf(text, size, "%lld", (long long)st.st_size);
	return text;
}

/* For a test that looks into it. */
static void keep_initrd(int fd)
{
	const char *path = getenv("KX_FAKE_INITRD");
	FILE *file = path && fd >= 0 ? fopen(path, "w") : NULL;
	char bytes[4096];
	off_t at = 0;
	ssize_t n;

	while (file && (n = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		fwrite(bytes, 1, (size_t)n, file);
		at += n;
	}
	if (file)
		fclose(file);
}

static int fake_kexec_file_load(void *data, int kernel_fd, int initrd_fd, const char *cmdline,
				unsigned long flags)
{
	char kernel[24], initrd[24];
	int r = answer("kexec_file_load");

	keep_initrd(initrd_fd);
	note("kexec_file_load kernel=%s initrd=%s cmdline=%s flags=%#lx",
	     size_of(kernel_fd, kernel, sizeof(kernel)), size_of(initrd_fd, initrd, sizeof(initrd)),
	     cmdline ? cmdline : "none", flags);
	if (r == 0)
		set_loaded(flags & 2, !(flags & 1));
	return r;
}

static int done(const char *operation)
{
	note("%s", operation);
	return answer(operation);
}

/* What succeeds by never coming back. */
static int leave(const char *operation)
{
	int r = done(operation);

	if (r == 0)
		_exit(0);
	return r;
}

static int fake_reboot_kexec(void *data)
{
	return leave("reboot_kexec");
}

static int fake_may_reboot(void *data)
{
	return 0;
}

/* As if PID 1 did all the rest. */
static int fake_run(void *data, const char *const *argv)
{
	char line[256] = "run";

	for (; *argv; argv++) {
		strncat(line, " ", sizeof(line) - strlen(line) - 1);
		strncat(line, *argv, sizeof(line) - strlen(line) - 1);
	}
	note("%s", line);
	return answer("run");
}

static int fake_lock_memory(void *data)
{
	return done("lock_memory");
}

static int fake_sync(void *data)
{
	return done("sync");
}

static int fake_interfaces_down(void *data)
{
	return done("interfaces_down");
}

static int fake_random(void *data, void *buf, size_t size)
{
	memset(buf, 0x5a, size);
	return done("random");
}

static int fake_root_on_network(void *data)
{
	return getenv("KX_FAKE_NETWORK") != NULL;
}

static int fake_set_crash_size(void *data, uint64_t size)
{
	int r = answer("set_crash_size");
	char path[4096];
	FILE *file;

	note("set_crash_size %llu", (unsigned long long)size);
	snprintf(path, sizeof(path), "%s/sys/kernel/kexec_crash_size", getenv("KX_FAKE_ROOT"));
	file = r == 0 ? fopen(path, "w") : NULL;
	if (file) {
		fprintf(file, "%llu\n", (unsigned long long)size);
		fclose(file);
	}
	return r;
}

/* The linker puts this in the place of the library's (--wrap). */
int really_open(const char *path, uint64_t max, struct kx_source **ret,
		struct kx_error *err) __asm__("__real_kx_source_open");
int open_as_asked(const char *path, uint64_t max, struct kx_source **ret,
		  struct kx_error *err) __asm__("__wrap_kx_source_open");

int open_as_asked(const char *path, uint64_t max, struct kx_source **ret, struct kx_error *err)
{
	int fd = getenv("KX_FAKE_FOREIGN") ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	return fd < 0 ? really_open(path, max, ret, err) : kx_source_from_fd(path, fd, ret, err);
}

int main(int argc, char **argv)
{
	static const struct kx_sys fake = {
		.kexec_load = fake_kexec_load,
		.kexec_file_load = fake_kexec_file_load,
		.may_reboot = fake_may_reboot,
		.reboot_kexec = fake_reboot_kexec,
		.lock_memory = fake_lock_memory,
		.sync = fake_sync,
		.interfaces_down = fake_interfaces_down,
		.random = fake_random,
		.root_on_network = fake_root_on_network,
		.run = fake_run,
		.set_crash_size = fake_set_crash_size,
	};
	const char *root = getenv("KX_FAKE_ROOT"), *libexec = getenv("KX_FAKE_LIBEXEC"),
		   *gpgv = getenv("KX_FAKE_GPGV");
	const struct kx_tool tool = {
		.sys = &fake,
		.root = root ? root : "/nonexistent",
		.libexec = libexec ? libexec : "/nonexistent",
		.netboot = { "/etc/kexec/netboot", "/usr/share/kexec/netboot" },
		.gpgv = gpgv ? gpgv : "/nonexistent",
	};

	return kx_tool_main(argc, argv, &tool);
}
