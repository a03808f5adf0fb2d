// SPDX-License-Identifier: GPL-2.0-or-later
/* Who runs as PID 1, how it is asked for a reboot, and whether that reboot ends in the loaded kernel. */
#include "tool.h"

#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "machine/text.h"
#include "sys.h"
#include "util.h"

/* ---- what there is --------------------------------------------------------------------------- */

/* What is known of PID 1; "" for what is not. */
struct facts {
	struct kx_root root;
	char *comm, *exe;
};

static bool is_systemd(struct facts *facts)
{
	return kx_root_exists(&facts->root, "/run/systemd/system"); /* sd_booted(3) */
}

static bool is_openrc_init(struct facts *facts)
{
	return !strcmp(facts->comm, "openrc-init");
}

/* OpenRC's scripts under another program as PID 1. */
static bool is_openrc(struct facts *facts)
{
	return kx_root_exists(&facts->root, "/run/openrc/softlevel");
}

static bool is_runit(struct facts *facts)
{
	return !strcmp(facts->comm, "runit");
}

static bool is_s6(struct facts *facts)
{
	return !strcmp(facts->comm, "s6-svscan");
}

static bool is_busybox(struct facts *facts)
{
	static const char *const names[] = { "init", "linuxrc", "busybox" };
	const char *slash = strrchr(facts->exe, '/');
	bool named = false;

	/* It may be its shell, too. */
	for (size_t i = 0; i < KX_ARRAY_SIZE(names); i++)
		named |= !strcmp(facts->comm, names[i]);
	return named && slash && !strcmp(slash, "/busybox");
}

static bool is_other(struct facts *facts)
{
	return true;
}

/* ---- who does what --------------------------------------------------------------------------- */

/*
 * A reboot of systemd goes through the firmware, as does one of openrc-init: both have one of its own for this. Of the others
 * a script of the shutdown starts what is loaded, after file systems are unmounted.
 */
static const char *const ask_systemd[] = { "systemctl", "kexec", NULL };
static const char *const ask_openrc_init[] = { "openrc-shutdown", "--kexec", "now", NULL };
static const char *const ask_runit[] = { "init", "6", NULL };
static const char *const ask_busybox[] = { "reboot", NULL };
static const char *const ask_shutdown[] = { "shutdown", "-r", "now", NULL };

#define SCRIPTS_MAX 4

/**
 * struct known - an init
 * @scripts: patterns of files of which one would start what is loaded: by its name, or by a line in it; none where PID 1
 * itself does
 */
static const struct known {
	const char *name;
	bool (*is)(struct facts *facts);
	const char *const *argv;
	const char *scripts[SCRIPTS_MAX];
	const char *remedy;
} inits[] = {
	{ .name = "systemd", .is = is_systemd, .argv = ask_systemd },
	{ .name = "openrc-init", .is = is_openrc_init, .argv = ask_openrc_init },
	{ .name = "runit",
	  .is = is_runit,
	  .argv = ask_runit,
	  .scripts = { "/etc/runit/3", "/etc/runit/shutdown.d/*", "/etc/rc6.d/*kexec*" },
	  .remedy = "let /etc/runit/3 end with `kexec --exec`" },
	{ .name = "s6",
	  .is = is_s6,
	  .argv = ask_shutdown,
	  .scripts = { "/etc/s6-linux-init/current/scripts/rc.shutdown.final" },
	  .remedy = "let /etc/s6-linux-init/current/scripts/rc.shutdown.final run `kexec --exec`" },
	{ .name = "busybox init",
	  .is = is_busybox,
	  .argv = ask_busybox,
	  .scripts = { "/etc/inittab", "/etc/runlevels/*/kexec*" },
	  .remedy = "add \"::shutdown:/sbin/kexec --exec\" as the last line of that kind to "
		    "/etc/inittab" },
	{ .name = "OpenRC",
	  .is = is_openrc,
	  .argv = ask_shutdown,
	  .scripts = { "/etc/inittab", "/etc/runlevels/*/kexec*" },
	  .remedy = "let /etc/inittab reboot by `reboot -dkn`" },
	{ .name = "init",
	  .is = is_other,
	  .argv = ask_shutdown,
	  .scripts = { "/etc/rc6.d/*kexec*", "/etc/rc.d/rc6.d/*kexec*", "/etc/rc.d/rc.6",
		       "/etc/inittab" },
	  .remedy = "add a script to runlevel 6 that runs `kexec --exec` after file systems are "
		    "unmounted" },
};

