// SPDX-License-Identifier: LGPL-2.1-or-later
/* GRUB's commands that boot nothing: variables, conditions, files, devices. */
#include "boot/grub_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "util.h"

/* ---- variables --------------------------------------------------------------------------------- */

static int run_set(struct kx_grub *g, struct kx_grub_args args)
{
	const char *equals;
	char *name;

	if (!args.count)
		return KX_GRUB_OK;
	equals = strchr(args.v[0], '=');
	if (!equals)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "set without =: %s", args.v[0]);
	name = kx_grub_copy(g, args.v[0], (size_t)(equals - args.v[0]));
	if (name)
		kx_grub_set(g, name, equals + 1);
	return KX_GRUB_OK;
}

static int run_unset(struct kx_grub *g, struct kx_grub_args args)
{
	if (!args.count)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "unset without a name");
	kx_grub_set(g, args.v[0], NULL);
	return KX_GRUB_OK;
}

static int run_export(struct kx_grub *g, struct kx_grub_args args)
{
	int r;

	if (!args.count)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "export without a name");
	for (int i = 0; i < args.count; i++) {
		r = kx_grub_env_export(&g->arena, g->env, args.v[i]);
		if (r < 0)
			kx_grub_end(g, E2BIG, "more than %d variables", KX_GRUB_VARIABLES_MAX);
	}
	return KX_GRUB_OK;
}

static int run_shift(struct kx_grub *g, struct kx_grub_args args)
{
	int64_t n = args.count ? kx_grub_number(g, args.v[0], NULL) : 1;

	if (!g->args)
		return KX_GRUB_OK;
	if (n < 0 || n > g->args->count)
		return KX_GRUB_BAD_ARGUMENT;
	*g->args = kx_grub_args_from(*g->args, (int)n);
	return KX_GRUB_OK;
}

static int run_setparams(struct kx_grub *g, struct kx_grub_args args)
{
	if (g->args)
		*g->args = args;
	return KX_GRUB_OK;
}

static int count(struct kx_grub *g, struct kx_grub_args args, int64_t by)
{
	const char *value, *end;
	char *counted;
	int64_t n;

	if (args.count != 1)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT,
					"increment and decrement take one variable");
	value = kx_grub_env_value(g->env, args.v[0]);
	if (!value)
		return kx_grub_complain(g, KX_GRUB_NOT_FOUND, "no such variable: %s", args.v[0]);
	n = kx_grub_number(g, value, &end);
	if (end == value)
		return KX_GRUB_BAD_NUMBER;
	/* As large as GRUB's, which wraps. */
	counted = kx_grub_print(g, "%" PRId64, (int64_t)((uint64_t)n + (uint64_t)by));
	if (counted)
		kx_grub_set(g, args.v[0], counted);
	return KX_GRUB_OK;
}

static int run_increment(struct kx_grub *g, struct kx_grub_args args)
{
	return count(g, args, 1);
}

static int run_decrement(struct kx_grub *g, struct kx_grub_args args)
{
	return count(g, args, -1);
}

/* ---- conditions and flow ----------------------------------------------------------------------- */

static int run_test(struct kx_grub *g, struct kx_grub_args args)
{
	return kx_grub_test(g, args.v, args.count);
}

static int run_true(struct kx_grub *g, struct kx_grub_args args)
{
	return KX_GRUB_OK;
}

static int run_false(struct kx_grub *g, struct kx_grub_args args)
{
	return KX_GRUB_FALSE;
}

static int leave_loops(struct kx_grub *g, struct kx_grub_args args, enum kx_grub_flow flow)
{
	const char *end = NULL;
	int64_t n = args.count ? kx_grub_number(g, args.v[0], &end) : 1;

	if (args.count && end == args.v[0])
		return KX_GRUB_BAD_NUMBER;
	if (n <= 0)
		return KX_GRUB_BAD_ARGUMENT;
	if (!g->loops)
		return KX_GRUB_OK;
	g->flow = flow;
	g->flow_count = n > g->loops ? g->loops : (unsigned)n;
	return KX_GRUB_OK;
}

