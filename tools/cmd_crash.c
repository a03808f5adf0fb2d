// SPDX-License-Identifier: GPL-2.0-or-later
/* kexec crash: the kernel that is started when this one panics. */
#include "cmd_crash.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/overflow.h"
#include "cmdline.h"
#include "crash/crash.h"
#include "json.h"
#include "machine/machine.h"
#include "names.h"
#include "ranges.h"
#include "util.h"

#define SETTING_COLUMN 34

/* ---- status ---------------------------------------------------------------------------------- */

struct status {
	const struct kx_machine *machine;
	struct kx_ranges regions;
	const struct kx_target *target; /* NULL: what it needs is not known */
	int code;                       /* why it is not */
	struct kx_error unknown;
	struct kx_error problem; /* empty: none */
};

static void find_problem(struct status *status)
{
	const struct kx_machine *machine = status->machine;
	uint64_t kept = UINT64_MAX; /* not known: nothing to find fault with */
	const struct kx_setting *notifiers = &machine->panic[KX_PANIC_POST_NOTIFIERS];

	kx_crash_kept(machine, &kept);
	if (machine->have_crash_size && !machine->crash_size)
		kx_fail(&status->problem, ENOSPC,
			"no memory is kept for a crash kernel; boot with crashkernel=, of a size "
			"that `kexec crash size` tells");
	else if (machine->crash_loaded == KX_NO)
		kx_fail(&status->problem, ENOENT,
			"no crash kernel is loaded; load one with kexec -p");
	/* Without privileges it may be hidden from us alone. */
	else if (!status->target && status->code != -ENOENT && status->code != -EACCES)
		status->problem = status->unknown;
	else if (status->target && status->target->need.needed > kept)
		kx_crash_too_small(&status->target->need, kept, &status->problem);
	else if (status->target &&
		 kx_crash_check_fit(machine, &status->target->fit, &status->problem) < 0)
		return;
	else if (notifiers->have && notifiers->value)
		kx_fail(&status->problem, EBUSY, "%s: %s",
			kx_panic_setting_name(KX_PANIC_POST_NOTIFIERS),
			kx_panic_setting_note(KX_PANIC_POST_NOTIFIERS, notifiers->value));
}

/* Each crashkernel= of the command line, as written. */
static bool next_word(const char **pos, struct kx_word *word)
{
	while (*pos && kx_cmdline_next(pos, word))
		if (kx_word_is(word, "crashkernel"))
			return true;
	return false;
}

static void print_settings(const struct kx_machine *machine)
{
	for (unsigned i = 0; i < KX_PANIC_SETTING_COUNT; i++) {
		const struct kx_setting *setting = &machine->panic[i];
		const char *note = kx_panic_setting_note(i, setting->value);

		if (!setting->have)
			continue;
		printf("  %-*s%" PRId64 "%s%s\n", SETTING_COLUMN, kx_panic_setting_name(i),
		       setting->value, note ? ": " : "", note ? note : "");
	}
}

static void print_regions(const struct kx_ranges *regions, const char *note)
{
	for (size_t i = 0; i < regions->count; i++) {
		const struct kx_range *region = &regions->v[i];

		printf("%-*s0x%" PRIx64 "-0x%" PRIx64 "  %s%s\n", COLUMN, "", region->start,
		       region->end - 1, kx_size_text(region->end - region->start).s, note);
	}
}

static void print_line(const char *name, const char *text)
{
	printf("%-*s", COLUMN, name);
	kx_text_put(stdout, text);
	putchar('\n');
}

static void print_needed(const struct status *status)
{
	struct kx_error why = status->unknown;

	if (!status->target)
		kx_error_prefix(&why, "unknown");
	print_line("needed",
		   status->target ? kx_size_text(status->target->need.needed).s : why.text);
}

static void print_status(const struct status *status)
{
	const struct kx_machine *machine = status->machine;
	uint64_t kept;
	const char *pos = machine->cmdline;
	struct kx_word word;

	printf("%-*s%s\n", COLUMN, "loaded", kx_fact_name(machine->crash_loaded));
	printf("%-*s%s\n", COLUMN, "reserved",
	       kx_crash_kept(machine, &kept) < 0 ? "unknown" : kx_size_text(kept).s);
	print_regions(&status->regions, "");
	print_regions(&machine->crash.cma, ", the running system's as well (cma)");
	print_needed(status);
	while (next_word(&pos, &word)) {
		_cleanup_free_ char *text = strndup(word.raw, word.raw_size);

		print_line("asked for by", text ? text : "");
	}
	puts("settings");
	print_settings(machine);
	if (status->problem.text[0])
		print_line("problem", status->problem.text);
}

static struct json_object *regions_json(const struct kx_ranges *regions)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < regions->count; i++) {
		const struct kx_range *region = &regions->v[i];
		struct json_object *item = json_object_new_object();

