// SPDX-License-Identifier: GPL-2.0-or-later
/* kexec machine: save the facts about this machine. */
#include "tool.h"

int kx_cmd_machine(const struct kx_tool *tool, const struct kx_args *args)
{
	struct kx_error err = { 0 };

	if (args->operand_count || !args->save) {
		kx_say("kexec machine needs --save DIR and nothing else; see `kexec machine "
		       "--help`");
		return KX_EXIT_ERROR;
	}
	if (kx_machine_save(tool->root, args->save, &err) < 0) {
		kx_say("%s", err.text);
		return KX_EXIT_ERROR;
	}
	return KX_EXIT_YES;
}
