// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "cmdline.h"
#include "hints.h"
#include "machine/machine.h"
#include "util.h"

/* isspace() of the kernel (include/linux/ctype.h): the non-breaking space of Latin-1 counts. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (unsigned char)c == 0xa0;
}

static size_t word_length(const char *s)
{
	bool in_quote = false;
	size_t i;

	for (i = 0; s[i] && (in_quote || !is_space(s[i])); i++)
		if (s[i] == '"')
			in_quote = !in_quote;
	return i;
}

static void word_split(struct kx_word *word)
{
	const char *end = word->raw + word->raw_size, *equals;
	bool quoted = word->raw[0] == '"';

	word->name = word->raw + quoted;
	/* A word that begins with a quote ends with one, which belongs to neither part. */
	if (quoted && end > word->name && end[-1] == '"')
		end--;
	/* A '=' that comes first is part of the name. */
	equals = end > word->name ? memchr(word->name + 1, '=', (size_t)(end - word->name - 1))
				  : NULL;
	if (!equals) {
		word->name_size = (size_t)(end - word->name);
		return;
	}
	word->name_size = (size_t)(equals - word->name);
	word->value = equals + 1;
	if (word->value < end && *word->value == '"') {
		word->value++;
		if (word->value < end && end[-1] == '"')
			end--;
	}
	word->value_size = (size_t)(end - word->value);
}

bool kx_cmdline_next(const char **pos, struct kx_word *ret)
{
	const char *s = *pos;
	struct kx_word word = { 0 };

	while (is_space(*s))
		s++;
	if (!*s)
		return false;
	word.raw = s;
	word.raw_size = word_length(s);
	word_split(&word);
	*pos = s + word.raw_size;
	*ret = word;
	return true;
}

static char dash(char c)
{
	return c == '-' ? '_' : c;
}

bool kx_word_is(const struct kx_word *word, const char *name)
{
	if (strlen(name) != word->name_size)
		return false;
	for (size_t i = 0; i < word->name_size; i++)
		if (dash(name[i]) != dash(word->name[i]))
			return false;
	return true;
}

bool kx_word_has_value(const struct kx_word *word, const char *value)
{
	return word->value && strlen(value) == word->value_size &&
	       !memcmp(value, word->value, word->value_size);
}

static bool word_ends_kernel_part(const struct kx_word *word)
{
	return word->raw_size == 2 && !memcmp(word->raw, "--", 2);
}

bool kx_cmdline_find(const char *cmdline, const char *name, struct kx_word *ret)
{
	struct kx_word word;
	bool found = false;

	if (!cmdline)
		return false;
	while (kx_cmdline_next(&cmdline, &word) && !word_ends_kernel_part(&word)) {
		if (!kx_word_is(&word, name))
			continue;
		*ret = word;
		found = true;
	}
	return found;
}

bool kx_cmdline_has_bare(const char *cmdline, const char *word)
{
	size_t size;

	for (; *cmdline; cmdline += size + !size) {
		for (size = 0; (unsigned char)cmdline[size] > ' ';)
			size++;
		if (size == strlen(word) && !memcmp(cmdline, word, size))
			return true;
	}
	return false;
}

size_t kx_cmdline_kernel_part(const char *cmdline)
{
	const char *pos = cmdline;
	struct kx_word word;

	while (kx_cmdline_next(&pos, &word))
		if (word_ends_kernel_part(&word))
			return (size_t)(word.raw - cmdline);
	return strlen(cmdline);
}

bool kx_cmdline_size(const char **pos, const char *end, uint64_t *ret)
{
	static const char units[] = "KMGTPE";
	const char *unit;
	uint64_t value;
	char *stop;

	if (*pos >= end || **pos < '0' || **pos > '9')
		return false;
	errno = 0;
	value = strtoull(*pos, &stop, 0);
	if (errno || stop > end)
		return false;
	unit = stop < end ? strchr(units, *stop & ~0x20) : NULL;
	if (unit && *unit) {
		if (kx_mul_overflow(value, UINT64_C(1) << (10 * (unit - units + 1)), &value))
			return false;
		stop++;
	}
	*pos = stop;
	*ret = value;
	return true;
}

