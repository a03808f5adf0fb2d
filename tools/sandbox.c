// SPDX-License-Identifier: GPL-2.0-or-later
/* Namespaces, the root directory, the user and limits; the list of system calls comes last. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "sandbox_calls.h"
#include "util.h"

/* Of nobody's threads, those of other programs included: enough for any, and an end to those who make them for ever. */
#define THREADS_MAX 1024

/* ---- what is seen of the file system --------------------------------------------------------- */

/* Shared libraries, which a program that runs already may still load: for the names of hosts, for OpenSSL. */
#define LIBRARIES                                                                             \
	"/lib", "/lib32", "/lib64", "/libx32", "/usr/lib", "/usr/lib32", "/usr/lib64",        \
		"/usr/local/lib", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", \
		"/etc/ld-musl-x86_64.path", "/nix/store", "/gnu/store"

static const char *const nothing[] = { NULL };

static const char *const fetching[] = {
	LIBRARIES,
	/* certificates, and where their symbolic links lead on the distributions that we know */
	"/etc/ssl",
	"/etc/pki",
	"/etc/ca-certificates",
	"/etc/crypto-policies",
	"/etc/static/ssl",
	"/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates",
	"/usr/share/pki",
	"/usr/share/ssl",
	"/usr/share/crypto-policies",
	"/var/lib/ca-certificates",
	/* the resolver; /etc/resolv.conf is what its link leads to */
	"/etc/resolv.conf",
	"/etc/hosts",
	"/etc/nsswitch.conf",
	"/usr/etc/nsswitch.conf",
	"/etc/host.conf",
	"/etc/gai.conf",
	"/etc/services",
	"/usr/etc/services",
	"/etc/protocols",
	"/run/systemd/resolve",
	"/run/nscd",
	"/var/run/nscd",
	NULL,
};

static const char *const verifying[] = {
	LIBRARIES,
	"/usr/bin/gpgv",
	"/bin/gpgv",
	"/usr/local/bin/gpgv",
	"/run/current-system/sw/bin/gpgv",
	NULL,
};

/* Where the new root is put together; what is below these is seen by no sandbox. */
static const char *const places[] = { "/proc", "/sys", "/dev", "/tmp", "/mnt", NULL };

static int failed(struct kx_error *err, const char *what)
{
	int code = errno;

	return kx_fail(err, code, "cannot make the sandbox: %s: %s", what, strerror(code));
}

static int make_parents(char *path)
{
	for (char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
		*at = 0;
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return 0;
}

static int make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0444);

	return fd < 0 ? -errno : fd;
}

/* What @path leads to has to lie there without its link: where that leads to may not be seen. */
static int make_target(const char *path, bool directory)
{
	int fd;

	if (directory)
		return mkdir(path, 0755) < 0 ? -errno : 0;
	fd = make_file(path);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

/* In a user namespace the flags that a mount has must stay. */
static int make_read_only(const char *path)
{
	struct statvfs fs;
	unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV;

	if (statvfs(path, &fs) < 0)
		return -errno;
	flags |= fs.f_flag & (ST_NOEXEC | ST_NOATIME | ST_NODIRATIME);
	if (fs.f_flag & ST_RELATIME)
		flags |= MS_RELATIME;
	return mount(NULL, path, NULL, flags, NULL) < 0 ? -errno : 0;
}

/* @path below the working directory; what is not there is not shown, and the same place twice is shown once. */
static int show(const char *path)
{
	char below[128];
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return 0;
	snprintf(below, sizeof(below), "%s", path + 1);
	r = make_parents(below);
	if (r == 0)
		r = make_target(below, S_ISDIR(st.st_mode));
	if (r == -EEXIST || r == -EROFS)
		return 0;
	if (r < 0)
		return r;
	if (mount(path, below, NULL, MS_BIND | MS_REC, NULL) < 0)
		return -errno;
	return make_read_only(below);
}

static int show_keyring(struct kx_error *err)
{
	char path[] = KX_SANDBOX_KEYRING_PATH, block[4096];
	_cleanup_(kx_closep) int to = -1;
	ssize_t got = -1;
	off_t at = 0;

	if (make_parents(path + 1) < 0 || (to = make_file(path + 1)) < 0)
		return failed(err, "a place for the keyring");
	while ((got = kx_retry(pread(KX_SANDBOX_KEYRING, block, sizeof(block), at))) > 0) {
		at += got;
		if (kx_retry(write(to, block, (size_t)got)) != got)
			return failed(err, "copying the keyring");
	}
	return got < 0 ? failed(err, "reading the keyring") : 0;
}

static int fill_root(enum kx_sandbox kind, struct kx_error *err)
{
	const char *const *view = kind == KX_SANDBOX_FETCHER    ? fetching
				  : kind == KX_SANDBOX_VERIFIER ? verifying
								: nothing;

	for (; *view; view++) {
		int r = show(*view);

		if (r < 0)
			return kx_fail(err, -r, "cannot make the sandbox: showing %s in it: %s",
				       *view, strerror(-r));
	}
	return kind == KX_SANDBOX_VERIFIER ? show_keyring(err) : 0;
}

/* ---- the root directory ---------------------------------------------------------------------- */

/* In a chroot "/" may be no mount; then the place itself is one that nobody else is told of. */
static bool is_private(const char *place)
{
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ||
	       mount(NULL, place, NULL, MS_PRIVATE, NULL) == 0;
}

static int mount_empty(const char *place)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (mount("none", place, "tmpfs", flags, "mode=0755,size=64m") == 0)
		return 0;
	/* Kernels for small machines. */
	return errno == ENODEV ? mount("none", place, "ramfs", flags, NULL) : -1;
}

