// SPDX-License-Identifier: LGPL-2.1-or-later
#include "boot/bls.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/overflow.h"
#include "boot/version.h"
#include "util.h"

/* ---- entries --------------------------------------------------------------------------------- */

#define AT(field) offsetof(struct kx_bls, field)

/* UAPI.1, "Type #1 Boot Loader Entry Keys"; "id" and "grub_…" are in Fedora's entries; "grub_arg" is an argument of what GRUB makes of one, and nobody asks for that. */
static const struct {
	const char *name;
	size_t offset;
} keys[] = {
	{ "title", AT(title) },
	{ "version", AT(version) },
	{ "machine-id", AT(machine_id) },
	{ "sort-key", AT(sort_key) },
	{ "architecture", AT(architecture) },
	{ "linux", AT(kernel) },
	{ "efi", AT(efi) },
	{ "uki", AT(uki) },
	{ "uki-url", AT(uki_url) },
	{ "devicetree", AT(devicetree) },
	{ "devicetree-overlay", AT(devicetree_overlay) },
	{ "profile", AT(profile) },
	{ "id", AT(id) },
	{ "grub_users", AT(grub_users) },
	{ "grub_class", AT(grub_class) },
};

static int bls_line(struct kx_bls *bls, struct kx_view key, struct kx_view value)
{
	/* Each is joined to all before it. */
	if (kx_text_is(key, "options"))
		return bls->option_lines++ < KX_BOOT_VALUES_MAX ? kx_boot_join(&bls->options, value)
								: -EFBIG;
	if (!value.size)
		return 0;
	if (kx_text_is(key, "initrd"))
		return kx_boot_add(&bls->initrd, value);
	for (size_t i = 0; i < KX_ARRAY_SIZE(keys); i++)
		if (kx_text_is(key, keys[i].name))
			return kx_boot_set((char **)(void *)((char *)bls + keys[i].offset), value);
	return 0;
}

/*
 * The specification wants one of linux, efi, uki and uki-url, and says nothing of two; systemd-boot starts what the last of such
 * lines names.
 */
static void drop_other_starts(struct kx_bls *bls, struct kx_view key)
{
	char **const starts[] = { &bls->kernel, &bls->efi, &bls->uki, &bls->uki_url };
	static const char *const names[] = { "linux", "efi", "uki", "uki-url" };
	bool is_start = false;

	for (size_t i = 0; i < KX_ARRAY_SIZE(names); i++)
		is_start |= kx_text_is(key, names[i]);
	for (size_t i = 0; is_start && i < KX_ARRAY_SIZE(starts); i++)
		if (!kx_text_is(key, names[i]))
			free(kx_steal(*starts[i]));
}

/* Whose values are for lists, and else the first. */
static int bls_grub_line(struct kx_bls *bls, struct kx_view key, struct kx_view value)
{
	if (kx_text_is(key, "grub_class"))
		return bls->class_lines++ < KX_BOOT_VALUES_MAX
			       ? kx_boot_join(&bls->grub_class, value)
			       : -EFBIG;
	if (kx_text_is(key, "options") && bls->option_lines)
		return 0;
	for (size_t i = 0; i < KX_ARRAY_SIZE(keys); i++)
		if (kx_text_is(key, keys[i].name) &&
		    *(char **)(void *)((char *)bls + keys[i].offset))
			return 0;
	return bls_line(bls, key, value);
}

void kx_bls_clear(struct kx_bls *bls)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(keys); i++)
		free(*(char **)(void *)((char *)bls + keys[i].offset));
	free(bls->options);
	kx_names_clear(&bls->initrd);
	*bls = (struct kx_bls){ 0 };
}

