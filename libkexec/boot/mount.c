// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/overflow.h"
#include "boot/probe.h"
#include "util.h"

/*
 * Read-only alone is not enough: most file systems replay their journal all the same, which writes to a disk that somebody
 * else, such as a suspended system, may count on. Documentation/filesystems of the kernel has the options' names.
 */
static const struct {
	const char *type, *options;
} types[] = {
	{ "vfat", "" },           { "ext2", "" },          { "ext3", "noload" },
	{ "ext4", "noload" },     { "xfs", "norecovery" }, { "btrfs", "norecovery" },
	{ "f2fs", "norecovery" }, { "iso9660", "" },       { "squashfs", "" },
	{ "erofs", "" },
};

const char *kx_probe_mount_options(const char *type)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(types); i++)
		if (!strcmp(types[i].type, type))
			return types[i].options;
	return NULL;
}

static char *make_folder(void)
{
	/* Not every system has /run, nor one that can be written to. */
	static const char *const places[] = { "/run/kexec-XXXXXX", "/tmp/kexec-XXXXXX" };

	for (size_t i = 0; i < KX_ARRAY_SIZE(places); i++) {
		char *folder = strdup(places[i]);

		if (!folder || mkdtemp(folder))
			return folder;
		free(folder);
	}
	return NULL;
}

/* Without a way back a copy of each mount would stay ours, and keep the file system from being unmounted cleanly. */
static int open_home(struct kx_home *home)
{
	home->namespace = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	home->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	home->cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return home->namespace < 0 || home->root < 0 || home->cwd < 0 ? -errno : 0;
}

/* setns(2) leads to the namespace's own root, which is not where we were if that was changed. */
static void go_home(struct kx_home *home)
{
	if (home->namespace >= 0 && setns(home->namespace, CLONE_NEWNS) == 0 &&
	    fchdir(home->root) == 0 && chroot(".") == 0)
		(void)!fchdir(home->cwd);
	kx_closep(&home->namespace);
	kx_closep(&home->root);
	kx_closep(&home->cwd);
	*home = (struct kx_home){ -1, -1, -1 };
}

/*
 * To a mount namespace of which nothing is seen by others. What they unmount is unmounted here, too: a private copy would keep it
 * busy for as long as we are here, be it that somebody reads a menu.
 */
static int leave_home(struct kx_home *home)
{
	int r = open_home(home);

	if (r < 0)
		return r;
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -errno;
	return 0;
}

/* A folder that mounts go into, seen by us alone. */
static int make_scratch(struct kx_volumes *volumes)
{
	struct kx_error err = { 0 };
	int r;

	/* One that failed before is not tried again, since it would not have the way back. */
	if (volumes->home.namespace >= 0)
		return -EPERM;
	r = leave_home(&volumes->home);
	if (r < 0)
		return r;
	/* The descriptor of the root still is the old namespace's, and would not see what is mounted here. */
	kx_root_close(&volumes->root);
	r = kx_root_open("/", &volumes->root, &err);
	if (r < 0)
		return r;
	volumes->scratch = make_folder();
	if (!volumes->scratch)
		return errno ? -errno : -ENOMEM;
	if (mount("kexec", volumes->scratch, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "mode=700,size=64k") < 0)
		return -errno;
	return 0;
}

int kx_probe_mount(struct kx_volumes *volumes, struct kx_volume *volume, const char *type)
{
	const char *options = kx_probe_mount_options(type);
	_cleanup_free_ char *top = NULL;
	int r = 0;

	if (!options)
		return -EOPNOTSUPP;
	if (!volumes->scratch)
		r = make_scratch(volumes);
	if (r < 0)
		return r;
	if (asprintf(&top, "%s/%zu", volumes->scratch, volumes->count) < 0)
		return -ENOMEM;
	if (mkdir(top, 0700) < 0 ||
	    mount(volume->device, top, type, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  options) < 0)
		return -errno;
	free(volume->top);
	volume->top = kx_steal(top);
	free(volume->type);
	volume->type = strdup(type);
	if (!volume->type)
		return -ENOMEM;
	r = kx_volumes_add(volumes, volume);
	return r;
}

/* All that is below goes with the tmpfs. */
void kx_probe_unmount(struct kx_volumes *volumes)
{
	if (volumes->scratch) {
		umount2(volumes->scratch, MNT_DETACH);
		rmdir(volumes->scratch);
	}
	free(kx_steal(volumes->scratch));
	go_home(&volumes->home);
}

int kx_mount_to_write(const char *device, const char *type, int (*call)(void *arg, const char *top),
		      void *arg)
{
	struct kx_home home = { -1, -1, -1 };
	_cleanup_free_ char *folder = NULL;
	int r = leave_home(&home);

	if (r == 0) {
		folder = make_folder();
		r = folder ? 0 : -errno;
	}
	if (r == 0 && mount(device, folder, type, MS_NOSUID | MS_NODEV | MS_NOEXEC, "") < 0)
		r = -errno;
	if (r == 0) {
		r = call(arg, folder);
		umount(folder);
	}
	if (folder)
		rmdir(folder);
	go_home(&home);
	return r;
}
