/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the boot loader would have written down for the entry that is loaded: noted beside the load, and written when the
 * jump is committed to, so that a one-shot choice is consumed once, and by nothing else.
 */
#ifndef KX_BOOT_EFFECTS_H
#define KX_BOOT_EFFECTS_H

#include "boot/boot.h"
#include "machine/root.h"

/* Below /run, which ends with the kernel that it is about. */
#define KX_EFFECTS_FOLDER "/run/kexec"
#define KX_EFFECTS_FILE KX_EFFECTS_FOLDER "/effects"

/**
 * kx_effects_note() - note what the jump to an entry has to write, in place of what was noted before
 * @root: "/", or another tree
 * @entry: NULL, and @entries NULL, for a kernel that is none: nothing
 *
 * Errors: what the file system says. Where there is nothing to note, a note that cannot be taken away is no error.
 */
int kx_effects_note(const char *root, const struct kx_boot_entries *entries,
		    const struct kx_boot_entry *entry);

/**
 * struct kx_effects - what was noted, with the files open that it goes to: so that they can be written to until it is done,
 * whatever is unmounted meanwhile
 * @fds: of each one's file; -1 for an EFI variable, and for what cannot be opened
 */
struct kx_effects {
	struct kx_boot_effect *v;
	size_t count;
	int *fds;
};

/**
 * kx_effects_open() - read what was noted, and open its files
 * @problems: gets a line for each that cannot be written, "/boot/grub/grubenv: Read-only file system"
 *
 * Nothing noted is nothing in @ret. Errors: -EBADMSG; -ENOMEM.
 */
int kx_effects_open(const char *root, struct kx_effects *ret, struct kx_names *problems);

/* Writes it all, and forgets it. What cannot be written is among @problems. Errors: -ENOMEM. */
int kx_effects_write(const char *root, const struct kx_effects *effects, struct kx_names *problems);

void kx_effects_close(struct kx_effects *effects);

#endif
