// SPDX-License-Identifier: GPL-2.0-or-later
/* The jump, and what has to be done before it. */
#include "tool.h"

#include <string.h>

#include "sys.h"
#include "util.h"

enum kx_fact kx_is_loaded(const struct kx_tool *tool)
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
		return c == '0' ? KX_NO : c == '1' ? KX_YES : KX_UNKNOWN;
	}
	return KX_UNKNOWN;
}

size_t kx_write_effects(const struct kx_tool *tool, struct kx_effects *ret)
{
	_cleanup_(kx_names_clear) struct kx_names problems = { 0 };
	int r = kx_effects_read(tool->root, ret);

	if (r == 0)
		r = kx_effects_write(tool->root, ret, &problems);
	if (r < 0)
		kx_say("warning: cannot read what the boot loader would keep of this start: %s",
		       strerror(-r));
	for (size_t i = 0; i < problems.count; i++)
		kx_say("warning: cannot write what the boot loader would keep of this start, as "
		       "that a choice was for once: %s",
		       problems.v[i]);
	return (r < 0) + problems.count;
}

/*
 * The last moment, when what was loaded by an entry's name is started by --exec alone. After a shutdown file systems may be
 * read-only or gone; `kexec reboot` has written before it.
 */
static void write_effects(const struct kx_tool *tool, const struct kx_args *args,
			  struct kx_effects *ret)
{
	if (!args->no_sync) {
		kx_write_effects(tool, ret);
		return;
	}
	if (kx_effects_read(tool->root, ret) == 0 && ret->count)
		kx_say("warning: with --no-sync nothing is written: what the boot loader keeps of "
		       "this start, as that a choice was for once, stays as it was");
}

int kx_jump(const struct kx_tool *tool, const struct kx_args *args, struct kx_error *err)
{
	_cleanup_(kx_effects_clear) struct kx_effects effects = { 0 };
	unsigned flags = args->no_sync ? KX_EXEC_NO_SYNC : 0;
	bool network = false;
	int r;

	if (args->no_ifdown) {
		flags |= KX_EXEC_KEEP_NETWORK;
	} else if (kx_root_on_network(tool->root) == KX_YES ||
		   tool->sys->root_on_network(tool->sys->data)) {
		kx_say("the root file system is on the network: its interfaces stay up");
		flags |= KX_EXEC_KEEP_NETWORK;
		network = true;
	}
	write_effects(tool, args, &effects);
	/* Where no file system may be waited for, none is written to. */
	if (!args->no_sync && !network)
		kx_last_note(tool->root);
	if (args->debug)
		kx_say("starting the loaded kernel");
	r = kx_exec(tool->sys, flags, err);
	kx_effects_undo(tool->root, &effects);
	return r;
}