static int run_break(struct kx_grub *g, struct kx_grub_args args)
{
	return leave_loops(g, args, KX_GRUB_BREAK);
}

static int run_continue(struct kx_grub *g, struct kx_grub_args args)
{
	return leave_loops(g, args, KX_GRUB_CONTINUE);
}

static int run_return(struct kx_grub *g, struct kx_grub_args args)
{
	const char *end;
	int64_t n;

	if (!g->args)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "return outside of a function");
	if (!args.count) {
		g->flow = KX_GRUB_RETURN;
		return g->status;
	}
	n = kx_grub_number(g, args.v[0], &end);
	if (end == args.v[0])
		return KX_GRUB_BAD_NUMBER;
	g->flow = KX_GRUB_RETURN;
	return (int)n;
}

static int run_exit(struct kx_grub *g, struct kx_grub_args args)
{
	g->flow = KX_GRUB_STOP;
	return KX_GRUB_OK;
}

/* ---- files ------------------------------------------------------------------------------------- */

static int run_source(struct kx_grub *g, struct kx_grub_args args)
{
	_cleanup_free_ char *text = NULL;
	const char *name;
	size_t size;

	if (args.count != 1)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "source takes one file");
	/* GRUB says nothing of a file that is not there. */
	if (kx_grub_read_file(g, args.v[0], &text, &size) < 0)
		return KX_GRUB_OK;
	name = kx_grub_full_name(g, args.v[0]);
	if (name)
		kx_grub_run_text(g, name, text, size);
	/* It tells nobody how it went. */
	return KX_GRUB_OK;
}

static int run_configfile(struct kx_grub *g, struct kx_grub_args args)
{
	if (args.count != 1)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "configfile takes one file");
	kx_grub_configfile(g, args.v[0]);
	return KX_GRUB_OK;
}

static int run_normal(struct kx_grub *g, struct kx_grub_args args)
{
	char *name = args.count ? args.v[0]
				: kx_grub_print(g, "%s/grub.cfg", kx_grub_value(g, "prefix"));

	if (name)
		kx_grub_configfile(g, name);
	return KX_GRUB_OK;
}

static int run_eval(struct kx_grub *g, struct kx_grub_args args)
{
	const char *text = "";

	for (int i = 0; i < args.count && text; i++)
		text = i ? kx_grub_print(g, "%s %s", text, args.v[i]) : args.v[i];
	if (text)
		kx_grub_run_text(g, g->at->file, text, strlen(text));
	return g->status;
}

/* The value of -f FILE, --file FILE or --file=FILE; @args is what is left. */
static const char *take_file_option(struct kx_grub *g, struct kx_grub_args *args)
{
	const char *file = kx_grub_print(g, "%s/grubenv", kx_grub_value(g, "prefix"));
	int kept = 0;

	for (int i = 0; i < args->count; i++) {
		char *word = args->v[i];

		if ((!strcmp(word, "-f") || !strcmp(word, "--file")) && i + 1 < args->count)
			file = args->v[++i];
		else if (!strncmp(word, "--file=", 7))
			file = word + 7;
		else if (strcmp(word, "--skip-sig") != 0 && strcmp(word, "-s") != 0)
			args->v[kept++] = word;
	}
	args->count = kept;
	return file;
}

struct loading {
	struct kx_grub *g;
	const struct kx_grub_args *only;
};

static int load_variable(void *arg, const char *name, const char *value)
{
	struct loading *l = arg;
	bool wanted = !l->only->count;
	char *kept, *kept_name;

	for (int i = 0; i < l->only->count; i++)
		wanted = wanted || !strcmp(l->only->v[i], name);
	if (!wanted)
		return 0;
	kept_name = kx_grub_copy(l->g, name, strlen(name));
	kept = kx_grub_copy(l->g, value, strlen(value));
	if (kept_name && kept)
		kx_grub_set(l->g, kept_name, kept);
	return l->g->flow == KX_GRUB_FAILED ? -ECANCELED : 0;
}

