/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which entry somebody means. No I/O. */
#ifndef KX_BOOT_CHOOSE_H
#define KX_BOOT_CHOOSE_H

#include "boot/boot.h"

/* What an argument says by its form alone. */
enum kx_boot_word {
	KX_BOOT_WORD_NAME,    /* of an entry, or of a file here */
	KX_BOOT_WORD_FILE,    /* has a "/" in it, or is "-" */
	KX_BOOT_WORD_ADDRESS, /* has "://" in it */
};

enum kx_boot_word kx_boot_word(const char *word);

/**
 * kx_boot_match() - which entries a name is of
 * @name: NULL for the default
 * @ret: room for as many indices as there are entries
 *
 * Ids count before titles, and both must be the whole of it.
 *
 * Return: how many there are in @ret.
 */
size_t kx_boot_match(const struct kx_boot_entries *entries, const char *name, size_t *ret);

#endif
