// SPDX-License-Identifier: GPL-2.0-or-later
/* GRUB's grub.cfg, and its environment block. */
#include <errno.h>

#include "boot/grub.h"
#include "fuzz_boot.h"

static int count_variable(void *arg, const char *name, const char *value)
{
	size_t *bytes = arg;

	*bytes += strlen(name) + strlen(value) + 1;
	return 0;
}

/* What is in it is not more than what was. */
static void fuzz_block(struct kx_view block)
{
	size_t bytes = 0;
	int r = kx_grub_env_parse((const char *)block.data, block.size, count_variable, &bytes);

	require(r == 0 || r == -EBADMSG);
	require(bytes <= block.size);
}

/* What is written can be read, and takes no more room than there is. */
static void fuzz_edit(struct kx_view block, const char *wanted)
{
	char *copy = malloc(block.size + 1), *value = NULL;
	int r;

	require(copy);
	memcpy(copy, block.data, block.size);
	copy[block.size] = 'x';
	r = kx_grub_env_edit(copy, block.size, "next_entry", wanted);
	require(r == 0 || r == -EBADMSG || r == -ENOSPC);
	require(copy[block.size] == 'x' && (r == 0 || !memcmp(copy, block.data, block.size)));
	if (r == 0) {
		r = kx_grub_env_get(copy, block.size, "next_entry", &value);
		require(wanted ? r == 0 && !strcmp(value, wanted) : r == -ENOENT);
	}
	free(value);
	free(copy);
}

static void require_effects(const struct kx_boot_effect *v, size_t count)
{
	for (size_t i = 0; i < count; i++)
		require(v[i].file && v[i].name && strstr(v[i].file, ":/"));
}

static void require_entry(const struct kx_boot_entry *entry)
{
	require(entry->id && entry->title && entry->source_kind);
	require(entry->problem ||
		(entry->type != KX_BOOT_NONE && entry->type != KX_BOOT_CHAINLOAD && entry->kernel));
	require(!entry->problem || *entry->problem);
	if (entry->kernel)
		require_path(entry->kernel, "");
	for (size_t i = 0; i < entry->initrd_count; i++)
		require_path(entry->initrds[i], "");
	for (size_t i = 0; i < entry->module_count; i++)
		require_path(entry->modules[i].path, "");
	require(entry->type == KX_BOOT_LINUX || !entry->initrd_count);
	require(entry->type == KX_BOOT_MULTIBOOT || !entry->module_count);
	require_effects(entry->effects, entry->effect_count);
}

static void require_result(const struct kx_boot_entries *menu)
{
	size_t defaults = 0;

	require(menu->count <= KX_BOOT_ENTRIES_MAX && menu->note_count <= KX_GRUB_NOTES_MAX);
	for (size_t i = 0; i < menu->count; i++) {
		require_entry(&menu->v[i]);
		defaults += menu->v[i].is_default;
	}
	/* None where the default is a submenu with nothing in it. */
	require(defaults <= 1);
	for (size_t i = 0; i < menu->note_count; i++)
		for (const char *c = menu->notes[i]; *c; c++)
			require((unsigned char)*c >= ' ' && *c != 0x7f);
	require_effects(menu->effects, menu->effect_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(fuzz_files_clear) struct fuzz_files f = { 0 };
	const struct kx_boot_fs fs = boot_files_fs(&f.files);
	struct kx_grub_config config = {
		.fs = &fs, .device = "hd0", .path = "/boot/grub/grub.cfg", .steps_max = 100
	};
	struct kx_boot_entries menu = { 0 };
	struct kx_error err = { 0 };
	int r;

	fuzz_files_parse(kx_view_of(data, size), "/boot/grub/grub.cfg", &f);
	for (size_t i = 0; i < f.files.count; i++) {
		struct kx_view file = kx_view_of(f.files.v[i].data, f.files.v[i].size);

		fuzz_block(file);
		fuzz_edit(file, "");
		fuzz_edit(file, "a\\b\n");
		fuzz_edit(file, NULL);
	}
	r = kx_grub_read(&config, &menu, &err);
	require(r == 0 || r == -E2BIG);
	if (r < 0) {
		require_message(&err);
		require(!menu.v && !menu.count && !menu.notes && !menu.effects);
		return 0;
	}
	require_result(&menu);
	kx_boot_entries_clear(&menu);
	return 0;
}
