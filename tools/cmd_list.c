// SPDX-License-Identifier: GPL-2.0-or-later
/* kexec list: what the boot loader could start here. */
#include "tool.h"

#include <errno.h>
#include <string.h>

#include "boot/discover.h"
#include "image.h"
#include "json.h"
#include "util.h"

/* ---- JSON ------------------------------------------------------------------------------------ */

static struct json_object *strings_json(char *const *v, size_t count)
{
	struct json_object *json = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		json_object_array_add(json, kx_json_text(v[i]));
	return json;
}

static struct json_object *source_json(const struct kx_boot_entry *entry)
{
	struct json_object *json = json_object_new_object();

	kx_json_string(json, "file", entry->source_file);
	kx_json_string(json, "kind", entry->source_kind);
	return json;
}

static struct json_object *modules_json(const struct kx_boot_entry *entry)
{
	struct json_object *json = json_object_new_array();

	for (size_t i = 0; i < entry->module_count; i++) {
		struct json_object *module = json_object_new_object();

		kx_json_string(module, "path", entry->modules[i].path);
		kx_json_string(module, "args", entry->modules[i].args);
		json_object_array_add(json, module);
	}
	return json;
}

/* Names are the Boot Loader Specification's, where it has one. */
static struct json_object *entry_json(const struct kx_boot_entry *entry)
{
	struct json_object *json = json_object_new_object();

	kx_json_string(json, "id", entry->id);
	kx_json_string(json, "title", entry->title);
	kx_json_string(json, "type", kx_boot_type_name(entry->type));
	kx_json_string(json, "linux", entry->kernel);
	json_object_object_add(json, "initrd", strings_json(entry->initrds, entry->initrd_count));
	kx_json_string(json, "options", entry->options);
	kx_json_string(json, "devicetree", entry->devicetree);
	if (entry->type == KX_BOOT_MULTIBOOT)
		json_object_object_add(json, "modules", modules_json(entry));
	kx_json_string(json, "version", entry->version);
	kx_json_string(json, "architecture", entry->architecture);
	json_object_object_add(json, "source", source_json(entry));
	json_object_object_add(json, "default", json_object_new_boolean(entry->is_default));
	kx_json_string(json, "problem", entry->problem);
	return json;
}

static void print_json(const struct kx_boot_entries *entries)
{
	struct json_object *json = json_object_new_array();

	for (size_t i = 0; i < entries->count; i++)
		json_object_array_add(json, entry_json(&entries->v[i]));
	kx_json_print(stdout, json);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void print_line(const char *label, const char *text)
{
	if (!text || !*text)
		return;
	printf("    %-11s", label);
	kx_text_put(stdout, text);
	putchar('\n');
}

static void print_entry(const struct kx_boot_entry *entry)
{
	printf("%c ", entry->is_default ? '*' : ' ');
	if (entry->menu) {
		kx_text_put(stdout, entry->menu);
		fputs(" > ", stdout);
	}
	kx_text_put(stdout, entry->title);
	putchar('\n');
	print_line("id", entry->id);
	print_line(entry->type == KX_BOOT_NONE ? "file" : kx_boot_type_name(entry->type),
		   entry->kernel);
	for (size_t i = 0; i < entry->initrd_count; i++)
		print_line("initrd", entry->initrds[i]);
	for (size_t i = 0; i < entry->module_count; i++)
		print_line("module", entry->modules[i].path);
	print_line("devicetree", entry->devicetree);
	print_line("options", entry->options);
	print_line("problem", entry->problem);
}

/* Where they are from, once for all that are from the same file. */
static void print_text(const struct kx_boot_entries *entries)
{
	const char *kind = "", *file = "";

	for (size_t i = 0; i < entries->count; i++) {
		const struct kx_boot_entry *entry = &entries->v[i];
		const char *source = entry->source_file ? entry->source_file : "";

		if (strcmp(kind, entry->source_kind) != 0 || strcmp(file, source) != 0) {
			printf(*source ? "%s%s (%s)\n" : "%s%s%s\n", i ? "\n" : "", source,
			       entry->source_kind);
			kind = entry->source_kind;
			file = source;
		}
		print_entry(entry);
	}
}

/* ---- the verb -------------------------------------------------------------------------------- */

static bool bootable(const struct kx_boot_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		if (!entries->v[i].problem)
			return true;
	return false;
}

static int list(const struct kx_args *args, const struct kx_boot_entries *entries,
		const struct kx_volumes *volumes)
{
	if (args->json)
		print_json(entries);
	else
		print_text(entries);
	kx_say_notes(entries, volumes);
	if (!bootable(entries))
		return KX_EXIT_NO;
	return entries->note_count || volumes->notes.count ? KX_EXIT_WARNINGS : KX_EXIT_YES;
}

/* As they would be with the image in a file; what they lack then is added by a load. */
static int list_image(const struct kx_tool *tool, const struct kx_args *args)
{
	_cleanup_(kx_image_clear) struct kx_image image = { 0 };
	const struct kx_volumes volumes = KX_VOLUMES_NONE;
	const char *file = args->operands[0];
	struct kx_source *source = NULL;
	struct kx_error err = { 0 };
	int r;

	if (args->operand_count > 1 || args->root || !kx_image_is(file)) {
		kx_say("kexec list takes no argument but an image of a disc; see `kexec list "
		       "--help`");
		return KX_EXIT_ERROR;
	}
	r = kx_source_open(file, 0, &source, &err);
	if (r == 0)
		r = kx_image_read(tool, source, false, &image, &err);
	kx_source_free(source);
	if (r < 0) {
		kx_say("%s", err.text);
		return KX_EXIT_NO;
	}
	return list(args, &image.entries, &volumes);
}

int kx_cmd_list(const struct kx_tool *tool, const struct kx_args *args)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries entries = { 0 };
	_cleanup_(kx_volumes_close) struct kx_volumes volumes = KX_VOLUMES_NONE;
	struct kx_error err = { 0 };
	int r;

	if (args->operand_count)
		return list_image(tool, args);
	r = kx_boot_list(args->root ? args->root : tool->root, &entries, &volumes, &err);
	if (r == 0 && kx_boot_show(&volumes, &entries) < 0)
		r = kx_fail(&err, ENOMEM, "out of memory");
	if (r < 0) {
		kx_say("%s", err.text);
		return KX_EXIT_ERROR;
	}
	r = list(args, &entries, &volumes);
	if (!entries.count)
		kx_say("no boot entries found; is the boot partition mounted?");
	return r;
}
