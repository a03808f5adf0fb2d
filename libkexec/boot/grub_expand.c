// SPDX-License-Identifier: LGPL-2.1-or-later
/* From words to arguments: variables, splitting, file name patterns. */
#include "boot/grub_internal.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/*
 * The argument that is being put together. @pattern is the same with a backslash before what was quoted; @any says that
 * it is one even when it is empty.
 */
struct argument {
	struct kx_grub *g;
	struct kx_grub_args *args;
	char *text, *pattern;
	size_t used, pattern_used, room;
	bool any, is_pattern;
};

bool kx_grub_args_add(struct kx_grub *g, struct kx_grub_args *args, char *word)
{
	char **larger;
	int room = args->count < 2 ? 4 : 2 * args->count;

	if (args->count >= args->room) {
		larger = kx_grub_get(g, (size_t)room * sizeof(*larger));
		if (!larger)
			return false;
		if (args->count)
			memcpy(larger, args->v, (size_t)args->count * sizeof(*larger));
		args->v = larger;
		args->room = room;
	}
	args->v[args->count++] = word;
	return true;
}

struct kx_grub_args kx_grub_args_from(struct kx_grub_args args, int n)
{
	return (struct kx_grub_args){ args.v + n, args.count - n, 0 };
}

static bool reserve(struct argument *a, size_t more)
{
	size_t room = a->room ? a->room : 32;
	char *text, *pattern;

	while (room < a->used + more + 1)
		room *= 2;
	if (room == a->room)
		return true;
	if (room > KX_GRUB_VALUE_MAX)
		return kx_grub_end(a->g, E2BIG, "a word of more than %d bytes",
				   KX_GRUB_VALUE_MAX / 2) == 0;
	text = kx_grub_get(a->g, room);
	pattern = kx_grub_get(a->g, 2 * room);
	if (!text || !pattern)
		return false;
	if (a->used)
		memcpy(text, a->text, a->used);
	if (a->pattern_used)
		memcpy(pattern, a->pattern, a->pattern_used);
	a->text = text;
	a->pattern = pattern;
	a->room = room;
	return true;
}

static bool append(struct argument *a, const char *s, size_t size, bool quoted)
{
	if (!reserve(a, size))
		return false;
	for (size_t i = 0; i < size; i++) {
		if (quoted && strchr("*?[]\\", s[i]))
			a->pattern[a->pattern_used++] = '\\';
		a->pattern[a->pattern_used++] = s[i];
		if (!quoted && (s[i] == '*' || s[i] == '?'))
			a->is_pattern = true;
		a->text[a->used++] = s[i];
	}
	a->any = a->any || quoted || size;
	return true;
}

static bool finish(struct argument *a)
{
	int before = a->args->count;
	char *text, *pattern;

	if (!a->any)
		return true;
	if (!reserve(a, 0))
		return false;
	text = a->text;
	pattern = a->pattern;
	text[a->used] = 0;
	pattern[a->pattern_used] = 0;
	a->text = NULL;
	a->pattern = NULL;
	a->used = a->pattern_used = a->room = 0;
	a->any = false;
	if (a->is_pattern && a->g->modules.regexp && !kx_grub_glob(a->g, pattern, a->args))
		return false;
	a->is_pattern = false;
	return a->args->count > before || kx_grub_args_add(a->g, a->args, text);
}

/* Without quotes, white space inside a value ends the argument; that at its ends does nothing. */
static bool append_split(struct argument *a, const char *value)
{
	size_t n;

	for (;;) {
		value += strspn(value, " \t\n");
		n = strcspn(value, " \t\n");
		if (n && !append(a, value, n, false))
			return false;
		value += n;
		if (!value[strspn(value, " \t\n")])
			return true;
		if (!finish(a))
			return false;
	}
}

/* $@ in quotes: each an argument of its own. */
static bool append_all(struct argument *a, const struct kx_grub_args *args)
{
	if (!append(a, "", 0, true))
		return false;
	for (int i = 0; i < args->count; i++) {
		if (i && !finish(a))
			return false;
		if (!append(a, args->v[i], strlen(args->v[i]), true))
			return false;
	}
	return true;
}

/* $* and, without quotes, $@. */
static const char *joined(struct kx_grub *g, const struct kx_grub_args *args)
{
	size_t size = 1;
	char *s, *at;

	for (int i = 0; i < args->count; i++)
		size += strlen(args->v[i]) + 1;
	s = at = kx_grub_get(g, size);
	for (int i = 0; s && i < args->count; i++) {
		if (i)
			*at++ = ' ';
		at = stpcpy(at, args->v[i]);
	}
	return s;
}

/* NULL when the evaluation has ended. */
static const char *positional(struct kx_grub *g, const char *name)
{
	unsigned long n;

	if (!g->args)
		return "";
	if (*name == '#')
		return kx_grub_print(g, "%d", g->args->count);
	if (*name == '*' || *name == '@')
		return joined(g, g->args);
	n = strtoul(name, NULL, 10);
	return n && n <= (unsigned long)g->args->count ? g->args->v[n - 1] : "";
}

static bool append_variable(struct argument *a, const struct kx_grub_part *part)
{
	const char *name = part->text;
	const char *value;

	if (*name == '@' && part->quoted && a->g->args)
		return append_all(a, a->g->args);
	if (*name == '?')
		value = kx_grub_print(a->g, "%d", a->g->status);
	else if (strchr("@*#0123456789", *name))
		value = positional(a->g, name);
	else
		value = kx_grub_value(a->g, name);
	if (!value)
		return false;
	return part->quoted ? append(a, value, strlen(value), true) : append_split(a, value);
}

