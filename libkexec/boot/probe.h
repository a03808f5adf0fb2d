/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the running system's disks hold, by libblkid, and a look at file systems that are not mounted. */
#ifndef KX_BOOT_PROBE_H
#define KX_BOOT_PROBE_H

#include "boot/volumes.h"

/**
 * kx_probe_volumes() - UUID, label and partition of each volume
 *
 * Of disks that may not be read, what /dev/disk has links for. What cannot be had stays NULL. Errors: -ENOMEM.
 */
int kx_probe_volumes(struct kx_volumes *volumes);

/**
 * kx_probe_boot_partitions() - add ESP and XBOOTLDR of the disk that the root is on, unless they are mounted already
 * @part_uuid: of the ESP, when the boot loader told it (LoaderDevicePartUUID); or NULL
 *
 * Those of another disk count when it is the only one that has any. What is there and may not be mounted is a note.
 * Errors: -ENOMEM.
 */
int kx_probe_boot_partitions(struct kx_volumes *volumes, const char *part_uuid);

/* Adds, at the end, the file system with this UUID or label. Errors: -ENODEV none, or it cannot be mounted; -ENOMEM. */
int kx_probe_search(struct kx_volumes *volumes, enum kx_boot_search by, const char *value);

/**
 * kx_probe_mount() - mount a file system, read-only and without replaying its journal, where nobody else sees it
 * @volume: with its @device; taken over, and put at the end of @volumes
 * @type: of the file system
 *
 * The first one moves the calling thread to a mount namespace of its own, until kx_volumes_close(), which ends the mounts.
 *
 * Errors: -EOPNOTSUPP for a type that is not known to be left untouched so; -EPERM and what mount(2) says; -ENOMEM.
 */
int kx_probe_mount(struct kx_volumes *volumes, struct kx_volume *volume, const char *type);
void kx_probe_unmount(struct kx_volumes *volumes);

/**
 * kx_mount_to_write() - mount a file system for as long as @call takes, where nobody else sees it
 * @call: with the folder where it is; what it returns is returned
 *
 * Errors: -EPERM and what mount(2) says; -ENOMEM.
 */
int kx_mount_to_write(const char *device, const char *type, int (*call)(void *arg, const char *top),
		      void *arg);

/* Options for mount(2) that keep it from writing; NULL when there are none to be trusted. */
const char *kx_probe_mount_options(const char *type);

#endif
