/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file systems that boot loaders read, as they are mounted in a tree: what struct kx_boot_fs looks at. */
#ifndef KX_BOOT_VOLUMES_H
#define KX_BOOT_VOLUMES_H

#include "boot/boot.h"
#include "machine/root.h"

#define KX_VOLUMES_MAX 256U

/* UAPI.2, "Discoverable Partitions Specification"; UAPI.1, "The Partitions", for those of MBR disks. */
#define KX_PARTTYPE_ESP "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define KX_PARTTYPE_XBOOTLDR "bc13c2ff-59e6-4262-a352-b275fd6f7172"
#define KX_PARTTYPE_ESP_MBR "0xef"
#define KX_PARTTYPE_XBOOTLDR_MBR "0xea"

/**
 * struct kx_volume - a file system; NULL for what is not known
 * @name: for struct kx_boot_fs; none has that of a boot loader's device
 * @top: where it is in the tree, "" for the tree's own root
 * @subroot: what of it is there, "/@" for a subvolume of that name; "" for all
 * @device: "/dev/sda2"
 * @numbers: of @device, major and minor: "8:2"
 * @type: of the file system
 * @disk: what @device is a partition of, as sysfs names it: "sda"
 * @number: of the partition, 0 when it is none
 * @boots: this system boots from it, as far as where it is mounted, or its partition's type, can tell; what else is mounted
 *	   may be another system's
 */
struct kx_volume {
	char *name, *top, *subroot, *device, *numbers, *type;
	char *disk, *uuid, *label, *part_uuid, *part_type;
	unsigned number;
	bool boots;
};

void kx_volume_clear(struct kx_volume *volume);

/**
 * struct kx_home - where a thread was before it went to a mount namespace of its own; -1 for what it has not left
 */
struct kx_home {
	int namespace, root, cwd;
};

/**
 * struct kx_volumes - a tree and its file systems
 * @live: it is the running system's: what is on a file system that is not here is nowhere. In another tree it may be
 *	  anywhere, since nobody knows what was mounted where
 * @v: deepest first
 * @scratch: a folder of ours with file systems mounted below it; NULL for none
 * @home: where we are when that is closed
 * @notes: what could not be looked at
 */
struct kx_volumes {
	struct kx_root root;
	bool live;
	struct kx_volume *v;
	size_t count;
	char *scratch;
	struct kx_home home;
	struct kx_names notes;
};

#define KX_VOLUMES_NONE                                                                 \
	{                                                                               \
		.root = KX_ROOT_NONE, .home = {.namespace = -1, .root = -1, .cwd = -1 } \
	}

/**
 * kx_volumes_open() - the file systems of a tree
 * @path: "/" for the running system: what /proc/self/mountinfo says. Else any folder: a whole system, whose etc/fstab is
 *	  believed, or one boot partition
 *
 * Errors: what open(2) says of @path; -ENOMEM.
 */
int kx_volumes_open(const char *path, struct kx_volumes *ret, struct kx_error *err);

/* Takes the mounts of kx_probe_mount() away, too, and goes back to the mount namespace from before them. */
void kx_volumes_close(struct kx_volumes *volumes);

/* Takes over what @volume holds, and gives it a name. Errors: -E2BIG; -ENOMEM. */
int kx_volumes_add(struct kx_volumes *volumes, struct kx_volume *volume);

/* The deepest one that has @path, with where that is on its device; NULL when that is not known. */
const struct kx_volume *kx_volumes_holding(const struct kx_volumes *volumes, const char *path,
					   const char **ret_path);

/* What is at the tree's own root; NULL when nobody knows. */
const struct kx_volume *kx_volumes_root(const struct kx_volumes *volumes);

/**
 * kx_volumes_shown() - a path as it can be told to somebody
 *
 * What is mounted where only we see it, and only for now, is named by its device, as GRUB writes it: "(/dev/sda1)/vmlinuz".
 *
 * Errors: -ENOMEM.
 */
int kx_volumes_shown(const struct kx_volumes *volumes, const char *path, char **ret);

/* The operations; their ctx is @volumes, which must stay where it is. */
struct kx_boot_fs kx_volumes_fs(struct kx_volumes *volumes);

/**
 * kx_mountinfo_parse() - the file systems on block devices in a /proc/self/mountinfo (proc(5))
 *
 * Of those mounted over one another, the last; of one that is mounted in several places, the one that shows most of it.
 *
 * Errors: -EBADMSG; -ENOMEM.
 */
int kx_mountinfo_parse(struct kx_view text, struct kx_volumes *volumes);

/* The same from fstab(5), of which only what may be there to boot from is taken. */
int kx_fstab_parse(struct kx_view text, struct kx_volumes *volumes);

#endif
