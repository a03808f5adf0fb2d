// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include "base/overflow.h"
#include "text.h"

#define OPTION_COLUMN 28
#define HELP_WIDTH 80

static const char *const group_titles[KX_GROUP_COUNT] = {
	[KX_GROUP_ACTION] = "What to do",
	[KX_GROUP_CALL] = "Which system call",
	[KX_GROUP_IMAGE] = "What to load",
	[KX_GROUP_TRUST] = "What to trust",
	[KX_GROUP_PLACE] = "Where to load it",
	[KX_GROUP_HANDOFF] = "What to hand over",
	[KX_GROUP_CONSOLE] = "Reports between the kernels",
	[KX_GROUP_OUTPUT] = "Output",
	[KX_GROUP_NOT_BUILT] = "Understood, not built yet",
};

#define ENTRY                                                                              \
	"\n"                                                                               \
	"ENTRY is one of `kexec list`, by its id or its title, or else a kernel's file,\n" \
	"which is ./FILE where an entry has that name. Without it: what a normal reboot\n" \
	"would start. Options add to an entry's command line and initrds.\n"               \
	"An image of a disc, IMAGE.iso [ENTRY], has entries of its own.\n"                 \
	"\n"

static const struct {
	enum kx_verb verb;
	const char *text;
} usages[] = {
	{ KX_PLAN,
	  "usage: kexec plan [OPTION]... [ENTRY]\n"
	  "Show what loading ENTRY would put where, and why; changes nothing.\n" ENTRY
	  "Takes the options of a load. Exit status: 0 it can be loaded, 1 with warnings,\n"
	  "2 it cannot, 3 usage or internal error.\n" },
	{ KX_STATUS,
	  "usage: kexec status [OPTION]...\n"
	  "Show what is loaded, and what may be. Exit status: 0 a kernel is loaded,\n"
	  "1 only one for a panic is, 2 none is, 3 not known, usage or internal error.\n" },
	{ KX_CHECK, "usage: kexec check [OPTION]...\n"
		    "Can this machine kexec, and if not, why, and what can be done? Exit status:\n"
		    "0 yes, 1 yes with warnings, 2 no, 3 usage or internal error.\n" },
	{ KX_MACHINE,
	  "usage: kexec machine --save DIR\n"
	  "Save the facts about this machine, for --machine DIR elsewhere. Seeds, keys and\n"
	  "KASLR offsets are left out. Exit status: 0 saved, 3 usage or internal error.\n" },
	{ KX_LAST,
	  "usage: kexec last [OPTION]...\n"
	  "How long the jump took that started this kernel, phase by phase. Exit status:\n"
	  "0 all is known, 1 not each phase, 2 there was no jump by kexec_load, 3 usage or\n"
	  "internal error.\n" },
	{ KX_CRASH, "usage: kexec crash status|size|test [OPTION]...\n"
		    "The kernel that is started when this one panics.\n"
		    "\n"
		    "  status    is one loaded, and will it run?\n"
		    "  size      how much memory does it need, and is so much kept for it?\n"
		    "  test      the same, measured by starting it in small virtual machines\n"
		    "\n"
		    "Exit status: 0 yes, 1 with warnings, 2 no, 3 usage or internal error.\n" },
	{ KX_LIST,
	  "usage: kexec list [OPTION]... [IMAGE.iso]\n"
	  "What the boot loader could start here, with what a normal reboot would start\n"
	  "marked by *; or what an image of a disc has in its menu. Exit status: 0 there\n"
	  "is something to start, 1 with warnings, 2 there is nothing, 3 usage or internal\n"
	  "error.\n" },
	{ KX_MENU,
	  "usage: kexec menu [OPTION]...\n"
	  "Choose from the entries of `kexec list` on a terminal: start one as `kexec\n"
	  "reboot` does, load it, edit its command line or see the plan; ? lists the keys.\n"
	  "Exit status: 0 init is shutting down, or it is loaded, 1 with warnings,\n"
	  "2 nothing was started, 3 usage or internal error.\n" },
	{ KX_LOAD,
	  "usage: kexec load [OPTION]... [ENTRY]\n"
	  "Load ENTRY, to be started later.\n" ENTRY
	  "Exit status: 0 loaded, 1 with warnings, 2 not loaded, 3 usage or internal error.\n" },
	{ KX_EXEC,
	  "usage: kexec exec [OPTION]...\n"
	  "Start the loaded kernel now. Nothing is shut down or unmounted, so that at a\n"
	  "terminal it takes --now. Exit status: 2 it was not started, 3 usage or internal\n"
	  "error.\n" },
	{ KX_UNLOAD, "usage: kexec unload\n"
		     "Unload the loaded kernel. Exit status: 0 none is loaded now, 2 it cannot be\n"
		     "unloaded, 3 usage or internal error.\n" },
	{ KX_COLDREBOOT,
	  "usage: kexec coldreboot\n"
	  "Reboot through the firmware, whatever is loaded and kexec.conf(5) says. Exit\n"
	  "status: 0 init is shutting down, 2 it will not, 3 usage or internal error.\n" },
	{ KX_REBOOT,
	  "usage: kexec reboot [OPTION]... [ENTRY]\n"
	  "Load ENTRY, shut down cleanly by the running init, and start it.\n" ENTRY
	  "Exit status: 0 init is shutting down, 1 with warnings, 2 it will not, 3 usage or\n"
	  "internal error.\n" },
	{ KX_NETBOOT,
	  "usage: kexec netboot [OPTION]... DISTRIBUTION|ADDRESS\n"
	  "Load the installer of a distribution from its mirror, or what an iPXE script or\n"
	  "a PXELINUX configuration at an address starts. Serial consoles of the running\n"
	  "system are handed on.\n"
	  "\n"
	  "  kexec netboot debian --release=12 --reboot\n"
	  "\n"
	  "Takes the options of a load. Exit status: 0 loaded, 1 with warnings, 2 not\n"
	  "loaded, 3 usage or internal error.\n" },
	{ KX_CLASSIC,
	  "usage: kexec [OPTION]... [KERNEL]\n"
	  "       kexec VERB [OPTION]...\n"
	  "Start another kernel from the running one.\n"
	  "\n"
	  "  kexec --load KERNEL --initrd=FILE --reuse-cmdline    load it\n"
	  "  kexec --exec                                         and start it\n"
	  "\n"
	  "KERNEL with none of -l -p -e -f -u: load it, then ask init for a clean reboot.\n"
	  "\n"
	  "Verbs, as the first argument only; each has its own --help:\n"
	  "  list        what the boot loader could start here\n"
	  "  menu        choose one of these at a terminal\n"
	  "  load        load one of these, or a file, to be started later\n"
	  "  reboot      load it, shut down cleanly, and start it\n"
	  "  netboot     load an installer, or what a menu on the network starts\n"
	  "  exec        start the loaded kernel now, without shutting down\n"
	  "  unload      unload the loaded kernel\n"
	  "  coldreboot  reboot through the firmware, whatever is loaded\n"
	  "  plan        show what a load would put where, and why; changes nothing\n"
	  "  status      what is loaded, and what may be\n"
	  "  check       can this machine kexec, and if not, why\n"
	  "  machine     save the facts about this machine\n"
	  "  last        how long the jump took that started this kernel\n"
	  "  crash       is there a kernel for a panic, and has it memory enough\n" },
};

