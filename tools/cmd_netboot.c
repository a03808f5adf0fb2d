// SPDX-License-Identifier: GPL-2.0-or-later
/* kexec netboot: a load, a plan or a reboot of what a distribution or a menu on the network names. */
#include "tool.h"

static void say_next(int status)
{
	if (status != KX_EXIT_YES && status != KX_EXIT_WARNINGS)
		return;
	kx_say("loaded; `kexec exec --now` starts it without shutting down, and with --reboot it "
	       "is "
	       "loaded and started after a clean shutdown");
}

int kx_cmd_netboot(const struct kx_tool *tool, const struct kx_args *args)
{
	struct kx_args load = *args;
	int status;

	load.netboot = 1;
	if (args->plan && args->reboot) {
		kx_say("--plan changes nothing, and --reboot does; give one of them");
		return KX_EXIT_ERROR;
	}
	if (args->json && !args->plan) {
		kx_say("--json goes with --plan; a load says nothing but what failed");
		return KX_EXIT_ERROR;
	}
	if (args->plan)
		return kx_cmd_plan(tool, &load);
	if (args->reboot)
		return kx_cmd_reboot(tool, &load);
	status = kx_cmd_load(tool, &load);
	say_next(status);
	return status;
}
