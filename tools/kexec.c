// SPDX-License-Identifier: GPL-2.0-or-later
/* Which verb it is; everything before the work itself. */
#include "tool.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/overflow.h"
#include "util.h"

#define EXIT_USAGE_CLASSIC 1
#define EXIT_INPUT_GONE 255 /* kexec-tools' status when something cannot be done */

struct verb {
	const char *name; /* NULL: none, kexec-tools' grammar */
	enum kx_verb id;
	int (*run)(const struct kx_tool *tool, const struct kx_args *args);
};

static const struct verb verbs[] = {
	{ "plan", KX_PLAN, kx_cmd_plan },       { "status", KX_STATUS, kx_cmd_status },
	{ "check", KX_CHECK, kx_cmd_check },    { "machine", KX_MACHINE, kx_cmd_machine },
	{ "last", KX_LAST, kx_cmd_last },       { "crash", KX_CRASH, kx_cmd_crash },
	{ "list", KX_LIST, kx_cmd_list },       { "load", KX_LOAD, kx_cmd_load },
	{ "exec", KX_EXEC, kx_cmd_exec },       { "unload", KX_UNLOAD, kx_cmd_unload },
	{ "reboot", KX_REBOOT, kx_cmd_reboot }, { "coldreboot", KX_COLDREBOOT, kx_cmd_coldreboot },
	{ "menu", KX_MENU, kx_cmd_menu },       { "netboot", KX_NETBOOT, kx_cmd_netboot },
	{ NULL, KX_CLASSIC, kx_cmd_classic },
};

/* Only the first argument can be a verb; a file of that name is written ./plan. */
static const struct verb *find_verb(int argc, char **argv)
{
	const struct verb *verb = verbs;

	while (verb->name && (argc < 2 || strcmp(argv[1], verb->name) != 0))
		verb++;
	return verb;
}

/* As kexec-tools: 0 where nothing is reserved, and exit status 0 whatever happens. */
static void print_crash_size(const struct kx_tool *tool)
{
	_cleanup_(kx_machine_freep) struct kx_machine *machine = NULL;
	struct kx_error err = { 0 };
	uint64_t size = 0;

	if (kx_machine_read(tool->root, &machine, &err) < 0)
		kx_say("%s", err.text);
	else if (kx_machine_crash_size(machine, &size) < 0)
		size = 0;
	printf("%" PRIu64 "\n", size);
}

static int run_stop(const struct kx_tool *tool, const struct verb *verb,
		    const struct kx_option *stop)
{
	if (stop->letter == 'h')
		kx_help_print(stdout, verb->id);
	else if (stop->letter == 'v')
		puts("kexec-next " KX_VERSION);
	else
		print_crash_size(tool);
	return 0;
}

static int usage_error(const struct verb *verb, const struct kx_error *err)
{
	kx_say("%s; see `kexec %s%s--help`", err->text, verb->name ? verb->name : "",
	       verb->name ? " " : "");
	return verb->name ? KX_EXIT_ERROR : EXIT_USAGE_CLASSIC;
}

/*
 * Files are mapped, not copied: one that is cut while it is read, or whose disk fails, ends here. No kernel has been
 * given to the system by then, since it reads its inputs by itself and would only answer with an error.
 */
static void input_is_gone(int number)
{
	static const char text[] =
		"kexec: cannot read an input to its end: the file was cut, or its disk "
		"fails; nothing was loaded\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(EXIT_INPUT_GONE);
}

static int run(const struct kx_tool *tool, const struct verb *verb, int argc, char **argv)
{
	_cleanup_(kx_args_clear) struct kx_args args = { 0 };
	struct kx_error err = { 0 };

	if (kx_args_parse(verb->id, argc, argv, &args, &err) < 0)
		return usage_error(verb, &err);
	if (args.stop)
		return run_stop(tool, verb, args.stop);
	if (args.type && !strcmp(args.type, "help"))
		return kx_cmd_types(tool, &args);
	return verb->run(tool, &args);
}

/* Everybody may list a process's arguments, where users and passwords in addresses are blotted out; we go on with copies. */
static void hide_users(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *host = strstr(argv[i], "://"), *at, *copy;

		at = host ? memrchr(host + 3, '@', strcspn(host + 3, "/?#")) : NULL;
		copy = at ? strdup(argv[i]) : NULL;
		if (!copy)
			continue;
		memset(host + 3, '*', (size_t)(at - host) - 3);
		argv[i] = copy;
	}
}

int kx_tool_main(int argc, char **argv, const struct kx_tool *tool)
{
	const struct verb *verb = find_verb(argc, argv);
	int skip = verb->name ? 1 : 0, status;

	signal(SIGBUS, input_is_gone);
	hide_users(argc, argv);
	setlocale(LC_CTYPE, ""); /* for the terminal's characters; numbers stay as they are */
	status = run(tool, verb, argc - skip, argv + skip);
	if (fflush(stdout) == EOF) {
		kx_say("cannot write to standard output: %s", strerror(errno));
		status = status ? status : verb->name ? KX_EXIT_ERROR : EXIT_USAGE_CLASSIC;
	}
	return status;
}
