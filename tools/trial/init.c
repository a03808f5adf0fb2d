// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first and only process of a trial boot (tools/cmd_crash_test.c): it says how much memory is left, takes as much as
 * the programs that write a dump will, and says that it is done. Nothing of a C library: it must run under any kernel,
 * whatever else is in the initrd.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/trial/words.h"

/* arch/x86/entry/syscalls/syscall_64.tbl */
enum {
	SYS_READ = 0,
	SYS_WRITE = 1,
	SYS_OPEN = 2,
	SYS_MMAP = 9,
	SYS_PAUSE = 34,
	SYS_GETPID = 39,
	SYS_EXIT = 60,
	SYS_MKDIR = 83,
	SYS_MKNOD = 133,
	SYS_MOUNT = 165,
};

/* include/uapi/asm-generic/fcntl.h, mman-common.h, linux/stat.h; Documentation/admin-guide/devices.txt: 5, 1 is the console */
enum { O_RDWR = 2, PROT_RW = 3, MAP_PRIVATE_ANONYMOUS = 0x22 };
enum { CHARACTER_DEVICE = 020600, CONSOLE = 5 << 8 | 1 };

#define PAGE 4096
#define FOLDER "/kexec-trial.d"

static long call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = 0;

	__asm__ volatile("syscall"
			 : "+a"(number)
			 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return number;
}

static long at(const char *text)
{
	return (long)text;
}

static size_t length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

static void say(long console, const char *text)
{
	call(SYS_WRITE, console, at(text), (long)length(text), 0, 0);
}

/* Return: bytes read, 0 when it cannot be. */
static long get(const char *path, char *ret, long size)
{
	long file = call(SYS_OPEN, at(path), 0, 0, 0, 0);
	long n = file < 0 ? 0 : call(SYS_READ, file, (long)ret, size, 0, 0);

	return n < 0 ? 0 : n;
}

static void say_memory(long console)
{
	char text[256]; /* MemTotal, MemFree and MemAvailable come first */
	long size = get(FOLDER "/meminfo", text, sizeof(text));

	while (size > 0 && text[size - 1] != '\n')
		size--;
	call(SYS_WRITE, console, (long)text, size, 0, 0);
}

/* The number behind the last "kexec_trial=" of the kernel's command line, in KiB. */
static long asked(void)
{
	static const char name[] = KX_TRIAL_WORD "=";
	char text[4096 + 1]; /* more than COMMAND_LINE_SIZE of x86, 2048 */
	long size = get(FOLDER "/cmdline", text, sizeof(text) - 1), value = 0;

	text[size] = '\0';
	for (long start = 0; start < size; start++) {
		long i = 0;

		while (name[i] && text[start + i] == name[i])
			i++;
		if (name[i])
			continue;
		for (value = 0; text[start + i] >= '0' && text[start + i] <= '9'; i++)
			value = value * 10 + (text[start + i] - '0');
	}
	return value;
}

/* By writing to each page: where memory ends, the kernel ends this process, and panics for it. */
static bool take(long size)
{
	long memory = call(SYS_MMAP, 0, size, PROT_RW, MAP_PRIVATE_ANONYMOUS, -1);

	for (long i = 0; memory > 0 && i < size; i += PAGE)
		*(volatile char *)(memory + i) = 1;
	return !size || memory > 0;
}

__attribute__((noreturn, used)) void kx_trial_run(void)
{
	long console;

	if (call(SYS_GETPID, 0, 0, 0, 0, 0) != 1)
		call(SYS_EXIT, 1, 0, 0, 0, 0);
	call(SYS_MKDIR, at(FOLDER), 0700, 0, 0, 0);
	call(SYS_MKNOD, at(FOLDER "/console"), CHARACTER_DEVICE, CONSOLE, 0, 0);
	console = call(SYS_OPEN, at(FOLDER "/console"), O_RDWR, 0, 0, 0);
	call(SYS_MOUNT, at("proc"), at(FOLDER), at("proc"), 0, 0);
	say(console, "\n" KX_TRIAL_UP "\n");
	say_memory(console);
	say(console, take(asked() << 10) ? KX_TRIAL_DONE "\n" : KX_TRIAL_FULL "\n");
	for (;;)
		call(SYS_PAUSE, 0, 0, 0, 0, 0);
}

__asm__(".globl _start\n"
	"_start:\n"
	"	and	$-16, %rsp\n"
	"	call	kx_trial_run\n");
