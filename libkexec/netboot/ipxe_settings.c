// SPDX-License-Identifier: LGPL-2.1-or-later
/* Settings and their types: ipxe.org/cfg. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "netboot/ipxe.h"
#include "util.h"

void kx_ipxe_settings_clear(struct kx_ipxe_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		free(settings->v[i].name);
		free(settings->v[i].value);
	}
	free(settings->v);
	*settings = (struct kx_ipxe_settings){ 0 };
}

/* ---- names ----------------------------------------------------------------------------------- */

/* "netX" is the interface that was used last; it is the first one here. */
static bool is_named(const struct kx_ipxe_setting *setting, const char *name)
{
	static const char any[] = "netX/", first[] = "net0/";
	size_t n = strlen(any);

	if (strncmp(name, any, n) != 0)
		return !strcmp(setting->name, name);
	return !strncmp(setting->name, first, n) && !strcmp(setting->name + n, name + n);
}

static struct kx_ipxe_setting *find(const struct kx_ipxe_settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->count; i++)
		if (is_named(&settings->v[i], name))
			return &settings->v[i];
	return NULL;
}

/* One that names no interface may be any interface's. */
const char *kx_ipxe_get(const struct kx_ipxe_settings *settings, const char *name)
{
	const struct kx_ipxe_setting *found = find(settings, name);

	for (size_t i = 0; !found && !strchr(name, '/') && i < settings->count; i++) {
		const char *slash = strrchr(settings->v[i].name, '/');

		if (slash && !strcmp(slash + 1, name))
			found = &settings->v[i];
	}
	return found ? found->value : NULL;
}

/* ---- types ----------------------------------------------------------------------------------- */

static bool is_mac(const char *value)
{
	size_t n = strlen(value);

	for (size_t i = 0; i < n; i++)
		if (i % 3 == 2 ? value[i] != ':' : !isxdigit((unsigned char)value[i]))
			return false;
	return n % 3 == 2;
}

/* Bytes in hexadecimal with @separator between, or none. An address is its bytes already. */
static char *as_hex(const char *value, const char *separator)
{
	bool mac = is_mac(value);
	size_t n = mac ? (strlen(value) + 1) / 3 : strlen(value);
	char *out = calloc(n + 1, 3), *next = out;

	for (size_t i = 0; out && i < n; i++) {
		next = stpcpy(next, i ? separator : "");
		if (mac)
			next += sprintf(next, "%c%c", tolower((unsigned char)value[3 * i]),
					tolower((unsigned char)value[3 * i + 1]));
		else
			next += sprintf(next, "%02x", (unsigned char)value[i]);
	}
	return out;
}

/* RFC 3986, 2.3: what needs no per cent sign. */
static char *as_uri(const char *value)
{
	char *out = calloc(strlen(value) + 1, 3), *next = out;

	for (; out && *value; value++) {
		if (isalnum((unsigned char)*value) || strchr("-._~", *value))
			*next++ = *value;
		else
			next += sprintf(next, "%%%02X", (unsigned char)*value);
	}
	return out;
}

static bool is_plain(const char *type)
{
	static const char *const plain[] = { "string", "ipv4",  "ipv6",    "uuid",  "guid",
					     "int8",   "int16", "int32",   "uint8", "uint16",
					     "uint32", "dnssl", "busdevfn" };

	for (size_t i = 0; i < KX_ARRAY_SIZE(plain); i++)
		if (!strcmp(type, plain[i]))
			return true;
	return false;
}

static int format(const char *value, const char *type, char **ret, struct kx_error *err)
{
	char *out;

	if (!type || is_plain(type))
		out = strdup(value);
	else if (!strcmp(type, "hex"))
		out = as_hex(value, ":");
	else if (!strcmp(type, "hexhyp"))
		out = as_hex(value, "-");
	else if (!strcmp(type, "hexraw"))
		out = as_hex(value, "");
	else if (!strcmp(type, "uristring"))
		out = as_uri(value);
	else
		return kx_fail(err, EOPNOTSUPP, "settings of type %s are not understood here",
			       type);
	if (!out)
		return kx_fail(err, ENOMEM, "out of memory");
	*ret = out;
	return 0;
}