/* Takes over what @bls holds, once all lines are read or one ended in @r. */
static int bls_finish(int r, struct kx_bls *bls, struct kx_bls *ret, struct kx_error *err)
{
	if (r == -EFBIG)
		return kx_fail(err, EFBIG, "more than %u initrds, or lines of options or classes",
			       KX_BOOT_VALUES_MAX);
	if (r < 0)
		return kx_fail(err, -r, "%s",
			       r == -EBADMSG ? "malformed entry: there is a zero byte in it"
					     : "out of memory");
	if (!bls->kernel && !bls->efi && !bls->uki && !bls->uki_url)
		return kx_fail(err, EBADMSG,
			       "malformed entry: none of linux, efi and uki in it, so there is "
			       "nothing to start");
	*ret = *bls;
	*bls = (struct kx_bls){ 0 };
	return 0;
}

int kx_bls_parse(struct kx_view text, struct kx_bls *ret, struct kx_error *err)
{
	_cleanup_(kx_bls_clear) struct kx_bls bls = { 0 };
	struct kx_view key, value;
	unsigned line = 0;
	int r = 0;

	while (r == 0 && kx_boot_line(&text, &line, &key, &value)) {
		r = bls_line(&bls, key, value);
		if (r == 0 && value.size)
			drop_other_starts(&bls, key);
	}
	return bls_finish(r, &bls, ret, err);
}

static struct kx_view skip_blanks(struct kx_view text)
{
	while (text.size && (*text.data == ' ' || *text.data == '\t'))
		text = kx_view_of(text.data + 1, text.size - 1);
	return text;
}

/* Takes the key off. False when nothing stands behind it. */
static bool grub_key(struct kx_view *line, enum kx_bls_command command, struct kx_view *ret)
{
	const char *blank = memchr(line->data, ' ', line->size);
	const char *tab = memchr(line->data, '\t', line->size);
	bool is_tab = !blank || (command != KX_BLS_FEDORA && tab && tab < blank);

	if (!kx_text_field(line, is_tab ? '\t' : ' ', ret) || !line->size)
		return false;
	*line = skip_blanks(*line);
	return command == KX_BLS_FEDORA || line->size;
}

int kx_bls_parse_grub(struct kx_view text, enum kx_bls_command command, struct kx_bls *ret,
		      struct kx_error *err)
{
	_cleanup_(kx_bls_clear) struct kx_bls bls = { 0 };
	struct kx_view line, key;
	int r = 0;

	while (r == 0 && kx_text_line(&text, &line)) {
		if (line.size && line.data[line.size - 1] == '\r')
			line.size--;
		line = skip_blanks(line);
		if (line.size && *line.data == '#')
			continue;
		if (!grub_key(&line, command, &key))
			break;
		r = bls_grub_line(&bls, key, line);
	}
	return bls_finish(r, &bls, ret, err);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Digits that end before @end; -1 when there are none. What is too large for any counter is INT_MAX. */
static int counter(const char *p, const char *end)
{
	long long value = 0;

	if (p >= end)
		return -1;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return -1;
		value = value > INT_MAX ? value : value * 10 + (*p - '0');
	}
	return value > INT_MAX ? INT_MAX : (int)value;
}

int kx_bls_name(const char *file, struct kx_bls_name *ret)
{
	struct kx_bls_name name = { .tries_left = -1 };
	const char *dot = strrchr(file, '.'), *plus = strrchr(file, '+'), *minus;

	if (dot && plus && plus < dot) {
		minus = memchr(plus, '-', (size_t)(dot - plus));
		name.tries_left = counter(plus + 1, minus ? minus : dot);
		name.tries_done = minus ? counter(minus + 1, dot) : 0;
		if (name.tries_left < 0 || name.tries_done < 0)
			name = (struct kx_bls_name){ .tries_left = -1 };
	}
	if (name.tries_left < 0)
		name.id = strdup(file);
	else if (asprintf(&name.id, "%.*s%s", (int)(plus - file), file, dot) < 0)
		name.id = NULL;
	if (!name.id)
		return -ENOMEM;
	*ret = name;
	return 0;
}

/* ---- order ----------------------------------------------------------------------------------- */

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_int(int a, int b)
{
	return (a > b) - (a < b);
}

