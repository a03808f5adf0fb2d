// SPDX-License-Identifier: GPL-2.0-or-later
/* kexec plan: what would be loaded where, and why. */
#include "tool.h"

#include <errno.h>

#include "carry.h"
#include "json.h"
#include "parser.h"
#include "util.h"

/* ---- JSON ------------------------------------------------------------------------------------ */

static struct json_object *machine_json(const struct kx_machine *machine)
{
	struct json_object *json = json_object_new_object();

	kx_json_string(json, "arch", kx_machine_arch(machine));
	kx_json_string(json, "release", kx_machine_release(machine));
	return json;
}

static struct json_object *segment_json(const struct kx_segment *segment)
{
	struct json_object *json = json_object_new_object();

	kx_json_string(json, "name", segment->name);
	if (segment->dest == KX_DEST_UNKNOWN)
		kx_json_string(json, "dest", NULL);
	else
		kx_json_address(json, "dest", segment->dest);
	kx_json_size(json, "bufsz", segment->bufsz);
	kx_json_size(json, "memsz", segment->memsz);
	kx_json_size(json, "reserved", segment->reserved);
	if (segment->unchecked)
		json_object_object_add(json, "checked", json_object_new_boolean(false));
	kx_json_string(json, "why", segment->why);
	return json;
}

static struct json_object *memory_json(const struct kx_plan *plan)
{
	struct json_object *json = json_object_new_array();

	for (size_t i = 0; i < kx_plan_mem_count(plan); i++) {
		const struct kx_mem *mem = kx_plan_mem(plan, i);
		struct json_object *range = json_object_new_object();

		kx_json_address(range, "start", mem->start);
		kx_json_size(range, "size", mem->end - mem->start);
		kx_json_string(range, "type", kx_mem_type_name(mem->type));
		json_object_array_add(json, range);
	}
	return json;
}

static struct json_object *archives_json(const struct kx_plan *plan)
{
	struct json_object *json = json_object_new_array();

	for (size_t i = 0; i < kx_plan_archive_count(plan); i++) {
		const struct kx_archive *archive = kx_plan_archive(plan, i);
		struct json_object *item = json_object_new_object();

		kx_json_string(item, "file", kx_source_name(archive->source));
		kx_json_string(item, "format", archive->format);
		kx_json_size(item, "size", archive->size);
		kx_json_size(item, "unpacked_size", archive->unpacked_size);
		kx_json_string(item, "left_as_it_is", kx_archive_left_text(archive->left));
		json_object_array_add(json, item);
	}
	return json;
}

static struct json_object *hints_json(const struct kx_plan *plan)
{
	struct json_object *json = json_object_new_array();

	for (size_t i = 0; i < kx_plan_hint_count(plan); i++) {
		struct json_object *item = json_object_new_object();

		kx_json_string(item, "word", kx_plan_hint(plan, i)->word);
		kx_json_string(item, "why", kx_plan_hint(plan, i)->why);
		json_object_array_add(json, item);
	}
	return json;
}

static struct json_object *lists_json(const struct kx_plan *plan, struct json_object *json)
{
	struct json_object *segments = json_object_new_array(), *warnings = json_object_new_array();

	for (size_t i = 0; i < kx_plan_segment_count(plan); i++)
		json_object_array_add(segments, segment_json(kx_plan_segment(plan, i)));
	for (size_t i = 0; i < kx_plan_warning_count(plan); i++)
		json_object_array_add(warnings, kx_json_text(kx_plan_warning(plan, i)));
	json_object_object_add(json, "archives", archives_json(plan));
	json_object_object_add(json, "segments", segments);
	json_object_object_add(json, "memory", memory_json(plan));
	json_object_object_add(json, "warnings", warnings);
	return json;
}

/* What is kept for a crash kernel. */
static void add_crash(struct json_object *json, const struct kx_plan *plan)
{
	struct json_object *region;
	uint64_t start, size;

	if (!kx_plan_crash_region(plan, &start, &size))
		return;
	region = json_object_new_object();
	kx_json_address(region, "start", start);
	kx_json_size(region, "size", size);
	json_object_object_add(json, "crash", region);
}

