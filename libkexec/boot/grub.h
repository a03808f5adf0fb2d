/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GRUB 2's grub.cfg, evaluated as GRUB does it: the language of the manual's chapter "Writing your own configuration file",
 * and where that leaves something open, what GRUB 2.06 was seen to do (tests/vm/test_grub_oracle.py).
 */
#ifndef KX_BOOT_GRUB_H
#define KX_BOOT_GRUB_H

#include "boot/boot.h"

/* Over any of these, evaluation ends with -E2BIG. A grub.cfg of a hundred kernels takes some thousands of each. */
#define KX_GRUB_STEPS_MAX \
	50000 /* commands run and turns of loops, for the menu and for each entry anew */
#define KX_GRUB_STEPS_TIMES \
	20 /* as many for all together, where 128 bytes of memory count as one, too */
#define KX_GRUB_MEMORY_MAX (32 << 20) /* bytes for all that is parsed and expanded */
#define KX_GRUB_READ_MAX (8 << 20)    /* bytes of files read */
#define KX_GRUB_FILE_MAX (4 << 20)    /* bytes of one file */
#define KX_GRUB_DEPTH_MAX 100         /* of commands, functions and files inside one another */
#define KX_GRUB_VARIABLES_MAX 2000
#define KX_GRUB_VALUE_MAX (64 << 10) /* bytes of one word */
#define KX_GRUB_NOTES_MAX 20         /* notes beyond are dropped */

/**
 * struct kx_grub_config - what to evaluate, and as what
 * @fs: where files are
 * @device: that grub.cfg is on: `root` at the beginning; may be ""
 * @path: grub.cfg, absolute on @device
 * @esp: the EFI system partition that GRUB was started from; NULL for none
 * @platform: `grub_platform`: "pc", "efi"; @cpu: `grub_cpu`: "i386", "x86_64"; NULL for these two
 * @variables: exported before the first line runs: names and values by turns, NULL at the end; NULL for none
 * @steps_max: instead of KX_GRUB_STEPS_MAX; 0 for that
 */
struct kx_grub_config {
	const struct kx_boot_fs *fs;
	const char *device;
	const char *path;
	const char *esp;
	const char *platform;
	const char *cpu;
	const char *const *variables;
	unsigned steps_max;
};

/**
 * kx_grub_read() - the menu that GRUB would show, with every entry's body evaluated, submenus' included
 * @ret: to be cleared with kx_boot_entries_clear(); nothing in it is marked default when GRUB would wait for a person
 *
 * Pure: save_env and its like become effects. What GRUB itself complains of and goes on, is a note.
 *
 * Errors: -E2BIG over a limit, with file and line; -ENOMEM; those of @fs for @path itself.
 */
int kx_grub_read(const struct kx_grub_config *config, struct kx_boot_entries *ret,
		 struct kx_error *err);

/**
 * kx_grub_env_get() - one variable of an environment block (grubenv), as load_env reads it
 * @ret: to be freed with free()
 *
 * Errors: -EBADMSG no environment block; -ENOENT not in it; -ENOMEM.
 */
int kx_grub_env_get(const char *block, size_t size, const char *name, char **ret);

/**
 * kx_grub_env_edit() - set or take out one variable of an environment block, whose size stays as it is
 * @value: NULL to take it out
 *
 * Errors: -EBADMSG no environment block, or one that ends within a line; -EINVAL no name for a variable; -ENOSPC no room, the block is as it was; -ENOMEM.
 */
int kx_grub_env_edit(char *block, size_t size, const char *name, const char *value);

/* Every variable of an environment block; anything but 0 from @each ends it. Errors: -EBADMSG; -ENOMEM. */
typedef int kx_grub_env_fn(void *arg, const char *name, const char *value);
int kx_grub_env_parse(const char *block, size_t size, kx_grub_env_fn *each, void *arg);

#endif
