// SPDX-License-Identifier: LGPL-2.1-or-later
#include "boot/choose.h"

#include <string.h>

enum kx_boot_word kx_boot_word(const char *word)
{
	if (strstr(word, "://"))
		return KX_BOOT_WORD_ADDRESS;
	return strchr(word, '/') || !strcmp(word, "-") ? KX_BOOT_WORD_FILE : KX_BOOT_WORD_NAME;
}

static bool is_default(const struct kx_boot_entry *entry, const char *name)
{
	return entry->is_default;
}

static bool has_id(const struct kx_boot_entry *entry, const char *name)
{
	return entry->id && !strcmp(entry->id, name);
}

static bool has_title(const struct kx_boot_entry *entry, const char *name)
{
	return entry->title && !strcmp(entry->title, name);
}

static size_t all_that(const struct kx_boot_entries *entries, const char *name,
		       bool (*fits)(const struct kx_boot_entry *entry, const char *name),
		       size_t *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < entries->count; i++)
		if (fits(&entries->v[i], name))
			ret[count++] = i;
	return count;
}

size_t kx_boot_match(const struct kx_boot_entries *entries, const char *name, size_t *ret)
{
	size_t count;

	if (!name)
		return all_that(entries, name, is_default, ret);
	count = all_that(entries, name, has_id, ret);
	return count ? count : all_that(entries, name, has_title, ret);
}