/* lib/kstrtox.c: the first letter decides, the second one after an 'o'. */
bool kx_cmdline_flag(const char *cmdline, const char *name, bool fallback)
{
	struct kx_word word;
	char first, second;

	if (!kx_cmdline_find(cmdline, name, &word) || !word.value_size)
		return fallback;
	first = word.value[0];
	second = word.value_size > 1 ? word.value[1] : 0;
	if (strchr("yYtT1", first))
		return true;
	if (strchr("nNfF0", first))
		return false;
	if (first != 'o' && first != 'O')
		return fallback;
	if (second == 'n' || second == 'N')
		return true;
	return second == 'f' || second == 'F' ? false : fallback;
}

/* Is it, to the byte, one of those that @mark lists, separated by commas? */
static bool word_is_listed(const struct kx_word *word, const struct kx_word *mark)
{
	const char *item = mark->value, *end = item + mark->value_size;

	while (item < end) {
		const char *comma = memchr(item, ',', (size_t)(end - item));
		size_t size = (size_t)((comma ? comma : end) - item);

		if (size && size == word->raw_size && !memcmp(item, word->raw, size))
			return true;
		item += size + 1;
	}
	return false;
}

/*
 * What a capture kernel would lose its little memory by, or not find it: Documentation/admin-guide/kernel-parameters.txt.
 * Its memory map is made for it.
 */
static bool word_harms_capture(const struct kx_word *word)
{
	static const char *const names[] = {
		"crashkernel", "elfcorehdr", "mem",         "memmap",
		"hugepages",   "hugepagesz", "hugetlb_cma", "default_hugepagesz",
		"cma",         "kernelcore", "movablecore",
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(names); i++)
		if (kx_word_is(word, names[i]))
			return true;
	return false;
}

/* @hints: what --fast=hints added the last time; no name for nothing. */
static bool word_is_dropped(const struct kx_word *word, const struct kx_word *hints, bool for_crash)
{
	if (hints->value && (kx_word_is(word, KX_HINTS_MARK) || word_is_listed(word, hints)))
		return true;
	if (!word->value)
		return false;
	/* The boot loader's note about the file it loaded, which is not the next kernel's. */
	if (kx_word_is(word, "BOOT_IMAGE"))
		return true;
	return for_crash && word_harms_capture(word);
}

/* What is kept is kept to the byte, with the white space that follows it. */
static void cmdline_copy_kept(const char *pos, bool for_crash, char *out)
{
	struct kx_word word, hints = { 0 };
	const char *start = pos;
	bool kernel_part = true;

	kx_cmdline_find(pos, KX_HINTS_MARK, &hints);
	while (kx_cmdline_next(&pos, &word)) {
		const char *next = pos;

		while (is_space(*next))
			next++;
		if (word_ends_kernel_part(&word))
			kernel_part = false;
		if (!kernel_part || !word_is_dropped(&word, &hints, for_crash))
			out = mempcpy(out, start, (size_t)(next - start));
		start = next;
	}
	*out = '\0';
}

static void trim_end(char *s)
{
	size_t n = strlen(s);

	while (n && is_space(s[n - 1]))
		s[--n] = '\0';
}

int kx_cmdline_reuse(const struct kx_machine *machine, bool for_crash, char **ret,
		     struct kx_error *err)
{
	char *out;

	if (!machine->cmdline)
		return kx_fail(err, ENODATA,
			       "cannot reuse the command line: /proc/cmdline could not be read; "
			       "give it with --command-line");
	out = malloc(strlen(machine->cmdline) + 1);
	if (!out)
		return kx_fail(err, ENOMEM, "out of memory");
	cmdline_copy_kept(machine->cmdline, for_crash, out);
	trim_end(out);
	*ret = out;
	return 0;
}

char *kx_cmdline_insert(const char *cmdline, const char *words)
{
	size_t part = kx_cmdline_kernel_part(cmdline);
	const char *rest = cmdline + part;
	char *line;

	return asprintf(&line, "%.*s%s%s%s%s", (int)part, cmdline,
			part && cmdline[part - 1] != ' ' ? " " : "", words, *rest ? " " : "",
			rest) < 0
		       ? NULL
		       : line;
}
