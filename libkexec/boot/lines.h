/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the boot loaders' line-oriented configuration files have in common: a key, blanks, the rest of the line. */
#ifndef KX_BOOT_LINES_H
#define KX_BOOT_LINES_H

#include "machine/root.h"
#include "machine/text.h"

/* No boot loader takes configuration anywhere near this size, nor so many values of one key. */
#define KX_BOOT_TEXT_MAX (1U << 20)
#define KX_BOOT_VALUES_MAX 256U

/**
 * kx_boot_line() - cut the next line that says something off *rest
 *
 * Empty lines and those that begin with # say nothing. @ret_value may be empty. *number goes up by the lines that are read.
 *
 * Return: false at the end.
 */
KX_MUST_CHECK bool kx_boot_line(struct kx_view *rest, unsigned *number, struct kx_view *ret_key,
				struct kx_view *ret_value);

/* As kx_text_is(), whatever the case of ASCII letters. */
bool kx_boot_is(struct kx_view text, const char *what);

/* Puts a copy of @value in the place of *field. Errors: -EBADMSG a NUL in it; -ENOMEM. */
int kx_boot_set(char **field, struct kx_view value);

/* The same, behind what is there, with a blank between. */
int kx_boot_join(char **field, struct kx_view value);

/* One more to the list. Errors also: -EFBIG over KX_BOOT_VALUES_MAX. */
int kx_boot_add(struct kx_names *list, struct kx_view value);

/* Each part of @value between characters of @separators, but not the empty ones. */
int kx_boot_add_each(struct kx_names *list, struct kx_view value, const char *separators);

/*
 * kx_boot_path() - put a path of a configuration file below @top, as one that is whole and has no "//", "." or ".."
 * @top: "" or as "/boot"
 * @folder: below @top, where paths that do not begin with a slash are; NULL: in @top itself
 *
 * ".." goes no further up than @top, as on the partition that is mounted there. A backslash, as firmware has it, is a slash
 * when there is no slash.
 *
 * Errors: -ENOMEM.
 */
int kx_boot_path(const char *top, const char *folder, const char *path, char **ret);

#endif