static void print_json(const struct kx_plan *plan, const struct kx_machine *machine)
{
	struct json_object *json = kx_json_new();

	json_object_object_add(json, "machine", machine_json(machine));
	kx_json_string(json, "format", kx_plan_format(plan));
	if (*kx_plan_containers(plan))
		kx_json_string(json, "containers", kx_plan_containers(plan));
	if (kx_plan_placed(plan))
		kx_json_address(json, "entry", kx_plan_entry(plan));
	else
		kx_json_string(json, "entry", NULL);
	if (kx_plan_entry_mode(plan))
		kx_json_string(json, "entry_mode", kx_plan_entry_mode(plan));
	json_object_object_add(json, "direct", json_object_new_boolean(kx_plan_direct(plan)));
	if (kx_plan_direct_why(plan))
		kx_json_string(json, "direct_why", kx_plan_direct_why(plan));
	if (kx_plan_direct(plan))
		json_object_object_add(json, "kaslr", json_object_new_boolean(kx_plan_kaslr(plan)));
	add_crash(json, plan);
	kx_json_string(json, "syscall", kx_method_name(kx_plan_method(plan)));
	kx_json_string(json, "syscall_why", kx_plan_method_why(plan));
	if (kx_plan_forbidden(plan))
		kx_json_string(json, "error", kx_plan_forbidden(plan));
	kx_json_string(json, "cmdline", kx_plan_cmdline(plan));
	if (kx_plan_hint_count(plan))
		json_object_object_add(json, "hints", hints_json(plan));
	kx_carry_json(json, plan);
	kx_json_print(stdout, lists_json(plan, json));
}

static int fail(const struct kx_args *args, int r, const struct kx_error *err)
{
	if (args->json) {
		struct json_object *json = kx_json_new();

		kx_json_string(json, "error", err->text);
		kx_json_print(stdout, json);
	}
	kx_say("%s", err->text);
	return r == -EINVAL || r == -ENOMEM ? KX_EXIT_ERROR : KX_EXIT_NO;
}

/* ---- the verb -------------------------------------------------------------------------------- */

static int show(const struct kx_args *args, const struct kx_machine *machine,
		const struct kx_order *order)
{
	_cleanup_(kx_plan_freep) struct kx_plan *plan = NULL;
	struct kx_request request = order->request;
	struct kx_error err = { 0 };
	int r;

	request.flags |= KX_REQUEST_EXPLAIN;
	r = kx_plan_apart(machine, &request, &plan, &err);
	if (r < 0)
		return fail(args, r, &err);
	if (args->json)
		print_json(plan, machine);
	else
		kx_plan_print(stdout, plan, order, machine);
	if (kx_plan_forbidden(plan)) {
		kx_say("%s", kx_plan_forbidden(plan));
		return KX_EXIT_NO;
	}
	return kx_plan_warning_count(plan) ? KX_EXIT_WARNINGS : KX_EXIT_YES;
}

int kx_cmd_plan(const struct kx_tool *tool, const struct kx_args *args)
{
	_cleanup_(kx_choice_clear) struct kx_choice choice = KX_CHOICE_NONE;
	_cleanup_(kx_machine_freep) struct kx_machine *machine = NULL;
	_cleanup_(kx_order_clear) struct kx_order order = { 0 };
	struct kx_error err = { 0 };
	int r;

	if (!args->operand_count && args->machine) {
		kx_say("no kernel given, and a saved machine has no boot entries; see `kexec plan "
		       "--help`");
		return KX_EXIT_ERROR;
	}
	r = kx_args_built(args, &err);
	if (r == 0 && !args->machine)
		r = kx_choice_find(tool, args, &choice, &err);
	if (r < 0)
		return fail(args, r, &err);
	if (!args->machine)
		args = &choice.args;
	kx_args_warn(args);
	r = kx_machine_read(args->machine ? args->machine : tool->root, &machine, &err);
	if (r < 0) {
		kx_say("%s", err.text);
		return KX_EXIT_ERROR;
	}
	r = kx_order_make(tool, machine, args, &order, &err);
	if (r < 0)
		return fail(args, r, &err);
	return show(args, machine, &order);
}
