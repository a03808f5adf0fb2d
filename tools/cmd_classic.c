// SPDX-License-Identifier: GPL-2.0-or-later
/* kexec-tools' grammar: what its options add up to, in its order, with its exit status. */
#include "tool.h"

#include <errno.h>
#include <string.h>

#include "sys.h"
#include "util.h"

/* kexec-tools ends with 1 where it finds its arguments at fault, and with -1 where work failed. */
enum { EXIT_REFUSED = 1, EXIT_FAILED = 255 };

/* ---- load ------------------------------------------------------------------------------------ */

static int run_load(const struct kx_tool *tool, const struct kx_args *args)
{
	struct kx_loaded loaded = { 0 };
	struct kx_error err = { 0 };

	if (!args->operand_count) {
		kx_say("no kernel given; see `kexec --help`");
		return EXIT_FAILED;
	}
	kx_args_warn(args);
	if (kx_load(tool, args, &loaded, &err) == 0)
		return 0;
	kx_say_not_loaded(tool, args, &loaded, &err);
	return EXIT_FAILED;
}

/* ---- exec ------------------------------------------------------------------------------------ */

static int run_exec(const struct kx_tool *tool, const struct kx_args *args)
{
	struct kx_error err = { 0 };

	if (kx_jump(tool, args, &err) == 0)
		return 0;
	kx_say("%s", err.text);
	return EXIT_FAILED;
}

static int run_shutdown(const struct kx_tool *tool)
{
	struct kx_error err = { 0 };
	struct kx_init init;
	int r = kx_init_find(tool, &init);

	if (r == 0)
		r = kx_init_ask(tool, &init, &err);
	if (r < 0)
		kx_say("%s", err.text);
	return r < 0 ? EXIT_FAILED : r;
}

static int run_start(const struct kx_tool *tool, const struct kx_args *args)
{
	if (kx_is_loaded(tool) == KX_NO) {
		kx_say("nothing is loaded; load a kernel first with `kexec --load KERNEL`");
		return EXIT_REFUSED;
	}
	return args->exec ? run_exec(tool, args) : run_shutdown(tool);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static int run_status(const struct kx_tool *tool, const struct kx_args *args)
{
	_cleanup_(kx_machine_freep) struct kx_machine *machine = NULL;
	bool crash = args->panic || !args->load_asked;
	struct kx_error err = { 0 };
	enum kx_fact loaded;

	if (kx_machine_read(tool->root, &machine, &err) < 0) {
		kx_say("%s", err.text);
		return EXIT_FAILED;
	}
	loaded = crash ? kx_machine_crash_loaded(machine) : kx_machine_loaded(machine);
	if (args->debug)
		kx_say("%s loaded: %s", crash ? "kernel for a panic" : "kernel",
		       kx_fact_name(loaded));
	if (loaded == KX_UNKNOWN) {
		kx_say("cannot tell what is loaded: /sys/kernel/kexec is not readable");
		return EXIT_FAILED;
	}
	return loaded == KX_YES;
}

static int run_unload(const struct kx_tool *tool, const struct kx_args *args)
{
	struct kx_error err = { 0 };

	if (kx_unload_loaded(tool, args->panic, &err) == 0)
		return 0;
	kx_say("cannot unload: %s", err.text);
	return EXIT_FAILED;
}

static int refuse(const struct kx_args *args)
{
	struct kx_error err = { 0 };

	if (kx_args_built(args, &err) < 0) {
		kx_say("%s", err.text);
		return EXIT_REFUSED;
	}
	if (args->image && (!args->load || args->status)) {
		kx_say("option --%s describes a kernel to load, but none is being loaded; see "
		       "`kexec --help`",
		       args->image->name);
		return EXIT_REFUSED;
	}
	return 0;
}

int kx_cmd_classic(const struct kx_tool *tool, const struct kx_args *args)
{
	int status = refuse(args);

	if (status == 0 && args->status)
		return run_status(tool, args);
	if (status == 0 && args->unload)
		status = run_unload(tool, args);
	if (status == 0 && args->load)
		status = run_load(tool, args);
	if (status == 0 && (args->exec || args->shutdown))
		status = run_start(tool, args);
	return status;
}
