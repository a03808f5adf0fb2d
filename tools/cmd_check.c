// SPDX-License-Identifier: GPL-2.0-or-later
/* kexec check: can this machine kexec, and if not, why and what to do. */
#include "tool.h"

#include "json.h"
#include "url.h"
#include "util.h"

/* What is not known is a warning: it may turn out to be an obstacle. */
static int exit_status(const struct kx_report *report)
{
	int status = KX_EXIT_YES;

	for (size_t i = 0; i < report->count; i++) {
		const struct kx_finding *finding = &report->findings[i];

		if (finding->verdict == KX_NO)
			return KX_EXIT_NO;
		if (finding->warning || finding->verdict == KX_UNKNOWN)
			status = KX_EXIT_WARNINGS;
	}
	return status;
}

static const char *const verdicts[] = { "yes", "yes, with warnings", "no" };

static void print_json(const struct kx_report *report)
{
	struct json_object *json = kx_json_new(), *findings = json_object_new_array();
	int status = exit_status(report);

	json_object_object_add(json, "can_kexec", json_object_new_boolean(status != KX_EXIT_NO));
	for (size_t i = 0; i < report->count; i++) {
		const struct kx_finding *from = &report->findings[i];
		struct json_object *finding = json_object_new_object();

		kx_json_string(finding, "id", from->id);
		kx_json_string(finding, "verdict", kx_fact_name(from->verdict));
		json_object_object_add(finding, "warning", json_object_new_boolean(from->warning));
		kx_json_string(finding, "found", from->found);
		kx_json_string(finding, "remedy", from->remedy);
		json_object_array_add(findings, finding);
	}
	json_object_object_add(json, "findings", findings);
	kx_json_print(stdout, json);
}

static const char *mark_of(const struct kx_finding *finding)
{
	if (finding->verdict == KX_NO)
		return "no";
	if (finding->verdict == KX_UNKNOWN)
		return "unknown";
	return finding->warning ? "warning" : "ok";
}

#define MARK_COLUMN 10

static void print_text(const struct kx_report *report)
{
	struct kx_style style = kx_style_of(stdout);

	for (size_t i = 0; i < report->count; i++) {
		const struct kx_finding *finding = &report->findings[i];
		int used = printf("%-*s", MARK_COLUMN, mark_of(finding));

		used += printf("%s:", finding->id);
		kx_text_wrap(stdout, finding->found, (unsigned)used, MARK_COLUMN, style.width);
		if (finding->remedy) {
			used = printf("%*s%s", MARK_COLUMN, "", "what to do:");
			kx_text_wrap(stdout, finding->remedy, (unsigned)used, MARK_COLUMN,
				     style.width);
		}
	}
	printf("\ncan this machine kexec: %s\n", verdicts[exit_status(report)]);
}

int kx_cmd_check(const struct kx_tool *tool, const struct kx_args *args)
{
	_cleanup_(kx_machine_freep) struct kx_machine *machine = NULL;
	_cleanup_(kx_report_clear) struct kx_report report = { 0 };
	struct kx_error err = { 0 };

	if (args->operand_count) {
		kx_say("kexec check takes no argument \"%s\"; see `kexec check --help`",
		       kx_url_text(args->operands[0]).s);
		return KX_EXIT_ERROR;
	}
	if (kx_machine_read(args->machine ? args->machine : tool->root, &machine, &err) < 0 ||
	    kx_check(machine, &report, &err) < 0) {
		kx_say("%s", err.text);
		return KX_EXIT_ERROR;
	}
	if (args->json)
		print_json(&report);
	else
		print_text(&report);
	return exit_status(&report);
}