static int run_load_env(struct kx_grub *g, struct kx_grub_args args)
{
	struct loading loading = { g, &args };
	const char *file = take_file_option(g, &args);
	_cleanup_free_ char *block = NULL;
	size_t size;

	if (!file)
		return KX_GRUB_NOT_FOUND;
	if (kx_grub_read_file(g, file, &block, &size) < 0)
		return kx_grub_complain(g, KX_GRUB_NOT_FOUND, "%s: no such file", file);
	if (kx_grub_env_parse(block, size, load_variable, &loading) == -EBADMSG)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "%s: not an environment block",
					file);
	return KX_GRUB_OK;
}

/* Nothing is written: it is noted who would be. */
static int run_save_env(struct kx_grub *g, struct kx_grub_args args)
{
	const struct kx_boot_fs *fs = g->config->fs;
	const char *name = take_file_option(g, &args);
	_cleanup_free_ char *path = NULL;
	struct kx_grub_file file;
	struct kx_boot_stat st;
	int r = 0;

	if (!name)
		return KX_GRUB_NOT_FOUND;
	if (!args.count)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "save_env without a name");
	file = kx_grub_file_of(g, name);
	if (!file.path || fs->stat(fs->ctx, file.device, file.path, &st) < 0 ||
	    fs->locate(fs->ctx, file.device, file.path, &path) < 0)
		return kx_grub_complain(g, KX_GRUB_NOT_FOUND, "%s: no such file", name);
	for (int i = 0; !r && i < args.count; i++) {
		const char *value = kx_grub_env_value(g->env, args.v[i]);

		if (g->entry)
			r = kx_boot_effects_add(&g->entry->effects, &g->entry->effect_count, path,
						args.v[i], value);
		else
			r = kx_boot_effects_add(&g->out->effects, &g->out->effect_count, path,
						args.v[i], value);
	}
	if (r < 0)
		kx_grub_end(g, ENOMEM, "cannot allocate memory for what save_env would write");
	return KX_GRUB_OK;
}

/* ---- devices ----------------------------------------------------------------------------------- */

struct search {
	enum kx_boot_search by;
	bool typed;
	const char *variable; /* NULL: the device is only printed */
	const char *value;
};

/* Is @word this option, by its long or short name? */
static bool is_option(const char *word, const char *long_name, char short_name)
{
	return (word[0] == '-' && word[1] == short_name && !word[2]) ||
	       (word[0] == '-' && word[1] == '-' && !strcmp(word + 2, long_name));
}

static bool search_type(struct search *s, const char *word)
{
	static const struct {
		const char *name;
		char letter;
		enum kx_boot_search by;
	} types[] = { { "file", 'f', KX_BOOT_BY_FILE },
		      { "label", 'l', KX_BOOT_BY_LABEL },
		      { "fs-uuid", 'u', KX_BOOT_BY_UUID } };

	for (size_t i = 0; i < KX_ARRAY_SIZE(types); i++) {
		if (is_option(word, types[i].name, types[i].letter)) {
			s->by = types[i].by;
			s->typed = true;
			return true;
		}
	}
	return false;
}

/* An option at args->v[*i]; what it takes is skipped. --set's value may be left out, a hint's may not. */
static void search_option(struct search *s, struct kx_grub_args args, int *i)
{
	const char *word = args.v[*i];
	bool last = *i + 1 >= args.count;

	if (search_type(s, word))
		return;
	if (!strncmp(word, "--set=", 6)) {
		s->variable = word + 6;
	} else if (is_option(word, "set", 's')) {
		s->variable = "root";
		if (!last && args.v[*i + 1][0] != '-')
			s->variable = args.v[++*i];
	} else if ((!strncmp(word, "--hint", 6) || !strcmp(word, "-h")) && !strchr(word, '=') &&
		   !last) {
		++*i;
	}
}

