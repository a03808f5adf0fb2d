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

/* UAPI.1, "Type #1 Boot Loader Entry Keys"; "id" and "grub_…" are in Fedora's entries. */
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
	{ "grub_arg", AT(grub_arg) },
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

void kx_bls_clear(struct kx_bls *bls)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(keys); i++)
		free(*(char **)(void *)((char *)bls + keys[i].offset));
	free(bls->options);
	kx_names_clear(&bls->initrd);
	*bls = (struct kx_bls){ 0 };
}

int kx_bls_parse(struct kx_view text, struct kx_bls *ret, struct kx_error *err)
{
	_cleanup_(kx_bls_clear) struct kx_bls bls = { 0 };
	struct kx_view key, value;
	unsigned line = 0;
	int r = 0;

	while (r == 0 && kx_boot_line(&text, &line, &key, &value))
		r = bls_line(&bls, key, value);
	if (r == -EFBIG)
		return kx_fail(err, EFBIG, "more than %u initrds, or lines of options",
			       KX_BOOT_VALUES_MAX);
	if (r < 0)
		return kx_fail(err, -r, "%s",
			       r == -EBADMSG ? "malformed entry: there is a zero byte in it"
					     : "out of memory");
	if (!bls.kernel && !bls.efi && !bls.uki && !bls.uki_url)
		return kx_fail(err, EBADMSG,
			       "malformed entry: none of linux, efi and uki in it, so there is "
			       "nothing to start");
	*ret = bls;
	bls = (struct kx_bls){ 0 };
	return 0;
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

static size_t find_id(const char *const *ids, size_t count, const char *pattern)
{
	size_t i = 0;

	while (i < count && fnmatch(pattern, ids[i], FNM_CASEFOLD) != 0)
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
