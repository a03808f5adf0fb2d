/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel command line, word by word, as the kernel itself cuts it: next_arg() in lib/cmdline.c.
 * White space separates words except between double quotes, and there is no escape for a quote.
 */
#ifndef KX_CMDLINE_H
#define KX_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct kx_word - one word of a command line; points into it
 * @raw, @raw_size: as written, quotes included
 * @name, @name_size: up to the first '=', without an opening quote
 * @value, @value_size: after it, without enclosing quotes; NULL when there is no '='
 */
struct kx_word {
	const char *raw, *name, *value;
	size_t raw_size, name_size, value_size;
};

/* Cuts the next word off at *pos and moves *pos behind it; false at the end. */
bool kx_cmdline_next(const char **pos, struct kx_word *ret);

/* Is it the parameter @name? As the kernel compares: '-' and '_' are the same (kernel/params.c,
 * parameq()). */
bool kx_word_is(const struct kx_word *word, const char *name);

/* Is its value exactly @value? */
bool kx_word_has_value(const struct kx_word *word, const char *value);

/**
 * kx_cmdline_find() - the last parameter @name before "--", after which words belong to init
 *
 * A NULL @cmdline has no parameters.
 */
bool kx_cmdline_find(const char *cmdline, const char *name, struct kx_word *ret);

/**
 * kx_cmdline_has_bare() - is @word there as a decompressor looks for it?
 *
 * It is by itself, between white space; quotes and "--" mean nothing: __cmdline_find_option_bool() in arch/x86/boot/cmdline.c.
 */
bool kx_cmdline_has_bare(const char *cmdline, const char *word);

/* Bytes of @cmdline before "--", the last of the white space in front of it included; all where there is none. */
size_t kx_cmdline_kernel_part(const char *cmdline);

/* A new line with @words put before "--"; NULL without memory. */
char *kx_cmdline_insert(const char *cmdline, const char *words);

/* A number with an optional K, M, G, T, P or E, as memparse() in lib/cmdline.c; moves *pos behind it, @end at most. */
bool kx_cmdline_size(const char **pos, const char *end, uint64_t *ret);

/**
 * kx_cmdline_flag() - is the last @name a true value to the kernel's kstrtobool()?
 * @fallback: when the parameter is not there, or has a value that is neither true nor false
 */
bool kx_cmdline_flag(const char *cmdline, const char *name, bool fallback);

#endif