static int find_device(struct kx_grub *g, const struct search *s)
{
	const struct kx_boot_fs *fs = g->config->fs;
	_cleanup_free_ char *device = NULL;
	char *kept;

	if (fs->search(fs->ctx, s->by, s->value, &device) < 0)
		return kx_grub_complain(g, KX_GRUB_NOT_FOUND, "no such device: %s", s->value);
	kept = s->variable ? kx_grub_copy(g, device, strlen(device)) : NULL;
	if (kept)
		kx_grub_set(g, s->variable, kept);
	return KX_GRUB_OK;
}

static int run_search(struct kx_grub *g, struct kx_grub_args args)
{
	struct search s = { 0 };

	for (int i = 0; i < args.count; i++) {
		if (args.v[i][0] == '-' && args.v[i][1])
			search_option(&s, args, &i);
		else if (!s.value)
			s.value = args.v[i];
	}
	if (!s.value)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "search for nothing");
	if (!s.typed)
		return kx_grub_complain(g, KX_GRUB_INVALID,
					"search without --file, --label or --fs-uuid");
	return find_device(g, &s);
}

static int search_by(struct kx_grub *g, struct kx_grub_args args, enum kx_boot_search by)
{
	struct search s = { .by = by };

	if (!args.count)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "search for nothing");
	s.value = args.v[0];
	if (args.count > 1)
		s.variable = args.v[1];
	return find_device(g, &s);
}

static int run_search_uuid(struct kx_grub *g, struct kx_grub_args args)
{
	return search_by(g, args, KX_BOOT_BY_UUID);
}

static int run_search_label(struct kx_grub *g, struct kx_grub_args args)
{
	return search_by(g, args, KX_BOOT_BY_LABEL);
}

static int run_search_file(struct kx_grub *g, struct kx_grub_args args)
{
	return search_by(g, args, KX_BOOT_BY_FILE);
}

/* A variable for what of a device, "hd0" or "(hd0)". */
struct probe {
	const char *variable, *device;
	bool uuid, label, other;
};

static void probe_word(struct probe *p, struct kx_grub_args args, int *i)
{
	const char *word = args.v[*i];

	if (!strncmp(word, "--set=", 6))
		p->variable = word + 6;
	else if (is_option(word, "set", 's') && *i + 1 < args.count)
		p->variable = args.v[++*i];
	else if (is_option(word, "fs-uuid", 'u'))
		p->uuid = true;
	else if (is_option(word, "label", 'l'))
		p->label = true;
	else if (*word == '-')
		p->other = true;
	else if (!p->device)
		p->device = word;
}

/* Its variable would go into a command line. */
static int doubt(struct kx_grub *g, int status, const char *what)
{
	g->doubt = what;
	return kx_grub_complain(g, status, "%s", what);
}

static int run_probe(struct kx_grub *g, struct kx_grub_args args)
{
	const struct kx_boot_fs *fs = g->config->fs;
	_cleanup_free_ char *found = NULL;
	struct probe p = { 0 };
	char *value;
	int r;

	for (int i = 0; i < args.count; i++)
		probe_word(&p, args, &i);
	if (!p.device || (!p.uuid && !p.label && !p.other))
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "probe of nothing");
	if (p.other)
		return doubt(g, KX_GRUB_UNSUPPORTED, "probe of more than UUIDs and labels");
	p.device = kx_grub_device_of(g, p.device);
	if (!p.device)
		return KX_GRUB_NO_DEVICE;
	r = fs->identify(fs->ctx, p.uuid ? KX_BOOT_BY_UUID : KX_BOOT_BY_LABEL, p.device, &found);
	if (r == -ENODEV)
		return kx_grub_complain(g, KX_GRUB_NO_DEVICE, "no such device: %s", p.device);
	if (r < 0)
		return doubt(g, KX_GRUB_UNSUPPORTED, "probe of a file system that is not known");
	value = p.variable ? kx_grub_copy(g, found, strlen(found)) : NULL;
	if (value)
		kx_grub_set(g, p.variable, value);
	return KX_GRUB_OK;
}

