// SPDX-License-Identifier: GPL-2.0-or-later
/* kexec load, exec, unload, reboot and coldreboot. */
#include "tool.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sys.h"
#include "util.h"

static int status_of(int r)
{
	return r == -EINVAL || r == -ENOMEM ? KX_EXIT_ERROR : KX_EXIT_NO;
}

static int fail(int r, const struct kx_error *err)
{
	kx_say("%s", err->text);
	return status_of(r);
}

static int no_operand(const struct kx_args *args, const char *verb)
{
	if (!args->operand_count)
		return 0;
	kx_say("kexec %s takes no argument; see `kexec %s --help`", verb, verb);
	return KX_EXIT_ERROR;
}

/* ---- load ------------------------------------------------------------------------------------ */

/* A crash kernel is started by a panic, which consumes nothing. */
static size_t note_effects(const struct kx_tool *tool, const struct kx_choice *choice)
{
	int r;

	if (!choice->entry || choice->args.panic)
		return 0;
	r = kx_effects_note(tool->root, &choice->volumes, &choice->entries, choice->entry);
	if (r < 0)
		kx_say("warning: cannot note in " KX_EFFECTS_FILE " what the boot loader would "
		       "keep of this start, as that a choice was for once: %s",
		       strerror(-r));
	return r < 0;
}

/* Exit status; the kernel is loaded when it is KX_EXIT_YES or KX_EXIT_WARNINGS. */
static int load(const struct kx_tool *tool, const struct kx_args *args)
{
	_cleanup_(kx_choice_clear) struct kx_choice choice = KX_CHOICE_NONE;
	struct kx_loaded loaded = { 0 };
	struct kx_error err = { 0 };
	int r = kx_args_built(args, &err);

	if (r == 0)
		r = kx_choice_find(tool, args, &choice, &err);
	if (r == 0) {
		kx_args_warn(&choice.args);
		r = kx_load(tool, &choice.args, &loaded, &err);
	}
	if (r < 0) {
		kx_say_not_loaded(tool, args, &loaded, &err);
		return status_of(r);
	}
	loaded.warnings += note_effects(tool, &choice);
	if (choice.entry)
		kx_say("loaded \"%s\"", choice.entry->title);
	return loaded.warnings ? KX_EXIT_WARNINGS : KX_EXIT_YES;
}

int kx_cmd_load(const struct kx_tool *tool, const struct kx_args *args)
{
	_cleanup_(kx_effects_clear) struct kx_effects effects = { 0 };
	/* For a shutdown that has begun, what somebody has loaded before it is what is wanted. */
	bool stays = args->commit && kx_is_loaded(tool) == KX_YES;
	int status = stays ? KX_EXIT_YES : load(tool, args);

	if (!args->commit || (status != KX_EXIT_YES && status != KX_EXIT_WARNINGS))
		return status;
	return kx_write_effects(tool, &effects) ? KX_EXIT_WARNINGS : status;
}

int kx_cmd_unload(const struct kx_tool *tool, const struct kx_args *args)
{
	struct kx_error err = { 0 };
	int status = no_operand(args, "unload");

	if (status || kx_unload_loaded(tool, false, &err) == 0)
		return status;
	kx_say("cannot unload: %s", err.text);
	return KX_EXIT_NO;
}

/* ---- exec ------------------------------------------------------------------------------------ */

int kx_cmd_exec(const struct kx_tool *tool, const struct kx_args *args)
{
	struct kx_error err = { 0 };
	int status = no_operand(args, "exec");

	if (status)
		return status;
	if (kx_is_loaded(tool) == KX_NO) {
		kx_say("nothing is loaded; load an entry or a file first with `kexec load`");
		return KX_EXIT_NO;
	}
	/* Who types it may expect a shutdown; a script was written by somebody who knows. */
	if (!args->now && isatty(STDIN_FILENO)) {
		kx_say("nothing is shut down or unmounted by this: use `kexec reboot` for that, or "
		       "`kexec exec --now` to start the loaded kernel all the same");
		return KX_EXIT_NO;
	}
	return fail(kx_jump(tool, args, &err), &err);
}

/* ---- reboot ---------------------------------------------------------------------------------- */

/* Written before init is asked, since from then on file systems go away; and taken back when it refuses. */
static int shut_down(const struct kx_tool *tool, const struct kx_init *init)
{
	_cleanup_(kx_effects_clear) struct kx_effects effects = { 0 };
	struct kx_error err = { 0 };
	size_t warnings = kx_write_effects(tool, &effects);
	int r = kx_init_ask(tool, init, &err);

	if (r == 0)
		return warnings ? KX_EXIT_WARNINGS : KX_EXIT_YES;
	kx_effects_undo(tool->root, &effects);
	if (r < 0)
		return fail(r, &err);
	kx_say("%s did not agree to shut down: %s ended with status %d", init->name, init->argv[0],
	       r);
	return KX_EXIT_NO;
}

int kx_cmd_reboot(const struct kx_tool *tool, const struct kx_args *args)
{
	struct kx_init init;
	int status, r = kx_init_find(tool, &init);

	if (r < 0) {
		kx_say("out of memory");
		return KX_EXIT_ERROR;
	}
	if (!init.jumps) {
		kx_say("cannot reboot into another kernel: a shutdown by %s ends in the firmware; "
		       "%s, or use `kexec load` and end your own shutdown with `kexec exec`",
		       init.name, init.remedy);
		return KX_EXIT_NO;
	}
	status = load(tool, args);
	if (status != KX_EXIT_YES && status != KX_EXIT_WARNINGS)
		return status;
	r = shut_down(tool, &init);
	return r ? r : status;
}

int kx_cmd_coldreboot(const struct kx_tool *tool, const struct kx_args *args)
{
	static const char *const argv[] = { "coldreboot", NULL };
	int r, status = no_operand(args, argv[0]);

	if (status)
		return status;
	r = tool->sys->run(tool->sys->data, argv);
	if (r < 0)
		kx_say("cannot run coldreboot: %s; it is installed with kexec", strerror(-r));
	return r ? KX_EXIT_NO : KX_EXIT_YES;
}
