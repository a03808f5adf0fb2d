// SPDX-License-Identifier: GPL-2.0-or-later
/* What every way to load goes through. */
#include "tool.h"

#include <string.h>

#include "parser.h"
#include "sys.h"
#include "util.h"

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

static int load_order(const struct kx_tool *tool, const struct kx_args *args,
		      const struct kx_machine *machine, const struct kx_order *order,
		      struct kx_loaded *ret, struct kx_error *err)
{
	_cleanup_(kx_plan_freep) struct kx_plan *plan = NULL;
	int r;

	r = kx_plan_apart(machine, &order->request, &plan, err);
	if (r < 0)
		return r;
	ret->warnings = kx_plan_warning_count(plan);
	for (size_t i = 0; i < kx_plan_warning_count(plan); i++)
		kx_say("warning: %s", kx_plan_warning(plan, i));
	if (args->debug)
		kx_plan_print(stderr, plan, order, machine);
	kx_progress_begin("loading");
	r = kx_plan_load(tool->sys, plan, err);
	kx_progress_end();
	ret->asked = true;
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

int kx_load(const struct kx_tool *tool, const struct kx_args *args, struct kx_loaded *ret,
	    struct kx_error *err)
{
	_cleanup_(kx_machine_freep) struct kx_machine *machine = NULL;
	_cleanup_(kx_order_clear) struct kx_order order = { 0 };
	int r;

	r = kx_machine_read(tool->root, &machine, err);
	if (r == 0)
		r = kx_order_make(tool, machine, args, &order, err);
	if (r == 0)
		r = draw_seed(tool, &order.request, err);
	if (r == 0)
		r = load_order(tool, args, machine, &order, ret, err);
	if (r == 0 && !args->panic)
		kx_effects_note(tool->root, NULL, NULL, NULL);
	return r;
}

void kx_say_not_loaded(const struct kx_tool *tool, const struct kx_args *args,
		       const struct kx_loaded *loaded, const struct kx_error *err)
{
	kx_say("%s", err->text);
	if (loaded->asked && args->panic)
		say_what_is_left(tool);
}

int kx_unload_loaded(const struct kx_tool *tool, bool panic, struct kx_error *err)
{
	_cleanup_(kx_machine_freep) struct kx_machine *machine = NULL;
	struct kx_error ignored = { 0 };
	int r;

	/* Without /proc or /sys the kernel's answers have to do. */
	kx_machine_read(tool->root, &machine, &ignored);
	r = kx_unload(tool->sys, machine, panic, err);
	if (r == 0 && !panic)
		kx_effects_note(tool->root, NULL, NULL, NULL);
	return r;
}