/* ---- regexp ------------------------------------------------------------------------------------ */

#define PATTERN_MAX 256
#define SUBJECT_MAX 4096
#define GROUPS_MAX 100
#define PLUSES_MAX 6

/* "2:name", or "name" for the first group. */
static void set_group(struct kx_grub *g, const char *spec, const char *subject,
		      const regmatch_t *groups)
{
	const char *colon = strchr(spec, ':');
	int64_t n = colon ? kx_grub_number(g, spec, NULL) : 1;
	const char *name = colon ? colon + 1 : spec;
	char *value;

	if (n < 0 || n >= GROUPS_MAX || groups[n].rm_so < 0)
		value = kx_grub_copy(g, "", 0);
	else
		value = kx_grub_copy(g, subject + groups[n].rm_so,
				     (size_t)(groups[n].rm_eo - groups[n].rm_so));
	if (value)
		kx_grub_set(g, name, value);
}

static unsigned count_pluses(const char *pattern)
{
	unsigned count = 0;

	for (; *pattern; pattern++)
		count += *pattern == '+';
	return count;
}

/*
 * libc's matcher takes no more than polynomial time without back references, and no more than little memory without
 * counted repetitions, and without many a "+": each doubles what it stands behind, with all that was doubled in there.
 */
static bool is_tame(const char *pattern, const char *subject)
{
	if (strlen(pattern) > PATTERN_MAX || strlen(subject) > SUBJECT_MAX ||
	    strchr(pattern, '{') || count_pluses(pattern) > PLUSES_MAX)
		return false;
	for (const char *p = pattern; (p = strchr(p, '\\')); p += 2) {
		if (p[1] >= '1' && p[1] <= '9')
			return false;
		if (!p[1])
			break;
	}
	return true;
}

/*
 * Both are worth steps: libc was seen to take 30 ms for 4000 bytes, and 1 ms for a pattern of 200, by their squares; and twice as
 * long for each "+" inside another.
 */
static bool charge(struct kx_grub *g, const char *pattern, const char *subject)
{
	size_t n = strlen(subject), m = strlen(pattern);
	unsigned steps = (unsigned)(n * n / 1024 + (m * m / 64 << count_pluses(pattern)));

	g->steps += steps;
	g->steps_total += steps;
	return kx_grub_step(g);
}

static int match(struct kx_grub *g, const char *pattern, const char *subject, char **specs,
		 int spec_count)
{
	regmatch_t groups[GROUPS_MAX];
	regex_t regex;
	int r;

	if (!is_tame(pattern, subject))
		return kx_grub_complain(
			g, KX_GRUB_FALSE,
			"regexp: repetition counts, back references, more than %d + "
			"and long words are not supported: %.60s",
			PLUSES_MAX, pattern);
	if (!charge(g, pattern, subject) || regcomp(&regex, pattern, REG_EXTENDED) != 0)
		return KX_GRUB_FALSE;
	r = regexec(&regex, subject, GROUPS_MAX, groups, 0);
	regfree(&regex);
	if (r)
		return KX_GRUB_FALSE;
	for (int i = 0; i < spec_count; i++)
		set_group(g, specs[i], subject, groups);
	return KX_GRUB_OK;
}

static int run_regexp(struct kx_grub *g, struct kx_grub_args args)
{
	char *specs[16], *words[2];
	int spec_count = 0, count = 0;

	g->modules.regexp = true;
	for (int i = 0; i < args.count; i++) {
		char *word = args.v[i];

		if (!strncmp(word, "--set=", 6) && spec_count < 16)
			specs[spec_count++] = word + 6;
		else if (is_option(word, "set", 's') && i + 1 < args.count && spec_count < 16)
			specs[spec_count++] = args.v[++i];
		else if (count < 2)
			words[count++] = word;
		else
			count = 3;
	}
	if (count != 2)
		return kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT,
					"regexp takes a pattern and a string");
	return match(g, words[0], words[1], specs, spec_count);
}

