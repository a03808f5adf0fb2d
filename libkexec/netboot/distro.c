// SPDX-License-Identifier: LGPL-2.1-or-later
#include "netboot/distro.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "boot/lines.h"
#include "cmdline.h"
#include "util.h"

static void clear_pairs(struct kx_distro_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(pairs[i].name);
		free(pairs[i].value);
	}
}

void kx_distro_clear(struct kx_distro *distro)
{
	char *const strings[] = { distro->title,         distro->release,      distro->mirror,
				  distro->kernel,        distro->script,       distro->cmdline,
				  distro->serial,        distro->release_file, distro->sums,
				  distro->sums_signature };

	for (size_t i = 0; i < KX_ARRAY_SIZE(strings); i++)
		free(strings[i]);
	kx_names_clear(&distro->initrds);
	kx_names_clear(&distro->keyrings);
	clear_pairs(distro->releases, distro->release_count);
	clear_pairs(distro->archs, distro->arch_count);
	*distro = (struct kx_distro){ 0 };
}

/* ---- lines ----------------------------------------------------------------------------------- */

#define AT(field) offsetof(struct kx_distro, field)

static const struct {
	const char *key;
	size_t field;
} strings[] = {
	{ "title", AT(title) },   { "release", AT(release) },
	{ "mirror", AT(mirror) }, { "kernel", AT(kernel) },
	{ "script", AT(script) }, { "cmdline", AT(cmdline) },
	{ "serial", AT(serial) }, { "release-file", AT(release_file) },
	{ "sums", AT(sums) },     { "sums-signature", AT(sums_signature) },
};

static int add_pair(struct kx_view name, struct kx_view value, struct kx_distro_pair *pairs,
		    size_t *count)
{
	struct kx_distro_pair *pair = &pairs[*count];
	int r;

	if (*count == KX_DISTRO_PAIRS_MAX)
		return -E2BIG;
	*pair = (struct kx_distro_pair){ 0 };
	++*count;
	r = kx_text_dup(name, &pair->name);
	return r == 0 ? kx_text_dup(value, &pair->value) : r;
}

static int set_memory(struct kx_view value, struct kx_distro *distro)
{
	_cleanup_free_ char *text = NULL;
	const char *pos;
	int r = kx_text_dup(value, &text);

	if (r < 0)
		return r;
	pos = text;
	return kx_cmdline_size(&pos, text + strlen(text), &distro->memory) && !*pos ? 0 : -EBADMSG;
}

/* Return: -ENOENT for a key that there is not. */
static int take(struct kx_distro *distro, struct kx_view key, struct kx_view value)
{
	struct kx_view sub = key, group;

	for (size_t i = 0; i < KX_ARRAY_SIZE(strings); i++)
		if (kx_text_is(key, strings[i].key))
			return kx_boot_set((char **)(void *)((char *)distro + strings[i].field),
					   value);
	if (kx_text_is(key, "initrd"))
		return kx_boot_add(&distro->initrds, value);
	if (kx_text_is(key, "keyring"))
		return kx_boot_add(&distro->keyrings, value);
	if (kx_text_is(key, "memory"))
		return set_memory(value, distro);
	if (!kx_text_field(&sub, '.', &group) || !sub.size)
		return -ENOENT;
	if (kx_text_is(group, "release"))
		return add_pair(sub, value, distro->releases, &distro->release_count);
	if (kx_text_is(group, "arch"))
		return add_pair(sub, value, distro->archs, &distro->arch_count);
	return -ENOENT;
}

static int take_line(const char *name, unsigned number, struct kx_view line,
		     struct kx_distro *distro, struct kx_error *err)
{
	struct kx_view key;
	int r;

	line = kx_text_trim(line);
	if (!line.size || line.data[0] == '#')
		return 0;
	if (!memchr(line.data, '=', line.size) || !kx_text_field(&line, '=', &key))
		return kx_fail(err, EBADMSG, "%s:%u: it is not KEY = VALUE", name, number);
	key = kx_text_trim(key);
	line = kx_text_trim(line);
	if (!line.size)
		return kx_fail(err, EBADMSG, "%s:%u: there is nothing behind the \"=\"", name,
			       number);
	r = take(distro, key, line);
	if (r == -ENOENT)
		return kx_fail(err, EBADMSG, "%s:%u: there is no such key; see kexec-netboot(5)",
			       name, number);
	if (r == -EBADMSG)
		return kx_fail(err, EBADMSG, "%s:%u: the value is malformed", name, number);
	return r < 0 ? kx_fail(err, -r, "%s:%u: %s", name, number, strerror(-r)) : 0;
}

