// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of options as lines of tab-separated fields, for the tests of what is written about it
 * elsewhere. */
#include "options.h"

static const char *verbs_of(const struct kx_option *option)
{
	static const struct {
		unsigned id;
		const char *name;
	} verbs[] = {
		{ KX_CLASSIC, "classic" }, { KX_PLAN, "plan" },
		{ KX_STATUS, "status" },   { KX_CHECK, "check" },
		{ KX_MACHINE, "machine" }, { KX_LAST, "last" },
		{ KX_CRASH, "crash" },     { KX_LIST, "list" },
		{ KX_LOAD, "load" },       { KX_EXEC, "exec" },
		{ KX_UNLOAD, "unload" },   { KX_COLDREBOOT, "coldreboot" },
		{ KX_REBOOT, "reboot" },   { KX_MENU, "menu" },
		{ KX_NETBOOT, "netboot" },
	};
	static char text[128];
	int used = 0;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (option->verbs & verbs[i].id)
			used += snprintf(text + used, sizeof(text) - (size_t)used, "%s%s",
					 used ? "," : "", verbs[i].name);
	return text;
}

int main(void)
{
	for (size_t i = 0; i < kx_option_count; i++) {
		const struct kx_option *o = &kx_options[i];

		printf("%s\t%c\t%s\t%s\t%s\t%s\t%s\n", o->name, o->letter ? o->letter : '-',
		       o->arg ? o->arg : "-", verbs_of(o),
		       o->kind == KX_OPT_NOT_BUILT ? "not-built" : "built",
		       o->ours ? "ours" : "kexec-tools", o->help);
	}
	return 0;
}