/* ---- the rest ---------------------------------------------------------------------------------- */

/* Modules are there; some change what others do. */
static int run_insmod(struct kx_grub *g, struct kx_grub_args args)
{
	const char *name = args.count ? args.v[0] : "";

	if (!strcmp(name, "regexp"))
		g->modules.regexp = true;
	else if (!strcmp(name, "blscfg"))
		g->modules =
			(struct kx_grub_modules){ .regexp = g->modules.regexp, .blscfg = true };
	else if (!strcmp(name, "blsuki"))
		g->modules.blsuki = !g->modules.blscfg;
	return KX_GRUB_OK;
}

/* Ubuntu's list of graphics adapters: this one is not on it. */
static int run_hwmatch(struct kx_grub *g, struct kx_grub_args args)
{
	kx_grub_set(g, "match", "0");
	return KX_GRUB_OK;
}

static const struct kx_grub_builtin basics[] = {
	{ ".", run_source },
	{ "[", run_test },
	{ "bls_import", kx_grub_blscfg },
	{ "blscfg", kx_grub_blscfg },
	{ "break", run_break },
	{ "configfile", run_configfile },
	{ "continue", run_continue },
	{ "decrement", run_decrement },
	{ "eval", run_eval },
	{ "exit", run_exit },
	{ "export", run_export },
	{ "extract_entries_configfile", run_configfile },
	{ "false", run_false },
	{ "hwmatch", run_hwmatch },
	{ "increment", run_increment },
	{ "insmod", run_insmod },
	{ "keystatus", run_false },
	{ "load_env", run_load_env },
	{ "normal", run_normal },
	{ "normal_exit", run_exit },
	{ "probe", run_probe },
	{ "read", run_false },
	{ "regexp", run_regexp },
	{ "return", run_return },
	{ "save_env", run_save_env },
	{ "search", run_search },
	{ "search.file", run_search_file },
	{ "search.fs_label", run_search_label },
	{ "search.fs_uuid", run_search_uuid },
	{ "search_fs_file", run_search_file },
	{ "search_fs_uuid", run_search_uuid },
	{ "search_label", run_search_label },
	{ "set", run_set },
	{ "setparams", run_setparams },
	{ "shift", run_shift },
	{ "source", run_source },
	{ "test", run_test },
	{ "uki", kx_grub_uki },
	{ "unset", run_unset },
};

/* They succeed, and nothing that is started depends on them. */
static const char *const ignored[] = {
	"acpi",
	"authenticate",
	"background_color",
	"background_image",
	"badram",
	"clear",
	"cls",
	"cpuid",
	"cryptomount",
	"cutmem",
	"date",
	"drivemap",
	"echo",
	"gptsync",
	"keymap",
	"list_env",
	"loadfont",
	"loopback",
	"ls",
	"lsmod",
	"password",
	"password_pbkdf2",
	"play",
	"pcidump",
	"rmmod",
	"sendkey",
	"serial",
	"setpci",
	"sleep",
	"smbios",
	"terminal_input",
	"terminal_output",
	"terminfo",
	"true",
	"videoinfo",
	"videotest",
	"vbeinfo",
};

kx_grub_command_fn *kx_grub_find_command(const char *name)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(basics); i++)
		if (!strcmp(basics[i].name, name))
			return basics[i].run;
	for (const struct kx_grub_builtin *b = kx_grub_loaders; b->name; b++)
		if (!strcmp(b->name, name))
			return b->run;
	for (size_t i = 0; i < KX_ARRAY_SIZE(ignored); i++)
		if (!strcmp(ignored[i], name))
			return run_true;
	return NULL;
}
