/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the boot loader would have written down for the entry that is loaded: noted beside the load, and written when the
 * jump is committed to, so that a one-shot choice is consumed once, and by nothing else.
 */
#ifndef KX_BOOT_EFFECTS_H
#define KX_BOOT_EFFECTS_H

#include "boot/boot.h"
#include "boot/volumes.h"

/* Below /run, which ends with the kernel that it is about. */
#define KX_EFFECTS_FOLDER "/run/kexec"
#define KX_EFFECTS_FILE KX_EFFECTS_FOLDER "/effects"

/**
 * kx_effects_note() - note what the jump to an entry has to write, in place of what was noted before
 * @root: "/", or another tree
 * @volumes: where @entries' files are, mounted as they are now
 * @entry: NULL, and the others NULL, for a kernel that is none: nothing
 *
 * Errors: what the file system says. Where there is nothing to note, a note that cannot be taken away is no error.
 */
int kx_effects_note(const char *root, const struct kx_volumes *volumes,
		    const struct kx_boot_entries *entries, const struct kx_boot_entry *entry);

/**
 * struct kx_effects - what was noted, and how to take it back
 * @was: of each, what was there before; @was[].data is NULL for a variable that was not
 * @done: which were written
 */
struct kx_effects {
	struct kx_boot_effect *v;
	size_t count;
	struct kx_blob *was;
	bool *done;
};

/**
 * kx_effects_read() - read what was noted; nothing noted is nothing in @ret
 * @ret: to be cleared with kx_effects_clear()
 *
 * Errors: -EBADMSG; -ENOMEM.
 */
int kx_effects_read(const char *root, struct kx_effects *ret);

/**
 * kx_effects_write() - write it, to the disks, and forget the note
 * @problems: gets a line for each that cannot be written, "/boot/grub/grubenv: Read-only file system"
 *
 * Errors: -ENOMEM.
 */
int kx_effects_write(const char *root, struct kx_effects *effects, struct kx_names *problems);

/* Takes it all back, and notes it again: for a jump that was not made after all. Best effort. */
void kx_effects_undo(const char *root, const struct kx_effects *effects);

void kx_effects_clear(struct kx_effects *effects);

#endif
