/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzzers of boot entries share: files in one input, each behind a line "=== /path", and what every menu keeps to. */
#ifndef KX_FUZZ_BOOT_H
#define KX_FUZZ_BOOT_H

#include "../unit/boot_files.h"
#include "fuzz.h"
#include "machine/text.h"
#include "util.h"

struct fuzz_files {
	struct boot_files files;
	char *paths[BOOT_FILES_MAX];
};

static inline void fuzz_files_clear(struct fuzz_files *f)
{
	for (size_t i = 0; i < BOOT_FILES_MAX; i++)
		free(f->paths[i]);
}

/* What stands before the first "===" is @first. */
static inline void fuzz_files_parse(struct kx_view input, const char *first, struct fuzz_files *ret)
{
	struct kx_view rest = input, line;
	const uint8_t *start = input.data;
	char *path = strdup(first);

	for (;;) {
		bool more = kx_text_line(&rest, &line);

		if (more && !kx_text_starts(line, "=== /"))
			continue;
		boot_file_bytes(&ret->files, path, start,
				(size_t)((more ? line.data : input.data + input.size) - start));
		ret->paths[ret->files.count - 1] = path;
		if (!more || ret->files.count == BOOT_FILES_MAX)
			return;
		path = strndup((const char *)line.data + 4, line.size - 4);
		start = rest.data;
	}
}

/* Below its device, and nowhere else. Where devices are named by the input, they may have slashes of their own. */
static inline void require_path(const char *path, const char *device)
{
	size_t n = strlen(device);

	require(!strncmp(path, device, n));
	if (!n) {
		require(strstr(path, ":/"));
		return;
	}
	path += n;
	require(path[0] == '/');
	require(!strstr(path, "//") && !strstr(path, "/./") && !strstr(path, "/../"));
	n = strlen(path);
	require(n < 3 || strcmp(path + n - 3, "/..") != 0);
	require(n < 2 || strcmp(path + n - 2, "/.") != 0);
}

/* How many defaults it has. */
static inline size_t require_menu(const struct kx_boot_entries *menu, const char *device)
{
	size_t defaults = 0;

	require(menu->count <= KX_BOOT_ENTRIES_MAX);
	for (size_t i = 0; i < menu->count; i++) {
		const struct kx_boot_entry *entry = &menu->v[i];

		require(entry->id && entry->title && entry->source_kind);
		require(entry->source_file || !strcmp(entry->source_kind, "systemd-boot"));
		require(entry->problem || (entry->type != KX_BOOT_NONE &&
					   entry->type != KX_BOOT_CHAINLOAD && entry->kernel));
		require(!entry->problem || *entry->problem);
		defaults += entry->is_default;
		if (entry->kernel)
			require_path(entry->kernel, device);
		if (entry->devicetree)
			require_path(entry->devicetree, device);
		for (size_t j = 0; j < entry->initrd_count; j++)
			require_path(entry->initrds[j], device);
		for (size_t j = 0; j < entry->module_count; j++)
			require_path(entry->modules[j].path, device);
	}
	require(defaults <= 1);
	return defaults;
}

#endif
