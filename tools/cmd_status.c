// SPDX-License-Identifier: GPL-2.0-or-later
/* kexec status: what is loaded, and what may be. */
#include "tool.h"

#include <inttypes.h>

#include "json.h"
#include "names.h"
#include "url.h"
#include "util.h"

#define METHODS 2

struct state {
	enum kx_fact loaded, crash_loaded;
	bool have_crash_size;
	uint64_t crash_size;
	enum kx_fact allowed[METHODS]; /* kexec_load, kexec_file_load */
	struct kx_error why[METHODS];
};

static const enum kx_method methods[METHODS] = { KX_METHOD_LOAD, KX_METHOD_FILE_LOAD };

static void find_state(const struct kx_machine *machine, struct state *state)
{
	state->loaded = kx_machine_loaded(machine);
	state->crash_loaded = kx_machine_crash_loaded(machine);
	state->have_crash_size = kx_machine_crash_size(machine, &state->crash_size) == 0;
	for (size_t i = 0; i < METHODS; i++)
		state->allowed[i] = kx_allowed(machine, methods[i], false, &state->why[i]);
}

static void print_json(const struct state *state)
{
	struct json_object *json = kx_json_new(), *allowed = json_object_new_object(),
			   *reasons = json_object_new_array();

	kx_json_fact(json, "loaded", state->loaded);
	kx_json_fact(json, "crash_loaded", state->crash_loaded);
	if (state->have_crash_size)
		kx_json_size(json, "crash_size", state->crash_size);
	else
		kx_json_string(json, "crash_size", NULL);
	for (size_t i = 0; i < METHODS; i++) {
		char reason[KX_ERROR_TEXT_MAX + 32];

		kx_json_fact(allowed, kx_method_name(methods[i]), state->allowed[i]);
		if (state->allowed[i] == KX_YES)
			continue;
		snprintf(reason, sizeof(reason), "%s: %s", kx_method_name(methods[i]),
			 state->why[i].text);
		json_object_array_add(reasons, kx_json_text(reason));
	}
	json_object_object_add(json, "allowed", allowed);
	json_object_object_add(json, "reasons", reasons);
	kx_json_print(stdout, json);
}

static void print_text(const struct state *state)
{
	printf("%-24s%s\n", "loaded", kx_fact_name(state->loaded));
	printf("%-24s%s\n", "loaded for a panic", kx_fact_name(state->crash_loaded));
	printf("%-24s%s\n", "kept for a panic",
	       state->have_crash_size ? kx_size_text(state->crash_size).s : "unknown");
	for (size_t i = 0; i < METHODS; i++) {
		printf("%-24s%s", kx_method_name(methods[i]), kx_fact_name(state->allowed[i]));
		if (state->allowed[i] != KX_YES) {
			fputs(": ", stdout);
			kx_text_put(stdout, state->why[i].text);
		}
		putchar('\n');
	}
}

static int exit_status(const struct state *state)
{
	if (state->loaded == KX_YES)
		return KX_EXIT_YES;
	if (state->loaded == KX_UNKNOWN)
		return KX_EXIT_ERROR;
	return state->crash_loaded == KX_YES ? KX_EXIT_WARNINGS : KX_EXIT_NO;
}

int kx_cmd_status(const struct kx_tool *tool, const struct kx_args *args)
{
	_cleanup_(kx_machine_freep) struct kx_machine *machine = NULL;
	struct kx_error err = { 0 };
	struct state state = { 0 };

	if (args->operand_count) {
		kx_say("kexec status takes no argument \"%s\"; see `kexec status --help`",
		       kx_url_text(args->operands[0]).s);
		return KX_EXIT_ERROR;
	}
	if (kx_machine_read(args->machine ? args->machine : tool->root, &machine, &err) < 0) {
		kx_say("%s", err.text);
		return KX_EXIT_ERROR;
	}
	find_state(machine, &state);
	if (args->json)
		print_json(&state);
	else
		print_text(&state);
	return exit_status(&state);
}
