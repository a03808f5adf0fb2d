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

/* The kernel takes the old crash kernel out before it looks at the new one. */
static void say_what_is_left(const struct kx_tool *tool)
{
	_cleanup_(kx_machine_freep) struct kx_machine *machine = NULL;
	struct kx_error ignored = { 0 };
	enum kx_fact loaded = KX_UNKNOWN;

	if (kx_machine_read(tool->root, &machine, &ignored) == 0)
		loaded = kx_machine_crash_loaded(machine);
	if (loaded == KX_YES)
		kx_say("the crash kernel that was loaded before is still loaded");
	else
		kx_say("no crash kernel is loaded now%s: a panic will leave no dump",
		       loaded == KX_NO ? "" : ", as far as can be told");
}

/* *ret_asked: the kernel was asked to load it. */
static int load_order(const struct kx_tool *tool, const struct kx_args *args,
		      const struct kx_machine *machine, const struct kx_order *order,
		      bool *ret_asked, struct kx_error *err)
{
	_cleanup_(kx_plan_freep) struct kx_plan *plan = NULL;
	int r;

	r = kx_plan_make(machine, &order->request, &plan, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < kx_plan_warning_count(plan); i++)
		kx_say("warning: %s", kx_plan_warning(plan, i));
	if (args->debug)
		kx_plan_print(stderr, plan, order, machine);
	kx_progress_begin("loading");
	r = kx_plan_load(tool->sys, plan, err);
	kx_progress_end();
	*ret_asked = true;
	return r;
}

/* Where the next kernel goes is known to this load alone. Weak bytes, early after a boot, are as good as its own means. */
static int draw_seed(const struct kx_tool *tool, struct kx_request *request, struct kx_error *err)
{
	int r;

	if (request->method == KX_METHOD_FILE_LOAD || request->fast == KX_FAST_NONE)
		return 0;
	r = tool->sys->random(tool->sys->data, request->kaslr_seed, sizeof(request->kaslr_seed));
	return r < 0 ? kx_fail(err, -r, "cannot get random bytes for the next kernel's place: %s",
			       strerror(-r))
		     : 0;
}

static int load(const struct kx_tool *tool, const struct kx_args *args, bool *ret_asked,
		struct kx_error *err)
{
	_cleanup_(kx_machine_freep) struct kx_machine *machine = NULL;
	_cleanup_(kx_order_clear) struct kx_order order = { 0 };
	int r;

	r = kx_machine_read(tool->root, &machine, err);
	if (r == 0)
		r = kx_order_make(machine, args, &order, err);
	if (r == 0)
		r = draw_seed(tool, &order.request, err);
	if (r == 0)
		r = load_order(tool, args, machine, &order, ret_asked, err);
	return r;
}

static int run_load(const struct kx_tool *tool, const struct kx_args *args)
{
	struct kx_error err = { 0 };
	bool asked = false;

	if (!args->operand_count) {
		kx_say("no kernel given; see `kexec --help`");
		return EXIT_FAILED;
	}
	kx_args_warn(args);
	if (load(tool, args, &asked, &err) == 0)
		return 0;
	kx_say("%s", err.text);
	if (asked && args->panic)
		say_what_is_left(tool);
	return EXIT_FAILED;
}

/* ---- exec ------------------------------------------------------------------------------------ */

/*
 * Does the kernel say that nothing is loaded? Asked with the least that can fail or take time; with
 * /sys gone the jump itself will tell.
 */
static bool nothing_loaded(const struct kx_tool *tool)
{
	static const char *const files[] = { "sys/kernel/kexec/loaded", "sys/kernel/kexec_loaded" };

	for (size_t i = 0; i < 2; i++) {
		char path[4096];
		FILE *file;
		int c;

		snprintf(path, sizeof(path), "%s/%s", tool->root, files[i]);
		file = fopen(path, "re");
		if (!file)
			continue;
		c = fgetc(file);
		fclose(file);
		return c == '0';
	}
	return false;
}

static int run_exec(const struct kx_tool *tool, const struct kx_args *args)
{
	unsigned flags = args->no_sync ? KX_EXEC_NO_SYNC : 0;
	bool network = false;
	struct kx_error err = { 0 };

	if (args->no_ifdown) {
		flags |= KX_EXEC_KEEP_NETWORK;
	} else if (kx_root_on_network(tool->root) == KX_YES ||
		   tool->sys->root_on_network(tool->sys->data)) {
		kx_say("the root file system is on the network: its interfaces stay up");
		flags |= KX_EXEC_KEEP_NETWORK;
		network = true;
	}
	/* Where no file system may be waited for, none is written to. */
	if (!args->no_sync && !network)
		kx_last_note(tool->root);
	if (args->debug)
		kx_say("starting the loaded kernel");
	if (kx_exec(tool->sys, flags, &err) == 0)
		return 0;
	kx_say("%s", err.text);
	return EXIT_FAILED;
}

static int run_shutdown(const struct kx_tool *tool)
{
	int r = tool->sys->clean_reboot(tool->sys->data);

	if (r < 0)
		kx_say("cannot ask init for a reboot: %s; reboot cleanly by hand, or run `kexec "
		       "--exec`",
		       strerror(-r));
	return r < 0 ? EXIT_FAILED : 0;
}

static int run_start(const struct kx_tool *tool, const struct kx_args *args)
{
	if (nothing_loaded(tool)) {
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
	_cleanup_(kx_machine_freep) struct kx_machine *machine = NULL;
	struct kx_error err = { 0 };

	/* Without /proc or /sys the kernel's answers have to do. */
	kx_machine_read(tool->root, &machine, &err);
	if (kx_unload(tool->sys, machine, args->panic, &err) == 0)
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
