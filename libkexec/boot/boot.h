/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a boot loader could start here: one list, whoever wrote it.
 *
 * Readers (grub.h and its siblings) are pure: every look at a file or a device goes through struct kx_boot_fs, so they run
 * on the running system, on another tree, and on what a test made up.
 */
#ifndef KX_BOOT_H
#define KX_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libkexec.h"

/* More entries than any menu shows. */
#define KX_BOOT_ENTRIES_MAX 4096

/* What an entry starts. */
enum kx_boot_type {
	KX_BOOT_NONE,      /* nothing: @problem says why */
	KX_BOOT_LINUX,     /* a Linux kernel with initrds and options */
	KX_BOOT_MULTIBOOT, /* a multiboot kernel with modules, version 1 or 2 */
	KX_BOOT_UKI,       /* a unified kernel image */
	KX_BOOT_CHAINLOAD, /* another boot loader */
};

const char *kx_boot_type_name(enum kx_boot_type type); /* "none", "linux", "multiboot", … */

/**
 * struct kx_boot_module - a file that a multiboot kernel is given
 * @path: absolute in the tree
 * @args: its command line; "" for none
 */
struct kx_boot_module {
	char *path;
	char *args;
};

/**
 * struct kx_boot_effect - a variable that the boot loader would write down on its way, as it consumes a one-shot choice
 *
 * Readers never write. Whoever commits to the jump does: effects.h.
 *
 * @file: GRUB's environment block, absolute in the tree; NULL for an EFI variable of the Boot Loader Interface
 * @value: NULL to take the variable out
 * @device, @type, @path: where @file is found when it is not mounted there any more: block device, its file system's type, and
 *			  the path on it; NULL for not known. Readers do not know it
 */
struct kx_boot_effect {
	char *file;
	char *name;
	char *value;
	char *device;
	char *type;
	char *path;
};

/**
 * struct kx_boot_entry - one thing that can be booted, or that cannot and why; all strings are the entry's own
 * @id: unique in its menu: the loader's own, or else made from the title; with its submenus in front, "sub>entry"
 * @title: for a person
 * @menu: titles of the submenus that it is in, "a>b"; NULL at the top
 * @kernel: "linux" of the specification: kernel, multiboot kernel, image or loader; absolute in the tree; NULL if there is none
 * @initrds: absolute in the tree, in the loader's order
 * @options: the kernel's command line without the loader's own words; NULL for none. Of an image in EFI/Linux its own
 * @profile: of a unified kernel image
 * @sysappend: SYSLINUX's SYSAPPEND: a set of what the loader adds to @options, of which PXELINUX's two lowest are about the network
 * @devicetree: absolute in the tree; NULL for none
 * @modules: of a multiboot kernel
 * @version: of the operating system or kernel, where the entry tells; NULL
 * @architecture: as the Boot Loader Specification writes it, "x64"; NULL
 * @class: what the loader chooses a picture by, words with spaces between; NULL
 * @users: who may boot it at the loader's prompt; NULL for anybody
 * @source_file: where it is written, absolute in the tree
 * @source_kind: "grub", "bls1", "bls2", … ; static
 * @source_line: in @source_file, from 1; 0 for all of it
 * @is_default: what a normal reboot would start
 * @problem: why it cannot be booted from here; NULL when it can
 * @effects: what the loader would write down when it boots this entry, after struct kx_boot_entries' own
 */
struct kx_boot_entry {
	char *id;
	char *title;
	char *menu;
	enum kx_boot_type type;
	char *kernel;
	char **initrds;
	size_t initrd_count;
	char *options;
	unsigned profile, sysappend;
	char *devicetree;
	struct kx_boot_module *modules;
	size_t module_count;
	char *version;
	char *architecture;
	char *class;
	char *users;
	char *source_file;
	const char *source_kind;
	unsigned source_line;
	bool is_default;
	char *problem;
	struct kx_boot_effect *effects;
	size_t effect_count;
};

