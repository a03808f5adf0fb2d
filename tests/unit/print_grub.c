// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What kx_grub_read() makes of a grub.cfg, in lines that a test can compare with what GRUB says itself:
 *
 *     print_grub [NAME=DIR[,UUID[,LABEL]]]... (NAME)/grub.cfg
 */
#include "boot/grub.h"
#include "boot_tree.h"

static bool parse_device(char *arg, struct tree_device *ret)
{
	char *at = arg;

	ret->name = strsep(&at, "=");
	if (!at)
		return false;
	ret->dir = strsep(&at, ",");
	ret->uuid = at ? strsep(&at, ",") : "";
	ret->label = at ? at : "";
	return true;
}

static void print_string(const char *name, const char *s)
{
	if (s)
		printf("%s: %s\n", name, s);
}

static void print_effects(const struct kx_boot_effect *v, size_t count)
{
	for (size_t i = 0; i < count; i++)
		printf("would set: %s %s=%s\n", v[i].file, v[i].name,
		       v[i].value ? v[i].value : "(unset)");
}

static void print_entry(const struct kx_boot_entry *entry)
{
	printf("\nid: %s\ntitle: %s\ntype: %s\n", entry->id, entry->title,
	       kx_boot_type_name(entry->type));
	print_string("menu", entry->menu);
	print_string("class", entry->class);
	print_string("users", entry->users);
	print_string("linux", entry->kernel);
	for (size_t i = 0; i < entry->initrd_count; i++)
		print_string("initrd", entry->initrds[i]);
	print_string("options", entry->options);
	print_string("devicetree", entry->devicetree);
	for (size_t i = 0; i < entry->module_count; i++)
		printf("module: %s|%s\n", entry->modules[i].path, entry->modules[i].args);
	if (entry->source_file)
		printf("source: %s:%u\n", entry->source_file, entry->source_line);
	print_string("problem", entry->problem);
	print_effects(entry->effects, entry->effect_count);
	if (entry->is_default)
		printf("default\n");
}

static int print(struct tree *tree, char *name)
{
	const struct kx_boot_fs fs = tree_fs(tree);
	char *end = strchr(name, ')');
	struct kx_grub_config config = { .fs = &fs };
	struct kx_boot_entries entries = { 0 };
	struct kx_error err = { "" };

	if (*name != '(' || !end)
		return 2;
	*end = 0;
	config.device = name + 1;
	config.path = end + 1;
	if (kx_grub_read(&config, &entries, &err) < 0) {
		printf("error: %s\n", err.text);
		return 1;
	}
	for (size_t i = 0; i < entries.note_count; i++)
		printf("note: %s\n", entries.notes[i]);
	printf("timeout: %d\n", entries.timeout);
	print_effects(entries.effects, entries.effect_count);
	for (size_t i = 0; i < entries.count; i++)
		print_entry(&entries.v[i]);
	kx_boot_entries_clear(&entries);
	return 0;
}

int main(int argc, char **argv)
{
	struct tree tree = { .count = 0 };

	for (int i = 1; i < argc - 1; i++) {
		if (tree.count >= TREE_DEVICES_MAX ||
		    !parse_device(argv[i], &tree.devices[tree.count++]))
			return 2;
	}
	return argc > 1 ? print(&tree, argv[argc - 1]) : 2;
}
