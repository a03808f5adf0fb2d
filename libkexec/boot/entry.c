// SPDX-License-Identifier: LGPL-2.1-or-later
#include "boot/boot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"

static const char *const type_names[] = {
	[KX_BOOT_NONE] = "none",           [KX_BOOT_LINUX] = "linux",
	[KX_BOOT_MULTIBOOT] = "multiboot", [KX_BOOT_UKI] = "uki",
	[KX_BOOT_CHAINLOAD] = "chainload",
};

const char *kx_boot_type_name(enum kx_boot_type type)
{
	return type < KX_ARRAY_SIZE(type_names) ? type_names[type] : "unknown";
}

/* Room for one more in an array of @count; NULL when there is no memory. Doubles, so that it is seldom copied. */
static void *grown(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	return reallocarray(array, count ? 2 * count : 1, size);
}

static int copy_string(const char *s, char **ret)
{
	char *copy = NULL;

	if (s) {
		copy = strdup(s);
		if (!copy)
			return -ENOMEM;
	}
	*ret = copy;
	return 0;
}

int kx_boot_entries_add(struct kx_boot_entries *entries, struct kx_boot_entry *entry)
{
	struct kx_boot_entry *v;

	if (entries->count >= KX_BOOT_ENTRIES_MAX)
		return -E2BIG;
	v = grown(entries->v, entries->count, sizeof(*v));
	if (!v)
		return -ENOMEM;
	entries->v = v;
	v[entries->count++] = *entry;
	*entry = (struct kx_boot_entry){ 0 };
	return 0;
}

int kx_boot_strings_add(char ***array, size_t *count, const char *s)
{
	char **v = grown(*array, *count, sizeof(*v));

	if (!v)
		return -ENOMEM;
	*array = v;
	if (copy_string(s, &v[*count]) < 0)
		return -ENOMEM;
	++*count;
	return 0;
}

void kx_boot_effect_clear(struct kx_boot_effect *effect)
{
	free(effect->file);
	free(effect->name);
	free(effect->value);
	free(effect->device);
	free(effect->type);
	free(effect->path);
}

int kx_boot_effects_add(struct kx_boot_effect **array, size_t *count, const char *file,
			const char *name, const char *value)
{
	struct kx_boot_effect effect = { 0 };
	struct kx_boot_effect *v = grown(*array, *count, sizeof(*v));

	if (!v)
		return -ENOMEM;
	*array = v;
	if (copy_string(file, &effect.file) < 0 || copy_string(name, &effect.name) < 0 ||
	    copy_string(value, &effect.value) < 0) {
		kx_boot_effect_clear(&effect);
		return -ENOMEM;
	}
	v[(*count)++] = effect;
	return 0;
}

int kx_boot_modules_add(struct kx_boot_entry *entry, const char *path, const char *args)
{
	struct kx_boot_module module = { 0 };
	struct kx_boot_module *v = grown(entry->modules, entry->module_count, sizeof(*v));

	if (!v)
		return -ENOMEM;
	entry->modules = v;
	if (copy_string(path, &module.path) < 0 || copy_string(args, &module.args) < 0) {
		free(module.path);
		return -ENOMEM;
	}
	v[entry->module_count++] = module;
	return 0;
}

void kx_boot_effects_clear(struct kx_boot_effect *effects, size_t count)
{
	for (size_t i = 0; i < count; i++)
		kx_boot_effect_clear(&effects[i]);
	free(effects);
}

static void clear_strings(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

void kx_boot_entry_clear(struct kx_boot_entry *entry)
{
	char *const strings[] = {
		entry->id,      entry->title,      entry->menu,    entry->kernel,
		entry->options, entry->devicetree, entry->version, entry->architecture,
		entry->class,   entry->users,      entry->problem, entry->source_file,
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(strings); i++)
		free(strings[i]);
	clear_strings(entry->initrds, entry->initrd_count);
	for (size_t i = 0; i < entry->module_count; i++) {
		free(entry->modules[i].path);
		free(entry->modules[i].args);
	}
	free(entry->modules);
	kx_boot_effects_clear(entry->effects, entry->effect_count);
	*entry = (struct kx_boot_entry){ 0 };
}

void kx_boot_entries_clear(struct kx_boot_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		kx_boot_entry_clear(&entries->v[i]);
	free(entries->v);
	kx_boot_effects_clear(entries->effects, entries->effect_count);
	clear_strings(entries->notes, entries->note_count);
	free(entries->on_trial);
	*entries = (struct kx_boot_entries){ 0 };
}