		kx_json_address(item, "start", region->start);
		kx_json_size(item, "size", region->end - region->start);
		json_object_array_add(array, item);
	}
	return array;
}

static void print_status_json(const struct status *status)
{
	struct json_object *json = kx_json_new(), *words = json_object_new_array(),
			   *settings = json_object_new_array();
	const struct kx_machine *machine = status->machine;
	uint64_t kept;
	const char *pos = machine->cmdline;
	struct kx_word word;

	kx_json_fact(json, "loaded", machine->crash_loaded);
	if (kx_crash_kept(machine, &kept) == 0)
		kx_json_size(json, "reserved", kept);
	else
		kx_json_string(json, "reserved", NULL);
	if (status->target)
		kx_json_size(json, "needed", status->target->need.needed);
	else
		kx_json_string(json, "needed", NULL);
	while (next_word(&pos, &word)) {
		_cleanup_free_ char *text = strndup(word.raw, word.raw_size);

		json_object_array_add(words, text ? kx_json_text(text) : NULL);
	}
	for (unsigned i = 0; i < KX_PANIC_SETTING_COUNT; i++) {
		const struct kx_setting *setting = &machine->panic[i];
		struct json_object *item = json_object_new_object();

		kx_json_string(item, "name", kx_panic_setting_name(i));
		json_object_object_add(item, "value",
				       setting->have ? json_object_new_int64(setting->value)
						     : NULL);
		kx_json_string(item, "note",
			       setting->have ? kx_panic_setting_note(i, setting->value) : NULL);
		json_object_array_add(settings, item);
	}
	json_object_object_add(json, "regions", regions_json(&status->regions));
	json_object_object_add(json, "cma", regions_json(&machine->crash.cma));
	json_object_object_add(json, "crashkernel", words);
	json_object_object_add(json, "settings", settings);
	kx_json_string(json, "problem", status->problem.text[0] ? status->problem.text : NULL);
	kx_json_print(stdout, json);
}

static int crash_status(const struct kx_tool *tool, const struct kx_machine *machine,
			const struct kx_args *args)
{
	_cleanup_(kx_target_clear) struct kx_target target = { 0 };
	struct status status = { .machine = machine };

	if (kx_iomem_crash(&machine->iomem, &status.regions) < 0) {
		kx_say("out of memory");
		return KX_EXIT_ERROR;
	}
	status.code = kx_target_make(tool, machine, args, &target, &status.unknown);
	if (status.code == 0)
		status.target = &target;
	find_problem(&status);
	if (args->json)
		print_status_json(&status);
	else
		print_status(&status);
	kx_ranges_clear(&status.regions);
	if (machine->crash_loaded == KX_UNKNOWN)
		return KX_EXIT_ERROR;
	if (machine->crash_loaded == KX_NO)
		return KX_EXIT_NO;
	return status.problem.text[0] ? KX_EXIT_WARNINGS : KX_EXIT_YES;
}

/* ---- which of them --------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*run)(const struct kx_tool *tool, const struct kx_machine *machine,
		   const struct kx_args *args);
} questions[] = {
	{ "status", crash_status },
	{ "size", kx_crash_size },
	{ "test", kx_crash_test },
};

/* What the question has no use for. */
static const char *stray_option(const struct kx_args *args)
{
	bool is_status = !strcmp(args->operands[0], "status");

	if (args->shrink && strcmp(args->operands[0], "size") != 0)
		return "shrink";
	if (args->timeout && strcmp(args->operands[0], "test") != 0)
		return "timeout";
	if (is_status && args->kernel)
		return "kernel";
	if (is_status && args->initrd_count)
		return "initrd";
	return is_status && args->append ? "append" : NULL;
}

static int ask(const struct kx_tool *tool, const struct kx_args *args, size_t question)
{
	_cleanup_(kx_machine_freep) struct kx_machine *machine = NULL;
	const char *stray = stray_option(args);
	struct kx_error err = { 0 };

	if (stray) {
		kx_say("kexec crash %s takes no --%s; see `kexec crash --help`", args->operands[0],
		       stray);
		return KX_EXIT_ERROR;
	}
	if (kx_machine_read(args->machine ? args->machine : tool->root, &machine, &err) < 0) {
		kx_say("%s", err.text);
		return KX_EXIT_ERROR;
	}
	return questions[question].run(tool, machine, args);
}

int kx_cmd_crash(const struct kx_tool *tool, const struct kx_args *args)
{
	for (size_t i = 0; args->operand_count == 1 && i < KX_ARRAY_SIZE(questions); i++)
		if (!strcmp(args->operands[0], questions[i].name))
			return ask(tool, args, i);
	kx_say("kexec crash needs one of status, size, test; see `kexec crash --help`");
	return KX_EXIT_ERROR;
}