static bool is_set(const char *text)
{
	return text && *text;
}

/* UAPI.1, "Sorting". */
int kx_bls_compare(const struct kx_bls_key *a, const struct kx_bls_key *b)
{
	int order = compare_int(!a->name->tries_left, !b->name->tries_left);

	if (!order)
		order = compare_int(!is_set(a->sort_key), !is_set(b->sort_key));
	if (!order && is_set(a->sort_key)) {
		order = compare_text(a->sort_key, b->sort_key);
		if (!order)
			order = compare_text(a->machine_id, b->machine_id);
		if (!order)
			order = kx_version_compare(b->version, a->version);
	}
	if (!order)
		order = kx_version_compare(b->name->id, a->name->id);
	if (!order)
		order = compare_int((int)a->profile, (int)b->profile);
	if (!order)
		order = compare_int(b->name->tries_left, a->name->tries_left);
	return order ? order : compare_int(a->name->tries_done, b->name->tries_done);
}

/*
 * What stands before @end, up to the last "-" in it, becomes *ret; *@end is where that is. All of it when there is none, and then
 * there is nothing before it.
 */
static struct kx_view cut_last(const char *start, const char **end)
{
	const char *from = *end;
	struct kx_view part;

	while (from > start && from[-1] != '-')
		from--;
	part = kx_view_of(from, (size_t)(*end - from));
	*end = from > start ? from - 1 : NULL;
	return part;
}

/* "name-version-release"; of fewer parts, what is there is the name first, then the version. */
static void split_package(const char *id, struct kx_view ret[3])
{
	const char *end = id + strlen(id);
	struct kx_view parts[3] = { 0 };
	size_t count = 0;

	parts[count++] = cut_last(id, &end);
	if (end)
		parts[count++] = cut_last(id, &end);
	if (end)
		parts[count++] = kx_view_of(id, (size_t)(end - id));
	for (size_t i = 0; i < 3; i++)
		ret[i] = i < count ? parts[count - 1 - i] : kx_view_of(id, 0);
}

int kx_bls_compare_grub(const char *a, const char *b)
{
	struct kx_view x[3], y[3];
	int order = 0;

	split_package(a, x);
	split_package(b, y);
	for (size_t i = 0; !order && i < 3; i++)
		order = kx_version_compare_rpm(y[i], x[i]);
	return order;
}

/* UEFI, "Removable Media Boot Behavior", has the names. */
bool kx_bls_architecture(const char *architecture, const char *arch)
{
	static const struct {
		const char *efi, *uname;
	} names[] = {
		{ "x64", "x86_64" },
		{ "ia32", "i386" },
		{ "ia32", "i486" },
		{ "ia32", "i586" },
		{ "ia32", "i686" },
		{ "aa64", "aarch64" },
		{ "arm", "armv6l" },
		{ "arm", "armv7l" },
		{ "arm", "armv8l" },
		{ "riscv64", "riscv64" },
		{ "loongarch64", "loongarch64" },
	};

	if (!architecture || !arch)
		return true;
	for (size_t i = 0; i < KX_ARRAY_SIZE(names); i++)
		if (!strcmp(names[i].uname, arch))
			return !strcasecmp(names[i].efi, architecture);
	return !strcasecmp(architecture, arch);
}

/* ---- systemd-boot ---------------------------------------------------------------------------- */

int kx_loader_conf_parse(struct kx_view text, struct kx_loader_conf *ret, struct kx_error *err)
{
	_cleanup_(kx_loader_conf_clear) struct kx_loader_conf conf = { 0 };
	struct kx_view key, value;
	unsigned line = 0;
	int r = 0;

	while (r == 0 && kx_boot_line(&text, &line, &key, &value)) {
		if (!value.size)
			continue;
		if (kx_text_is(key, "default"))
			r = kx_boot_set(&conf.default_pattern, value);
		else if (kx_text_is(key, "timeout"))
			r = kx_boot_set(&conf.timeout, value);
	}
	if (r < 0)
		return kx_fail(err, -r, "%s",
			       r == -EBADMSG ? "malformed: there is a zero byte in it"
					     : "out of memory");
	*ret = conf;
	conf = (struct kx_loader_conf){ 0 };
	return 0;
}

