// SPDX-License-Identifier: LGPL-2.1-or-later
/* GRUB's variables, and the file that keeps some: the manual's section "The GRUB environment block". */
#include "boot/grub_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/view.h"
#include "util.h"

static unsigned bucket_of(const char *name)
{
	unsigned hash = 5381;

	for (; *name; name++)
		hash = 33 * hash + (unsigned char)*name;
	return hash % KX_GRUB_BUCKETS;
}

static struct kx_grub_variable *find(const struct kx_grub_env *env, const char *name)
{
	struct kx_grub_variable *v = env->buckets[bucket_of(name)];

	while (v && strcmp(v->name, name) != 0)
		v = v->next;
	return v;
}

const char *kx_grub_env_value(const struct kx_grub_env *env, const char *name)
{
	const struct kx_grub_variable *v = find(env, name);

	return v ? v->value : NULL;
}

static int find_or_add(struct kx_grub_arena *arena, struct kx_grub_env *env, const char *name,
		       struct kx_grub_variable **ret)
{
	struct kx_grub_variable **bucket = &env->buckets[bucket_of(name)];
	struct kx_grub_variable *v = find(env, name);

	if (!v) {
		if (env->count >= KX_GRUB_VARIABLES_MAX)
			return -E2BIG;
		v = kx_grub_alloc(arena, sizeof(*v));
		if (!v)
			return -ENOMEM;
		v->name = name;
		v->next = *bucket;
		*bucket = v;
		env->count++;
	}
	*ret = v;
	return 0;
}

int kx_grub_env_set(struct kx_grub_arena *arena, struct kx_grub_env *env, const char *name,
		    const char *value)
{
	struct kx_grub_variable *v;
	int r;

	if (!value && !find(env, name))
		return 0;
	r = find_or_add(arena, env, name, &v);
	if (r < 0)
		return r;
	v->value = value;
	if (!value)
		v->exported = false;
	return 0;
}

int kx_grub_env_export(struct kx_grub_arena *arena, struct kx_grub_env *env, const char *name)
{
	struct kx_grub_variable *v;
	int r = find_or_add(arena, env, name, &v);

	if (r < 0)
		return r;
	if (!v->value)
		v->value = "";
	v->exported = true;
	return 0;
}

int kx_grub_env_copy(struct kx_grub_arena *arena, const struct kx_grub_env *from,
		     bool only_exported, struct kx_grub_env *ret)
{
	struct kx_grub_env to = { .count = 0 };
	struct kx_grub_variable *copy;
	int r;

	for (size_t i = 0; i < KX_GRUB_BUCKETS; i++) {
		for (const struct kx_grub_variable *v = from->buckets[i]; v; v = v->next) {
			if (!v->value || (only_exported && !v->exported))
				continue;
			r = find_or_add(arena, &to, v->name, &copy);
			if (r < 0)
				return r;
			copy->value = v->value;
			copy->exported = v->exported;
		}
	}
	*ret = to;
	return 0;
}

#define SIGNATURE "# GRUB Environment Block\n"

/* The value up to the line's end; a backslash takes the next character as it is, even that. */
static size_t unescape_line(const char *block, size_t size, char *ret)
{
	size_t at = 0, used = 0;

	while (at < size && block[at] != '\n') {
		if (block[at] == '\\' && at + 1 < size)
			at++;
		ret[used++] = block[at++];
	}
	ret[used] = 0;
	return at < size ? at + 1 : at;
}

int kx_grub_env_parse(const char *block, size_t size, kx_grub_env_fn *each, void *arg)
{
	const size_t skip = strlen(SIGNATURE);
	_cleanup_free_ char *line = NULL;
	char *value;
	int r = 0;

	if (size < skip || memcmp(block, SIGNATURE, skip) != 0)
		return -EBADMSG;
	line = malloc(size + 1);
	if (!line)
		return -ENOMEM;
	for (size_t at = skip; !r && at < size;) {
		bool comment = block[at] == '#';

		at += unescape_line(block + at, size - at, line);
		value = strchr(line, '=');
		if (comment || !value)
			continue;
		*value++ = 0;
		r = each(arg, line, value);
	}
	return r;
}

struct wanted {
	const char *name;
	char *value;
};

static int keep_wanted(void *arg, const char *name, const char *value)
{
	struct wanted *wanted = arg;

	if (strcmp(name, wanted->name) != 0)
		return 0;
	free(wanted->value);
	wanted->value = strdup(value);
	return wanted->value ? 0 : -ENOMEM;
}

int kx_grub_env_get(const char *block, size_t size, const char *name, char **ret)
{
	struct wanted wanted = { .name = name };
	int r = kx_grub_env_parse(block, size, keep_wanted, &wanted);

	if (r < 0 || !wanted.value) {
		free(wanted.value);
		return r < 0 ? r : -ENOENT;
	}
	*ret = wanted.value;
	return 0;
}

/* ---- editing --------------------------------------------------------------------------------- */

struct block {
	char *text;
	size_t size, used;
};

static int put(struct block *out, const char *bytes, size_t size)
{
	if (size > out->size - out->used)
		return -ENOSPC;
	memcpy(out->text + out->used, bytes, size);
	out->used += size;
	return 0;
}

static int put_variable(struct block *out, const char *name, const char *value)
{
	int r = put(out, name, strlen(name));

	if (r == 0)
		r = put(out, "=", 1);
	for (; r == 0 && *value; value++) {
		if (*value == '\\' || *value == '\n')
			r = put(out, "\\", 1);
		if (r == 0)
			r = put(out, value, 1);
	}
	return r == 0 ? put(out, "\n", 1) : r;
}

/* What fills the block up is a comment that does not end. */
static bool is_padding(const char *line, size_t size)
{
	size_t at = 0;

	while (at < size && line[at] == '#')
		at++;
	return at == size;
}

/* @line is room for all of the block. */
static int edit(struct kx_view rest, const char *name, const char *value, char *line,
		struct block *out)
{
	size_t length = strlen(name);
	int r = 0;

	while (r == 0 && rest.size && !is_padding((const char *)rest.data, rest.size)) {
		const char *raw = (const char *)rest.data;
		size_t size = unescape_line(raw, rest.size, line);
		bool ours = *raw != '#' && !strncmp(line, name, length) && line[length] == '=';

		if (size == rest.size &&
		    (raw[size - 1] != '\n' || (size > 1 && raw[size - 2] == '\\')))
			return -EBADMSG;
		if (!ours)
			r = put(out, raw, size);
		else if (value)
			r = put_variable(out, name, value);
		/* Where it is there more than once, the last one would count. */
		value = ours ? NULL : value;
		rest = kx_view_of(rest.data + size, rest.size - size);
	}
	return r == 0 && value ? put_variable(out, name, value) : r;
}

int kx_grub_env_edit(char *block, size_t size, const char *name, const char *value)
{
	const size_t skip = strlen(SIGNATURE);
	_cleanup_free_ char *text = NULL, *line = NULL;
	struct block out = { .size = size };
	int r;

	if (size < skip || memcmp(block, SIGNATURE, skip) != 0)
		return -EBADMSG;
	if (!*name || *name == '#' || name[strcspn(name, "=\\\n")])
		return -EINVAL;
	text = malloc(size);
	line = malloc(size + 1);
	if (!text || !line)
		return -ENOMEM;
	out.text = text;
	put(&out, block, skip);
	r = edit(kx_view_of(block + skip, size - skip), name, value, line, &out);
	if (r < 0)
		return r;
	memset(out.text + out.used, '#', size - out.used);
	memcpy(block, out.text, size);
	return 0;
}
