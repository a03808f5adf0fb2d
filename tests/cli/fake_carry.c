// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What --ssh-keys does in its processes. The linker puts these in the place of the functions (--wrap):
 *   KX_FAKE_WATCH  set: what mlockall(2) said is noted in KX_FAKE_LOG; and the process that has become a user says what it is, in the
 *                  place of reading authorized_keys
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "machine/root.h"

int really_lock(int flags) __asm__("__real_mlockall");
int lock_and_note(int flags) __asm__("__wrap_mlockall");
int really_become(uid_t real, uid_t effective, uid_t saved) __asm__("__real_setresuid");
int become_dumpable(uid_t real, uid_t effective, uid_t saved) __asm__("__wrap_setresuid");
int really_read(struct kx_root *root, const char *path, size_t max,
		struct kx_blob *ret) __asm__("__real_kx_root_read");
int read_or_tell(struct kx_root *root, const char *path, size_t max,
		 struct kx_blob *ret) __asm__("__wrap_kx_root_read");

/* By the system call: sanitizers have a function of their own that does nothing. */
int lock_and_note(int flags)
{
	const char *path = getenv("KX_FAKE_WATCH") ? getenv("KX_FAKE_LOG") : NULL;
	int r = (int)syscall(SYS_mlockall, flags), error = errno;
	FILE *log = path ? fopen(path, "a") : NULL;

	if (log) {
		fprintf(log, "mlockall %d\n", r < 0 ? error : 0);
		fclose(log);
	}
	errno = error;
	return r;
}

/* As where fs.suid_dumpable is 1. */
int become_dumpable(uid_t real, uid_t effective, uid_t saved)
{
	int r = really_become(real, effective, saved);

	return r == 0 ? prctl(PR_SET_DUMPABLE, 1) : r;
}

static bool has_host_keys(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[8192];
	bool found = !maps;

	while (maps && fgets(line, sizeof(line), maps))
		found = found || strstr(line, "/etc/ssh/");
	if (maps)
		fclose(maps);
	return found;
}

int read_or_tell(struct kx_root *root, const char *path, size_t max, struct kx_blob *ret)
{
	int death_signal = 0;

	if (geteuid() == 0 || !getenv("KX_FAKE_WATCH") || !strstr(path, "authorized_keys"))
		return really_read(root, path, max, ret);
	prctl(PR_GET_PDEATHSIG, &death_signal);
	fprintf(stderr, "dumpable: %d, dies by %d, host keys: %d", prctl(PR_GET_DUMPABLE),
		death_signal, has_host_keys());
	fflush(stderr);
	_exit(EACCES);
}
