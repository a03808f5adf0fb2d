// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For a guest of tests/vm alone, which says so on its command line: from each sandbox it tries for real what the probe does not,
 * to unload the kernel and to reboot. The answers are errno values, 0 for what worked.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

#define GUEST "lab.sandbox=real"
#define FILE_UNLOAD 1

static int is_guest(void)
{
	char cmdline[4096] = "";
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, cmdline, sizeof(cmdline) - 1) < 0)
		return 0;
	close(fd);
	return strstr(cmdline, GUEST) != NULL;
}

static int answer(long r)
{
	return r < 0 ? errno : 0;
}

static void try(const char *name, int restart)
{
	printf("%s", name);
	printf(" load=%d", answer(syscall(SYS_kexec_load, 0, 0, NULL, 0)));
	printf(" file=%d", answer(syscall(SYS_kexec_file_load, -1, -1, 0, NULL, FILE_UNLOAD)));
	if (restart) {
		printf(" reboot=%d",
		       answer(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
				      LINUX_REBOOT_CMD_RESTART, NULL)));
		printf(" kexec=%d",
		       answer(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
				      LINUX_REBOOT_CMD_KEXEC, NULL)));
	}
	printf("\n");
	fflush(stdout);
}

static void try_in(enum kx_sandbox kind, const char *name)
{
	struct kx_error err = { 0 };
	pid_t pid = fork();

	if (pid == 0) {
		if (kind == KX_SANDBOX_VERIFIER)
			dup2(open("/dev/null", O_RDONLY), KX_SANDBOX_KEYRING);
		if (kx_sandbox_enter(kind, &err) < 0)
			printf("%s: %s\n", name, err.text);
		else
			try(name, 1);
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	if (!is_guest()) {
		fprintf(stderr, "this is no guest of the tests: %s is not on its command line\n",
			GUEST);
		return 1;
	}
	if (argc > 1 && !strcmp(argv[1], "outside")) {
		try("outside", 0);
		return 0;
	}
	try_in(KX_SANDBOX_PARSER, "parser");
	try_in(KX_SANDBOX_FETCHER, "fetcher");
	try_in(KX_SANDBOX_VERIFIER, "verifier");
	return 0;
}