static int check(const char *name, const struct kx_distro *distro, struct kx_error *err)
{
	const char *missing = NULL;

	if (!distro->title)
		missing = "title";
	else if (!distro->mirror)
		missing = "mirror";
	else if (!distro->kernel && !distro->script)
		missing = "kernel";
	else if ((distro->release_file || distro->sums_signature) && !distro->sums)
		missing = "sums";
	else if (!distro->arch_count)
		missing = "arch.";
	if (missing)
		return kx_fail(err, EBADMSG, "%s: there is no line \"%s\"; see kexec-netboot(5)",
			       name, missing);
	if (distro->script && (distro->kernel || distro->initrds.count))
		return kx_fail(err, EBADMSG, "%s: a script says itself what kernel and initrd are",
			       name);
	return 0;
}

int kx_distro_parse(const char *name, struct kx_view text, struct kx_distro *ret,
		    struct kx_error *err)
{
	_cleanup_(kx_distro_clear) struct kx_distro distro = { 0 };
	struct kx_view line;
	unsigned number = 0;
	int r = 0;

	if (text.size > KX_DISTRO_SIZE_MAX)
		return kx_fail(err, E2BIG, "%s: %zu bytes, more than %u", name, text.size,
			       KX_DISTRO_SIZE_MAX);
	while (r == 0 && kx_text_line(&text, &line))
		r = take_line(name, ++number, line, &distro, err);
	if (r == 0)
		r = check(name, &distro, err);
	if (r < 0)
		return r;
	*ret = distro;
	distro = (struct kx_distro){ 0 };
	return 0;
}

/* ---- placeholders ---------------------------------------------------------------------------- */

void kx_distro_order_clear(struct kx_distro_order *order)
{
	char *const owned[] = { order->release, order->mirror,       order->arch,
				order->kernel,  order->script,       order->cmdline,
				order->sums,    order->release_file, order->sums_signature };

	for (size_t i = 0; i < KX_ARRAY_SIZE(owned); i++)
		free(owned[i]);
	kx_names_clear(&order->initrds);
	*order = (struct kx_distro_order){ 0 };
}

static const char *find_pair(const struct kx_distro_pair *pairs, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(pairs[i].name, name))
			return pairs[i].value;
	return NULL;
}

/* What @name, of @size bytes, stands for; NULL for no placeholder. */
static const char *value_of(const struct kx_distro_order *order, const char *name, size_t size)
{
	const struct {
		const char *name, *value;
	} known[] = { { "release", order->release },
		      { "mirror", order->mirror },
		      { "arch", order->arch } };

	for (size_t i = 0; i < KX_ARRAY_SIZE(known); i++)
		if (strlen(known[i].name) == size && !strncmp(known[i].name, name, size))
			return known[i].value;
	return NULL;
}

/* @text with its placeholders replaced; what they stand for has none. */
static int fill(const struct kx_distro_order *order, const char *text, char **ret,
		struct kx_error *err)
{
	_cleanup_free_ char *out = strdup("");

	while (out && *text) {
		size_t plain = strcspn(text, "$"), size;
		const char *value = "";
		char *longer;

		if (text[plain] && text[plain + 1] == '{') {
			size = strcspn(text + plain + 2, "}");
			value = value_of(order, text + plain + 2, size);
			if (!value || !text[plain + 2 + size])
				return kx_fail(err, EBADMSG,
					       "\"%s\" has a placeholder that is none of "
					       "${release}, ${mirror} and ${arch}",
					       text);
			size += plain + strlen("${}");
		} else {
			plain += text[plain] ? 1 : 0;
			size = plain;
		}
		if (strlen(out) + plain + strlen(value) > KX_NETBOOT_STRING_MAX)
			return kx_fail(err, EBADMSG, "a line has more than %u bytes",
				       KX_NETBOOT_STRING_MAX);
		if (asprintf(&longer, "%s%.*s%s", out, (int)plain, text, value) < 0)
			longer = NULL;
		free(out);
		out = longer;
		text += size;
	}
	if (!out)
		return kx_fail(err, ENOMEM, "out of memory");
	*ret = kx_steal(out);
	return 0;
}

/* An address of its own, or a path on the mirror. */
static int address(const struct kx_distro_order *order, const char *text, char **ret,
		   struct kx_error *err)
{
	_cleanup_free_ char *filled = NULL, *base = NULL;
	int r;