bool kx_grub_expand(struct kx_grub *g, const struct kx_grub_word *words, struct kx_grub_args *ret)
{
	struct kx_grub_args args = { 0 };
	struct argument a = { .g = g, .args = &args };

	for (; words; words = words->next) {
		for (const struct kx_grub_part *p = words->parts; p; p = p->next) {
			if (p->variable ? !append_variable(&a, p)
					: !append(&a, p->text, strlen(p->text), p->quoted))
				return false;
		}
		if (!finish(&a))
			return false;
	}
	*ret = args;
	return true;
}

/* ---- patterns ---------------------------------------------------------------------------------- */

struct listing {
	struct kx_grub *g;
	struct kx_grub_args *found;
	const char *prefix;  /* of the names, as far as it is no pattern */
	const char *pattern; /* one component */
};

static int match_name(void *arg, const char *name)
{
	struct listing *l = arg;
	char *path;

	if (!kx_grub_step(l->g))
		return -ECANCELED;
	if (fnmatch(l->pattern, name, 0) != 0)
		return 0;
	path = kx_grub_print(l->g, "%s%s", l->prefix, name);
	return path && kx_grub_args_add(l->g, l->found, path) ? 0 : -ECANCELED;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Without the backslashes. */
static char *plain_of(struct kx_grub *g, const char *pattern, size_t size)
{
	char *s = kx_grub_copy(g, pattern, size);
	char *to = s;

	for (const char *from = s; s && *from; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	if (s)
		*to = 0;
	return s;
}

/* For fnmatch(3): GRUB has no sets of characters. */
static char *without_sets(struct kx_grub *g, const char *pattern, size_t size)
{
	char *s = kx_grub_get(g, 2 * size + 1);
	char *to = s;

	for (size_t i = 0; s && i < size; i++) {
		if (pattern[i] == '[')
			*to++ = '\\';
		*to++ = pattern[i];
		if (pattern[i] == '\\' && i + 1 < size)
			*to++ = pattern[++i];
	}
	return s;
}

static bool has_pattern(const char *s, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (s[i] == '\\')
			i++;
		else if (s[i] == '*' || s[i] == '?')
			return true;
	}
	return false;
}

/* What one component, behind @prefix, can be: the names that match, or itself. */
static bool glob_component(struct kx_grub *g, const char *prefix, const char *pattern, size_t size,
			   struct kx_grub_args *found)
{
	struct listing l = { .g = g, .found = found, .prefix = prefix };
	struct kx_grub_file dir;
	char *plain;
	int before = found->count;

	if (!has_pattern(pattern, size)) {
		plain = plain_of(g, pattern, size);
		plain = plain ? kx_grub_print(g, "%s%s", prefix, plain) : NULL;
		return plain && kx_grub_args_add(g, found, plain);
	}
	l.pattern = without_sets(g, pattern, size);
	dir = kx_grub_file_of(g, prefix);
	if (dir.path && dir.path[1])
		dir.path = kx_grub_copy(g, dir.path, strlen(dir.path) - 1);
	if (!l.pattern || !dir.path)
		return false;
	if (g->config->fs->list)
		g->config->fs->list(g->config->fs->ctx, dir.device, dir.path, match_name, &l);
	if (g->flow == KX_GRUB_FAILED)
		return false;
	if (found->count > before)
		qsort(found->v + before, (size_t)(found->count - before), sizeof(*found->v),
		      by_name);
	return true;
}

/* Only of absolute names; a pattern of devices is left as it is. */
bool kx_grub_glob(struct kx_grub *g, const char *pattern, struct kx_grub_args *args)
{
	struct kx_grub_args paths = { 0 };
	struct kx_grub_args longer;
	struct kx_boot_stat st;
	struct kx_grub_file file;
	const char *slash = strchr(pattern, '/');
	char *start;

	if (!slash || (slash != pattern && (*pattern != '(' || slash[-1] != ')')) ||
	    has_pattern(pattern, (size_t)(slash - pattern)))
		return true;
	start = plain_of(g, pattern, (size_t)(slash + 1 - pattern));
	if (!start || !kx_grub_args_add(g, &paths, start))
		return false;
	for (pattern = slash + 1;; pattern = slash + 1) {
		slash = strchrnul(pattern, '/');
		longer = (struct kx_grub_args){ 0 };
		for (int i = 0; i < paths.count; i++) {
			if (!glob_component(g, paths.v[i], pattern, (size_t)(slash - pattern),
					    &longer))
				return false;
		}
		for (int i = 0; *slash && i < longer.count; i++) {
			longer.v[i] = kx_grub_print(g, "%s/", longer.v[i]);
			if (!longer.v[i])
				return false;
		}
		paths = longer;
		if (!*slash)
			break;
	}
	for (int i = 0; i < paths.count; i++) {
		file = kx_grub_file_of(g, paths.v[i]);
		if (!file.path)
			return false;
		if (g->config->fs->stat(g->config->fs->ctx, file.device, file.path, &st) == 0 &&
		    !kx_grub_args_add(g, args, paths.v[i]))
			return false;
	}
	return true;
}