void kx_loader_conf_clear(struct kx_loader_conf *conf)
{
	free(conf->default_pattern);
	free(conf->timeout);
	*conf = (struct kx_loader_conf){ 0 };
}

void kx_loader_vars_clear(struct kx_loader_vars *vars)
{
	free(vars->info);
	free(vars->part_uuid);
	free(vars->oneshot);
	free(vars->default_id);
	free(vars->last);
	free(vars->count_path);
	free(vars->timeout);
	free(vars->timeout_once);
	*vars = (struct kx_loader_vars){ 0 };
}

/*
 * loader.conf(5) knows "?", "*" and sets with ranges, but no negated ones, nor classes of characters: to systemd-boot "!", "^" and
 * "[" in a set are what is in it. @ret has room for twice as much. False for a set without an end, which matches nothing.
 */
static bool plain_sets(const char *pattern, char *ret)
{
	const char *set = NULL;

	for (const char *p = pattern; *p; p++) {
		if (set && *p == '[')
			*ret++ = '\\';
		*ret++ = *p;
		if (*p == '\\' && p[1]) {
			*ret++ = *++p;
		} else if (!set && *p == '[') {
			set = p;
			if (p[1] == '!' || p[1] == '^')
				*ret++ = '\\';
		} else if (set && *p == ']' && p != set + 1) {
			set = NULL;
		}
	}
	*ret = '\0';
	return !set;
}

static size_t find_id(const char *const *ids, size_t count, const char *pattern)
{
	char plain[2 * NAME_MAX + 1];
	size_t i = 0;

	if (!plain_sets(pattern, plain))
		return count;
	while (i < count && fnmatch(plain, ids[i], FNM_CASEFOLD) != 0)
		i++;
	return i;
}

/* systemd-boot(7): entries for other systems, the firmware's setup and the like, all of them "auto-…". */
static bool is_own(const char *pattern)
{
	return !strncasecmp(pattern, "auto-", 5) && !strpbrk(pattern, "*?[\\");
}

size_t kx_loader_default(const char *const *ids, size_t count, const struct kx_loader_vars *vars,
			 const struct kx_loader_conf *conf, const char **ret_own)
{
	const char *patterns[] = { vars->oneshot, vars->default_id, conf->default_pattern };

	for (size_t i = 0; i < KX_ARRAY_SIZE(patterns); i++) {
		const char *pattern = patterns[i];
		size_t found;

		if (pattern && !strcmp(pattern, "@saved"))
			pattern = vars->last;
		if (!pattern || strlen(pattern) > NAME_MAX)
			continue;
		found = find_id(ids, count, pattern);
		if (found == count && is_own(pattern))
			*ret_own = pattern;
		if (found < count || is_own(pattern))
			return found;
	}
	return 0;
}

static bool parse_timeout(const char *text, int *ret)
{
	uint64_t seconds;

	if (!text)
		return false;
	if (!strcmp(text, "menu-hidden") || !strcmp(text, "menu-disabled"))
		*ret = 0;
	else if (!strcmp(text, "menu-force"))
		*ret = -1;
	else if (kx_text_u64(kx_text_of(text), 10, &seconds))
		*ret = seconds < INT_MAX ? (int)seconds : INT_MAX;
	else
		return false;
	return true;
}

int kx_loader_timeout(const struct kx_loader_vars *vars, const struct kx_loader_conf *conf)
{
	int seconds = 0;

	if (!parse_timeout(vars->timeout_once, &seconds) && !parse_timeout(vars->timeout, &seconds))
		(void)parse_timeout(conf->timeout, &seconds);
	return seconds;
}
