/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which boot loader starts this machine, and what its menu is. */
#ifndef KX_BOOT_DISCOVER_H
#define KX_BOOT_DISCOVER_H

#include "boot/bls.h"
#include "boot/volumes.h"

/**
 * struct kx_boot_system - what is known of a machine besides its file systems; NULL for what is not
 * @arch: as uname(2) has it: entries for others are not this machine's
 * @cmdline: of the running system, where this is it
 * @model: as its device tree says
 * @efi: it was started by UEFI
 * @vars: what its boot loader left in EFI variables
 */
struct kx_boot_system {
	const char *arch, *cmdline, *model;
	enum kx_fact efi;
	struct kx_loader_vars vars;
};

/**
 * kx_boot_discover() - the menu of the boot loader that counts
 * @volumes: @fs is about them, and may add to them: what a `search` mounts
 *
 * That is the one that EFI variables name, or else the first of these that has entries: systemd-boot where it is installed,
 * GRUB 2, what systemd-boot has left (neither of it on a BIOS), SYSLINUX's files, GRUB Legacy, entries of the Boot Loader Specification without a loader, a Raspberry Pi's
 * config.txt, and kernels in /boot. Files that entries name and that are not there become their problems.
 *
 * What could not be read is among the notes. No entries at all is no error.
 *
 * Errors: -ENOMEM; when there are no entries, what the first configuration that was there failed with.
 */
int kx_boot_discover(struct kx_volumes *volumes, const struct kx_boot_fs *fs,
		     const struct kx_boot_system *system, struct kx_boot_entries *ret,
		     struct kx_error *err);

/* Makes all paths those of kx_volumes_shown(): for people, and no more for opening files. Errors: -ENOMEM. */
int kx_boot_show(const struct kx_volumes *volumes, struct kx_boot_entries *entries);

/* Reads @vars from the variables of the Boot Loader Interface below @root. Errors: -ENOMEM. */
int kx_loader_vars_read(struct kx_root *root, struct kx_loader_vars *ret);

/**
 * kx_boot_list() - all of it: volumes, EFI variables, partitions that are not mounted, and the menu
 * @root: "/" for the running system, or another tree, a whole system or one boot partition
 * @ret_close: the volumes, for as long as the entries' files are needed; to be closed with kx_volumes_close()
 *
 * For "/" the calling thread may be moved to a mount namespace of its own: see kx_probe_mount().
 *
 * Errors: as kx_volumes_open() and kx_boot_discover().
 */
int kx_boot_list(const char *root, struct kx_boot_entries *ret, struct kx_volumes *ret_close,
		 struct kx_error *err);

#endif