/* "20:20" is two blanks. */
static int parse_hex(const char *text, char **ret, struct kx_error *err)
{
	_cleanup_free_ char *out = calloc(strlen(text) / 2 + 2, 1);
	size_t n = 0;

	if (!out)
		return kx_fail(err, ENOMEM, "out of memory");
	while (*text) {
		unsigned byte;

		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]) ||
		    sscanf(text, "%2x", &byte) != 1 || !byte)
			return kx_fail(err, EBADMSG,
				       "\"%s\" is no row of bytes other than zero; write it as "
				       "1b:5b",
				       text);
		out[n++] = (char)byte;
		text += 2;
		text += *text && strchr(":-", *text) ? 1 : 0;
	}
	*ret = kx_steal(out);
	return 0;
}

static int parse(const char *value, const char *type, char **ret, struct kx_error *err)
{
	if (type && !strncmp(type, "hex", 3))
		return parse_hex(value, ret, err);
	if (type && !is_plain(type))
		return kx_fail(err, EOPNOTSUPP, "settings of type %s are not understood here",
			       type);
	return format(value, NULL, ret, err);
}

/* ---- set ------------------------------------------------------------------------------------- */

static void take_away(struct kx_ipxe_settings *settings, struct kx_ipxe_setting *gone)
{
	free(gone->name);
	free(gone->value);
	*gone = settings->v[--settings->count];
}

static int add(struct kx_ipxe_settings *settings, const char *name, char **value,
	       struct kx_error *err)
{
	struct kx_ipxe_setting *grown;
	char *copy;

	if (settings->count == KX_IPXE_SETTINGS_MAX)
		return kx_fail(err, E2BIG, "more than %u settings", KX_IPXE_SETTINGS_MAX);
	copy = strdup(name);
	grown = reallocarray(settings->v, settings->count + 1, sizeof(*grown));
	if (grown)
		settings->v = grown;
	if (!copy || !grown) {
		free(copy);
		return kx_fail(err, ENOMEM, "out of memory");
	}
	settings->v[settings->count++] = (struct kx_ipxe_setting){ copy, kx_steal(*value) };
	return 0;
}

int kx_ipxe_set(struct kx_ipxe_settings *settings, const char *name, const char *value,
		struct kx_error *err)
{
	_cleanup_free_ char *bare = strdup(name), *parsed = NULL;
	char *type = bare ? strchr(bare, ':') : NULL;
	struct kx_ipxe_setting *found;
	int r;

	if (!bare)
		return kx_fail(err, ENOMEM, "out of memory");
	if (type)
		*type++ = '\0';
	found = find(settings, bare);
	if (!value) {
		if (found)
			take_away(settings, found);
		return 0;
	}
	r = parse(value, type, &parsed, err);
	if (r < 0)
		return r;
	if (!found)
		return add(settings, bare, &parsed, err);
	free(found->value);
	found->value = kx_steal(parsed);
	return 0;
}

/* ---- expansion ------------------------------------------------------------------------------- */

static int value_of(const struct kx_ipxe_settings *settings, char *name, char **ret,
		    struct kx_error *err)
{
	char *type = strchr(name, ':');
	const char *value;

	if (type)
		*type++ = '\0';
	value = kx_ipxe_get(settings, name);
	return value ? format(value, type, ret, err) : format("", NULL, ret, err);
}

/* Replaces the innermost "${name}" that comes first. Return: 0 when there is none, else 1. */
static int expand_one(const struct kx_ipxe_settings *settings, char **text, struct kx_error *err)
{
	_cleanup_free_ char *value = NULL;
	char *start = NULL, *end = *text, *longer;
	int r;

	for (; *end && !(start && *end == '}'); end++)
		if (end[0] == '$' && end[1] == '{')
			start = end;
	if (!start || !*end)
		return 0;
	*start = *end = '\0';
	r = value_of(settings, start + 2, &value, err);
	if (r < 0)
		return r;
	if (asprintf(&longer, "%s%s%s", *text, value, end + 1) < 0)
		return kx_fail(err, ENOMEM, "out of memory");
	free(*text);
	*text = longer;
	return 1;
}

int kx_ipxe_expand(const struct kx_ipxe_settings *settings, const char *text, uint64_t *work,
		   char **ret, struct kx_error *err)
{
	_cleanup_free_ char *out = strdup(text);
	int r = out ? 1 : kx_fail(err, ENOMEM, "out of memory");

	while (r > 0) {
		*work += strlen(out);
		if (strlen(out) > KX_NETBOOT_STRING_MAX || *work > KX_IPXE_WORK_MAX)
			return kx_fail(
				err, E2BIG,
				"a word comes to more than %u bytes, or has no end, when its "
				"settings are put in",
				KX_NETBOOT_STRING_MAX);
		r = expand_one(settings, &out, err);
	}
	if (r == 0)
		*ret = kx_steal(out);
	return r;
}
