// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The benchmark's program in the guest: the second system's /init, and what the first system runs the
 * command under. What it finds goes to the second serial port as lines of words, by port I/O alone,
 * since the second system has no device nodes.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define UART 0x2f8 /* COM2; registers as in the datasheet of the 16550 */
#define UART_LSR (UART + 5)
#define LSR_THR_EMPTY 0x20
#define STATUS_MAX 4096
#define LINE_MAX_ 512

/* Marks for bench/phases.c, which sees the operand when the instruction is translated. */
#define MARK(number) __asm__ volatile("nopl %c0(%%rax)" : : "i"(0x6b780000 + (number)))
#define MARK_EXEC 1

uint64_t bench_started;

/* The linker's entry point, marked by 2: the clock is read before the C library does anything. */
__asm__(".globl bench_entry\n"
	"bench_entry:\n"
	"	nopl 0x6b780002(%rax)\n"
	"	mov %rdx, %rcx\n"
	"	rdtsc\n"
	"	shl $32, %rdx\n"
	"	or %rdx, %rax\n"
	"	mov %rax, bench_started(%rip)\n"
	"	mov %rcx, %rdx\n"
	"	jmp _start\n");

extern char **environ;

static uint64_t now(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[8192];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	for (const char *c = line; *c; c++) {
		while (!(inb(UART_LSR) & LSR_THR_EMPTY))
			;
		outb((unsigned char)*c, UART);
	}
}

static _Noreturn void die(const char *what)
{
	say("failed %s: %s\n", what, strerror(errno));
	_exit(127);
}

/* The number behind a key in a file such as /proc/meminfo, in kB. */
static long field(const char *path, const char *key)
{
	char line[LINE_MAX_];
	long value = -1;
	FILE *file = fopen(path, "re");

	if (!file)
		return -1;
	while (value < 0 && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, key, strlen(key)))
			value = strtol(line + strlen(key), NULL, 10);
	}
	fclose(file);
	return value;
}

/* Free memory in kB; /proc/meminfo does not count what waits in the processors' own lists. */
static long free_memory(void)
{
	long pages = 0, count;
	char line[LINE_MAX_];
	FILE *file = fopen("/proc/zoneinfo", "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, " count: %ld", &count) == 1)
			pages += count;
	}
	if (file)
		fclose(file);
	return field("/proc/meminfo", "MemFree:") + pages * 4;
}

static int status_of(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			die("waitpid");
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Nothing in the guest is left to chance, so that its random numbers come from the run's number alone. */
static void seed(uint32_t number)
{
	struct {
		struct rand_pool_info info;
		uint32_t words[16];
	} entropy = { .info = { .entropy_count = 8 * sizeof(entropy.words),
				.buf_size = sizeof(entropy.words) } };
	int fd = open("/dev/random", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(entropy.words) / sizeof(entropy.words[0]); i++)
		entropy.words[i] = number;
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &entropy) || ioctl(fd, RNDRESEEDCRNG))
		die("/dev/random");
	close(fd);
}

/* How long the command takes, and how much memory is gone when it has ended. */
static int load(char **argv)
{
	long before = free_memory();
	uint64_t start = now();
	pid_t child;
	int error = posix_spawn(&child, argv[0], NULL, NULL, argv, environ), status;
	uint64_t end;

	if (error) {
		errno = error;
		die(argv[0]);
	}
	status = status_of(child);
	end = now();
	say("load %d %llu %ld\n", status, (unsigned long long)(end - start),
	    before - free_memory());
	return status;
}

/*
 * The peak of RssAnon. Anonymous memory grows by page faults and shrinks only in system calls, so that
 * its value at the entry of each system call, the last one included, holds every maximum.
 */
static int peak(char **argv)
{
	char path[64];
	long most = 0;
	int status;
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(argv[0], argv);
		_exit(127);
	}
	waitpid(child, &status, 0);
	ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE);
	ptrace(PTRACE_SYSCALL, child, NULL, NULL);
	for (;;) {
		pid_t stopped = waitpid(-1, &status, __WALL);
		long value;
		int pass = 0;

		if (stopped < 0)
			die("waitpid");
		if (!WIFSTOPPED(status)) {
			if (stopped == child)
				break;
			continue;
		}
		snprintf(path, sizeof(path), "/proc/%d/status", stopped);
		value = field(path, "RssAnon:");
		most = value > most ? value : most;
		if (WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP)
			pass = WSTOPSIG(status);
		ptrace(PTRACE_SYSCALL, stopped, NULL, pass);
	}
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	say("peak %d %ld\n", status, most);
	return status;
}

static int jump(char **argv)
{
	MARK(MARK_EXEC);
	say("exec %llu\n", (unsigned long long)now());
	execv(argv[0], argv);
	die(argv[0]);
}

/* One line of /proc/kallsyms for each name asked for on the command line. */
static void symbols(const char *wanted)
{
	char line[LINE_MAX_], name[LINE_MAX_], quoted[LINE_MAX_];
	unsigned long long address;
	FILE *file = fopen("/proc/kallsyms", "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %*c %500s", &address, name) != 2 || strchr(line, '['))
			continue;
		snprintf(quoted, sizeof(quoted), ",%.500s,", name);
		if (strstr(wanted, quoted))
			say("symbol %s %llx\n", name, address);
	}
	if (file)
		fclose(file);
}

static void read_line(const char *path, char *ret, size_t size)
{
	FILE *file = fopen(path, "re");

	if (!file || !fgets(ret, (int)size, file))
		snprintf(ret, size, "?");
	ret[strcspn(ret, "\n")] = 0;
	if (file)
		fclose(file);
}

/* /init: the clock first; what the rest says shows that it is the right system. */
static _Noreturn void init(void)
{
	char cmdline[STATUS_MAX], wanted[STATUS_MAX] = ",_text,";
	const char *asked;
	struct utsname system;

	say("\ninit %llu\n", (unsigned long long)bench_started);
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	uname(&system);
	read_line("/proc/cmdline", cmdline, sizeof(cmdline));
	say("release %s\ncmdline %s\nmemfree %ld\n", system.release, cmdline,
	    field("/proc/meminfo", "MemFree:"));
	asked = strstr(cmdline, "bench.symbols=");
	if (asked)
		snprintf(wanted, sizeof(wanted), ",%s,", asked + strlen("bench.symbols="));
	symbols(wanted);
	say("done\n");
	if (strstr(cmdline, "bench.reset")) {
		say("exec %llu\n", (unsigned long long)now());
		reboot(RB_AUTOBOOT);
	}
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (ioperm(UART, 8, 1))
		return 126;
	if (getpid() == 1)
		init();
	if (argc > 2 && !strcmp(argv[1], "seed"))
		seed((uint32_t)strtoul(argv[2], NULL, 10));
	if (argc > 2 && !strcmp(argv[1], "load"))
		return load(argv + 2);
	if (argc > 2 && !strcmp(argv[1], "peak"))
		return peak(argv + 2);
	if (argc > 2 && !strcmp(argv[1], "exec"))
		return jump(argv + 2);
	if (argc > 2 && !strcmp(argv[1], "say"))
		say("%s\n", argv[2]);
	return 0;
}