static void print_usage(FILE *out, enum kx_verb verb)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(usages); i++)
		if (usages[i].verb == verb)
			fputs(usages[i].text, out);
}

static void print_option(FILE *out, const struct kx_option *option)
{
	char left[80];
	int used;

	used = snprintf(left, sizeof(left), "  %c%c%s --%s%s%s%s%s", option->letter ? '-' : ' ',
			option->letter ? option->letter : ' ', option->letter ? "," : " ",
			option->name, option->optional ? "[" : "", option->arg ? "=" : "",
			option->arg ? option->arg : "", option->optional ? "]" : "");
	fputs(left, out);
	if (used >= OPTION_COLUMN) {
		fputc('\n', out);
		used = 0;
	}
	kx_text_wrap(out, option->help, (unsigned)used, OPTION_COLUMN, HELP_WIDTH);
}

static void print_group(FILE *out, enum kx_verb verb, enum kx_option_group group)
{
	bool titled = false;

	for (size_t i = 0; i < kx_option_count; i++) {
		const struct kx_option *option = &kx_options[i];

		if (option->group != group || !(option->verbs & verb))
			continue;
		if (!titled)
			fprintf(out, "\n%s:\n", group_titles[group]);
		titled = true;
		print_option(out, option);
	}
}

void kx_help_print_types(FILE *out)
{
	fputs("Types of kernel files:\n", out);
	for (size_t i = 0; kx_format_name(i); i++)
		fprintf(out, "  %-16s%s\n", kx_format_name(i), kx_format_summary(i));
}

void kx_help_print(FILE *out, enum kx_verb verb)
{
	print_usage(out, verb);
	for (int group = 0; group < KX_GROUP_COUNT; group++)
		print_group(out, verb, (enum kx_option_group)group);
	if (verb & (KX_CLASSIC | KX_PLAN | KX_LOAD | KX_REBOOT | KX_NETBOOT)) {
		fputc('\n', out);
		kx_help_print_types(out);
	}
}