/**
 * struct kx_boot_entries - a menu, in the loader's order
 * @effects: what the loader would write down before it shows the menu
 * @notes: what was wrong with the configuration, though the loader goes on: "/boot/grub/grub.cfg:7: …"
 * @timeout: seconds until the loader starts the default; 0 at once, -1 to wait for ever
 * @on_trial: @source_file of the entry that the boot loader counted a try of as it started this system, and that nobody has
 *	      found good since; NULL for none
 */
struct kx_boot_entries {
	struct kx_boot_entry *v;
	size_t count;
	struct kx_boot_effect *effects;
	size_t effect_count;
	char **notes;
	size_t note_count;
	int timeout;
	char *on_trial;
};

/*
 * Each adds to an array that it reallocates; strings are copied, NULL stays NULL. kx_boot_entries_add() takes over what
 * @entry holds and leaves it empty.
 *
 * Errors: -ENOMEM; -E2BIG over KX_BOOT_ENTRIES_MAX. The array and @entry are then as they were.
 */
int kx_boot_entries_add(struct kx_boot_entries *entries, struct kx_boot_entry *entry);
int kx_boot_strings_add(char ***array, size_t *count, const char *s);
int kx_boot_effects_add(struct kx_boot_effect **array, size_t *count, const char *file,
			const char *name, const char *value);
int kx_boot_modules_add(struct kx_boot_entry *entry, const char *path, const char *args);

void kx_boot_effect_clear(struct kx_boot_effect *effect);
void kx_boot_effects_clear(struct kx_boot_effect *effects, size_t count);

/* Each frees what is inside and leaves it empty. */
void kx_boot_entry_clear(struct kx_boot_entry *entry);
void kx_boot_entries_clear(struct kx_boot_entries *entries);

/* ---- files and devices ----------------------------------------------------------------------- */

enum kx_boot_search { KX_BOOT_BY_UUID, KX_BOOT_BY_LABEL, KX_BOOT_BY_FILE };

/**
 * struct kx_boot_stat - what a path is
 * @mtime: seconds since 1970
 */
struct kx_boot_stat {
	bool directory;
	uint64_t size;
	int64_t mtime;
};

/* Called for each name in a directory, but . and ..; anything but 0 ends the listing and is what it returns. */
typedef int kx_boot_name_fn(void *arg, const char *name);

/**
 * struct kx_boot_fs - how a reader looks at files
 *
 * A device is a name as the loader writes it, "hd0,gpt2", without parentheses, or what @search gave; "" is the device
 * that the configuration was read from. A path is absolute on its device.
 *
 * Errors of each: -ENODEV no such device, or none that can be looked at; -ENOENT; -EISDIR; -EFBIG over @max; -ENOMEM;
 * others from the system.
 *
 * @read: all of a file, to be freed with free()
 * @map: the same of a file of which only some is looked at, to be given back with munmap(2); NULL where there is none
 * @stat: what is there
 * @list: the names in a directory, in any order
 * @search: the device with this UUID, label or file; to be freed with free()
 * @identify: the UUID or label of a device, to be freed with free(); -ENODATA when that is not known
 * @locate: the file as an absolute path in the tree, to be freed with free(); it must not exist
 */
struct kx_boot_fs {
	void *ctx;
	int (*read)(void *ctx, const char *device, const char *path, size_t max, char **ret,
		    size_t *ret_size);
	int (*map)(void *ctx, const char *device, const char *path, size_t max, void **ret,
		   size_t *ret_size);
	int (*stat)(void *ctx, const char *device, const char *path, struct kx_boot_stat *ret);
	int (*list)(void *ctx, const char *device, const char *path, kx_boot_name_fn *each,
		    void *arg);
	int (*search)(void *ctx, enum kx_boot_search by, const char *value, char **ret_device);
	int (*identify)(void *ctx, enum kx_boot_search by, const char *device, char **ret);
	int (*locate)(void *ctx, const char *device, const char *path, char **ret);
};

#endif
