// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
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

/* A folder that mounts go into, seen by us alone. */
static int make_scratch(struct kx_volumes *volumes)
{
	struct kx_error err = { 0 };
	int r;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
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
	r = kx_volumes_add(volumes, volume);
	return r;
}

/* All that is below goes with the tmpfs. */
void kx_probe_unmount(struct kx_volumes *volumes)
{
	if (!volumes->scratch)
		return;
	umount2(volumes->scratch, MNT_DETACH);
	rmdir(volumes->scratch);
	free(kx_steal(volumes->scratch));
}