static int make_place(struct kx_error *err)
{
	struct stat st;

	for (size_t i = 0; places[i]; i++) {
		if (stat(places[i], &st) < 0 || !is_private(places[i]))
			continue;
		if (mount_empty(places[i]) < 0 || chdir(places[i]) < 0)
			return failed(err, "mounting an empty root directory");
		return 0;
	}
	errno = EINVAL;
	return failed(err, "finding a place for its root directory");
}

/* An initramfs and a chroot have a root that cannot be taken away; nothing can be opened by a way out of ours either. */
static int change_root(struct kx_error *err)
{
	if (syscall(SYS_pivot_root, ".", ".") == 0) {
		if (umount2(".", MNT_DETACH) < 0)
			return failed(err, "taking the old root directory away");
	} else if (chroot(".") < 0) {
		return failed(err, "changing the root directory");
	}
	if (chdir("/") < 0 ||
	    mount(NULL, "/", NULL,
		  MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return failed(err, "making the root directory read-only");
	return 0;
}

static int enter_root(enum kx_sandbox kind, struct kx_error *err)
{
	int r = make_place(err);

	if (r == 0)
		r = fill_root(kind, err);
	if (r == 0)
		r = change_root(err);
	return r;
}

/* ---- namespaces ------------------------------------------------------------------------------ */

/* A kernel may be built without the others, which only keep away what the list of system calls denies. */
static int unshare_with(int flags, enum kx_sandbox kind)
{
	int more = CLONE_NEWIPC | (kind == KX_SANDBOX_FETCHER ? 0 : CLONE_NEWNET);

	if (unshare(CLONE_NEWNS | flags | more) == 0)
		return 0;
	return errno == EINVAL ? unshare(CLONE_NEWNS | flags) : -1;
}

static int write_to(const char *path, const char *text)
{
	_cleanup_(kx_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t size = (ssize_t)strlen(text);

	return fd >= 0 && write(fd, text, (size_t)size) == size ? 0 : -1;
}

/* Who we are stays what it is outside. */
static int map_ids(uid_t uid, gid_t gid)
{
	char users[64], groups[64];

	snprintf(users, sizeof(users), "%d %u 1", KX_SANDBOX_ID, (unsigned)uid);
	snprintf(groups, sizeof(groups), "%d %u 1", KX_SANDBOX_ID, (unsigned)gid);
	/* Not there before Linux 3.19. */
	write_to("/proc/self/setgroups", "deny");
	if (write_to("/proc/self/uid_map", users) < 0)
		return -1;
	return write_to("/proc/self/gid_map", groups);
}

static int become_nobody(struct kx_error *err)
{
	const struct rlimit threads = { THREADS_MAX, THREADS_MAX };

	if (setrlimit(RLIMIT_NPROC, &threads) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(KX_SANDBOX_ID, KX_SANDBOX_ID, KX_SANDBOX_ID) < 0 ||
	    setresuid(KX_SANDBOX_ID, KX_SANDBOX_ID, KX_SANDBOX_ID) < 0)
		return failed(err, "becoming an ordinary user");
	return 0;
}

static int enter_user_namespace(enum kx_sandbox kind)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	return unshare_with(CLONE_NEWUSER, kind) < 0 ? -1 : map_ids(uid, gid);
}

/* Return: 1 in a user namespace, 0 with the privileges that we came with. */
static int enter_namespaces(enum kx_sandbox kind, struct kx_error *err)
{
	if (unshare_with(0, kind) == 0)
		return 0;
	/* Root without that privilege would stay the owner of root's files in a user namespace, too. */
	if (geteuid() == 0 && (become_nobody(err) < 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0))
		return -EPERM;
	if (enter_user_namespace(kind) == 0)
		return 1;
	return kx_fail(err, EPERM,
		       "cannot make the sandbox for what is not trusted: this system gives us no "
		       "namespaces: %m; run it outside of containers, or as an ordinary user");
}

/* ---- who we are ------------------------------------------------------------------------------ */

/* In a user namespace nobody took them from us yet. */
static int drop_capabilities(struct kx_error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0, 0, 0 } };

	/* Ambient ones go with the permitted ones; of the bounding set nothing comes with no_new_privs. */
	if (syscall(SYS_capset, &header, none) < 0)
		return failed(err, "giving up capabilities");
	return 0;
}

static int give_up(pid_t parent, int death_signal, struct kx_error *err)
{
	const struct rlimit core = { 0, 0 };

	if (drop_capabilities(err) < 0)
		return -EPERM;
	if (setrlimit(RLIMIT_CORE, &core) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return failed(err, "giving up privileges");
	/* A change of user takes it away. */
	if (death_signal && prctl(PR_SET_PDEATHSIG, death_signal) < 0)
		return failed(err, "going with the parent");
	if (getppid() != parent)
		return kx_fail(err, ESRCH, "the parent is gone");
	return 0;
}

int kx_sandbox_enter(enum kx_sandbox kind, struct kx_error *err)
{
	const bool root = geteuid() == 0;
	const pid_t parent = getppid();
	int death_signal = 0, user_namespace, r;

	if (prctl(PR_GET_PDEATHSIG, &death_signal) < 0)
		return failed(err, "asking whether it goes with the parent");
	user_namespace = enter_namespaces(kind, err);
	r = user_namespace < 0 ? user_namespace : enter_root(kind, err);
	if (r == 0 && !user_namespace)
		r = become_nobody(err);
	/* An ordinary user has little to lose, and without namespaces the rest is still worth having. */
	if (r < 0 && (root || user_namespace == 0))
		return r;
	r = give_up(parent, death_signal, err);
	return r < 0 ? r : kx_sandbox_filter(kind, err);
}