	if (!text)
		return 0;
	r = fill(order, text, &filled, err);
	if (r < 0)
		return r;
	if (asprintf(&base, "%s/", order->mirror) < 0) {
		base = NULL;
		return kx_fail(err, ENOMEM, "out of memory");
	}
	return kx_url_resolve(base, filled, ret, err);
}

/* ---- what is asked for ----------------------------------------------------------------------- */

/* It becomes a part of a path: no slash, no "..", nothing that an address gives a meaning. */
static bool is_release(const char *text)
{
	if (!isalnum((unsigned char)*text))
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("._-+", *text))
			return false;
	return true;
}

static int set_release(const struct kx_distro *distro, const struct kx_distro_choice *choice,
		       struct kx_distro_order *order, struct kx_error *err)
{
	const char *wanted = choice->release ? choice->release : distro->release, *known;

	if (!wanted)
		return kx_fail(err, EINVAL, "%s: no release is the usual one; give it by --release",
			       distro->title);
	known = find_pair(distro->releases, distro->release_count, wanted);
	if (!is_release(wanted))
		return kx_fail(err, EINVAL, "--release=%s is no release's name", wanted);
	order->release = strdup(known ? known : wanted);
	return order->release ? 0 : kx_fail(err, ENOMEM, "out of memory");
}

static int set_mirror(const struct kx_distro *distro, const struct kx_distro_choice *choice,
		      struct kx_distro_order *order, struct kx_error *err)
{
	const char *mirror = choice->mirror ? choice->mirror : distro->mirror;
	size_t size = strlen(mirror);

	if (!kx_url_is_whole(mirror))
		return kx_fail(err, EINVAL, "--mirror=%s is no address, as https://host/path",
			       kx_url_text(mirror).s);
	while (size && mirror[size - 1] == '/')
		size--;
	order->mirror = strndup(mirror, size);
	return order->mirror ? 0 : kx_fail(err, ENOMEM, "out of memory");
}

static int set_arch(const struct kx_distro *distro, const struct kx_distro_choice *choice,
		    struct kx_distro_order *order, struct kx_error *err)
{
	const char *arch = choice->arch ? choice->arch : "unknown";
	const char *known = find_pair(distro->archs, distro->arch_count, arch);

	if (!known)
		return kx_fail(err, EOPNOTSUPP, "%s is not known for a machine of type %s",
			       distro->title, arch);
	order->arch = strdup(known);
	return order->arch ? 0 : kx_fail(err, ENOMEM, "out of memory");
}

static int set_cmdline(const struct kx_distro *distro, bool has_serial,
		       struct kx_distro_order *order, struct kx_error *err)
{
	_cleanup_free_ char *both = NULL;
	const char *own = distro->cmdline ? distro->cmdline : "";
	const char *serial = has_serial && distro->serial ? distro->serial : "";

	if (asprintf(&both, "%s%s%s", own, *own && *serial ? " " : "", serial) < 0) {
		both = NULL;
		return kx_fail(err, ENOMEM, "out of memory");
	}
	return fill(order, both, &order->cmdline, err);
}

static int set_addresses(const struct kx_distro *distro, struct kx_distro_order *order,
			 struct kx_error *err)
{
	int r = address(order, distro->kernel, &order->kernel, err);

	if (r == 0)
		r = address(order, distro->script, &order->script, err);
	if (r == 0)
		r = address(order, distro->sums, &order->sums, err);
	if (r == 0)
		r = address(order, distro->sums_signature, &order->sums_signature, err);
	if (r == 0)
		r = address(order, distro->release_file, &order->release_file, err);
	for (size_t i = 0; r == 0 && i < distro->initrds.count; i++) {
		_cleanup_free_ char *url = NULL;

		r = address(order, distro->initrds.v[i], &url, err);
		if (r == 0 && kx_names_add(&order->initrds, url) < 0)
			r = kx_fail(err, ENOMEM, "out of memory");
	}
	return r;
}

int kx_distro_order(const struct kx_distro *distro, const struct kx_distro_choice *choice,
		    bool has_serial, struct kx_distro_order *ret, struct kx_error *err)
{
	_cleanup_(kx_distro_order_clear) struct kx_distro_order order = { 0 };
	int r = set_release(distro, choice, &order, err);

	if (r == 0)
		r = set_mirror(distro, choice, &order, err);
	if (r == 0)
		r = set_arch(distro, choice, &order, err);
	if (r == 0)
		r = set_cmdline(distro, has_serial, &order, err);
	if (r == 0)
		r = set_addresses(distro, &order, err);
	if (r < 0)
		return r;
	*ret = order;
	order = (struct kx_distro_order){ 0 };
	return 0;
}
