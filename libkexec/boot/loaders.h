/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The smaller boot loaders' configuration, each as its own loader reads it. Pure, as all readers: see boot.h.
 *
 * Of each: an entry that cannot be booted is in the list, with its problem. The default is marked.
 * Errors: -E2BIG too many entries, or files including one another; -EBADMSG malformed; -ENOMEM; those of @fs for @path.
 */
#ifndef KX_BOOT_LOADERS_H
#define KX_BOOT_LOADERS_H

#include "boot/boot.h"

/* Includes are read no deeper, and no more of them, than this. */
#define KX_EXTLINUX_DEPTH_MAX 16
#define KX_EXTLINUX_FILES_MAX 256
#define KX_EXTLINUX_READ_MAX (4U << 20)
#define KX_CONFIG_TXT_FILES_MAX 16

/**
 * kx_extlinux_read() - SYSLINUX, EXTLINUX and U-Boot's own reader of the same files
 * @path: the configuration file, absolute on @device; paths in it that are not are beside it
 */
int kx_extlinux_read(const struct kx_boot_fs *fs, const char *device, const char *path,
		     struct kx_boot_entries *ret, struct kx_error *err);

/**
 * kx_pxelinux_read() - the same of a configuration on a server
 * @folder: where paths that are not absolute are
 * @path: of the configuration on the server
 *
 * File names that are an address, or "server::file", are handed to @fs as they are.
 */
int kx_pxelinux_read(const struct kx_boot_fs *fs, const char *folder, const char *path,
		     struct kx_boot_entries *ret, struct kx_error *err);

/**
 * kx_menulst_read() - GRUB Legacy's menu.lst or grub.conf
 *
 * "(hd0,0)" is handed to @fs as GRUB 2 has it, "hd0,1".
 */
int kx_menulst_read(const struct kx_boot_fs *fs, const char *device, const char *path,
		    struct kx_boot_entries *ret, struct kx_error *err);

/**
 * kx_config_txt_read() - the Raspberry Pi firmware's config.txt: one entry
 * @path: config.txt; its files are beside it
 * @model: the machine's, as its device tree says; NULL when it is not known
 *
 * The firmware's own device tree, with all that config.txt changes in it, is the running system's; so the entry has none.
 */
int kx_config_txt_read(const struct kx_boot_fs *fs, const char *device, const char *path,
		       const char *model, struct kx_boot_entries *ret, struct kx_error *err);

/**
 * kx_kernels_read() - kernels that lie in a folder, newest first, each with the initrd of its name
 * @folder: absolute on @device, "/boot"
 * @options: the command line for all of them; NULL makes that each entry's problem
 */
int kx_kernels_read(const struct kx_boot_fs *fs, const char *device, const char *folder,
		    const char *options, struct kx_boot_entries *ret, struct kx_error *err);

#endif