/* "kexec --exec", or reboot(8) of sysvinit with its -k. */
static bool line_jumps(struct kx_view line)
{
	_cleanup_free_ char *text = strndup((const char *)line.data, line.size);

	return text && text[strspn(text, " \t")] != '#' &&
	       (strstr(text, "kexec") || !fnmatch("*reboot -[a-z]*", text, 0)) &&
	       (strstr(text, "kexec") || strchr(strstr(text, "reboot -"), 'k'));
}

static bool file_jumps(struct facts *facts, const char *path)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	const char *slash = strrchr(path, '/');
	struct kx_view rest, line;

	if (slash && strstr(slash, "kexec"))
		return true;
	if (kx_root_read(&facts->root, path, KX_CAP_VALUE, &blob) < 0)
		return false;
	rest = kx_blob_view(&blob);
	while (kx_text_line(&rest, &line))
		if (line_jumps(line))
			return true;
	return false;
}

static bool any_jumps(const struct kx_tool *tool, struct facts *facts, const char *pattern)
{
	_cleanup_free_ char *whole = NULL;
	glob_t found = { 0 };
	bool jumps = false;

	if (asprintf(&whole, "%s%s", tool->root, pattern) < 0) {
		whole = NULL;
		return false;
	}
	if (glob(whole, 0, NULL, &found) == 0)
		for (size_t i = 0; !jumps && i < found.gl_pathc; i++)
			jumps = file_jumps(facts, found.gl_pathv[i] + strlen(tool->root));
	globfree(&found);
	return jumps;
}

static void judge(const struct kx_tool *tool, struct facts *facts, const struct known *known,
		  struct kx_init *ret)
{
	*ret = (struct kx_init){ .name = known->name,
				 .argv = known->argv,
				 .jumps = !known->scripts[0],
				 .remedy = known->remedy };
	for (size_t i = 0; i < SCRIPTS_MAX && known->scripts[i]; i++)
		ret->jumps |= any_jumps(tool, facts, known->scripts[i]);
}

static int read_facts(const struct kx_tool *tool, struct facts *facts)
{
	struct kx_error ignored = { 0 };
	int r = kx_root_open(tool->root, &facts->root, &ignored);

	/* Without /proc nothing is known, and it is the last one. */
	if (r == 0)
		r = kx_root_line(&facts->root, "/proc/1/comm", &facts->comm);
	if (r != -ENOMEM)
		r = kx_root_link(&facts->root, "/proc/1/exe", &facts->exe);
	if (r != -ENOMEM && !facts->comm)
		facts->comm = strdup("");
	if (r != -ENOMEM && !facts->exe)
		facts->exe = strdup("");
	return r == -ENOMEM || !facts->comm || !facts->exe ? -ENOMEM : 0;
}

int kx_init_find(const struct kx_tool *tool, struct kx_init *ret)
{
	struct facts facts = { .root = KX_ROOT_NONE };
	int r = read_facts(tool, &facts);

	for (size_t i = 0; r == 0 && i < KX_ARRAY_SIZE(inits); i++) {
		if (!inits[i].is(&facts))
			continue;
		judge(tool, &facts, &inits[i], ret);
		break;
	}
	kx_root_close(&facts.root);
	free(facts.comm);
	free(facts.exe);
	return r;
}

int kx_init_ask(const struct kx_tool *tool, const struct kx_init *init, struct kx_error *err)
{
	int r = tool->sys->run(tool->sys->data, init->argv);

	if (r < 0)
		return kx_fail(err, -r,
			       "cannot ask %s for a reboot: %s: %s; reboot cleanly by hand, or run "
			       "`kexec --exec`",
			       init->name, init->argv[0], strerror(-r));
	return r;
}
