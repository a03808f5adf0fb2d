// SPDX-License-Identifier: LGPL-2.1-or-later
#include "boot/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util.h"

bool kx_boot_line(struct kx_view *rest, unsigned *number, struct kx_view *ret_key,
		  struct kx_view *ret_value)
{
	struct kx_view line, key;

	while (kx_text_line(rest, &line)) {
		++*number;
		line = kx_text_trim(line);
		if (!kx_text_word(&line, &key) || key.data[0] == '#')
			continue;
		*ret_key = key;
		*ret_value = kx_text_trim(line);
		return true;
	}
	return false;
}

bool kx_boot_is(struct kx_view text, const char *what)
{
	return text.size == strlen(what) &&
	       (!text.size || !strncasecmp((const char *)text.data, what, text.size));
}

int kx_boot_set(char **field, struct kx_view value)
{
	char *copy;
	int r = kx_text_dup(value, &copy);

	if (r < 0)
		return r;
	free(*field);
	*field = copy;
	return 0;
}

int kx_boot_join(char **field, struct kx_view value)
{
	_cleanup_free_ char *copy = NULL;
	char *joined;
	int r;

	if (!*field || !**field)
		return kx_boot_set(field, value);
	if (!value.size)
		return 0;
	r = kx_text_dup(value, &copy);
	if (r < 0)
		return r;
	if (asprintf(&joined, "%s %s", *field, copy) < 0)
		return -ENOMEM;
	free(*field);
	*field = joined;
	return 0;
}

int kx_boot_add(struct kx_names *list, struct kx_view value)
{
	_cleanup_free_ char *copy = NULL;
	int r;

	if (list->count >= KX_BOOT_VALUES_MAX)
		return -EFBIG;
	r = kx_text_dup(value, &copy);
	return r < 0 ? r : kx_names_add(list, copy);
}

int kx_boot_add_each(struct kx_names *list, struct kx_view value, const char *separators)
{
	size_t start = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i <= value.size; i++) {
		if (i < value.size && !strchr(separators, value.data[i]))
			continue;
		if (i > start)
			r = kx_boot_add(list, kx_view_of(value.data + start, i - start));
		start = i + 1;
	}
	return r;
}

/* Appends the components of @path to @out, whose first @floor bytes ".." does not take away. */
static size_t append_components(char *out, size_t used, size_t floor, const char *path)
{
	char separator = strchr(path, '/') ? '/' : '\\';
	struct kx_view rest = kx_text_of(path), part;

	while (kx_text_field(&rest, separator, &part)) {
		if (!part.size || kx_text_is(part, "."))
			continue;
		if (kx_text_is(part, "..")) {
			while (used > floor && out[--used] != '/')
				;
			continue;
		}
		out[used++] = '/';
		memcpy(out + used, part.data, part.size);
		used += part.size;
	}
	return used;
}

int kx_boot_path(const char *top, const char *folder, const char *path, char **ret)
{
	size_t used = strlen(top), floor;
	char *out;

	if (!folder || *path == '/' || *path == '\\')
		folder = "";
	/* A slash before each of the three, and one for an empty path. */
	out = malloc(used + strlen(folder) + strlen(path) + 4);
	if (!out)
		return -ENOMEM;
	memcpy(out, top, used);
	while (used && out[used - 1] == '/')
		used--;
	floor = used;
	used = append_components(out, used, floor, folder);
	used = append_components(out, used, floor, path);
	if (!used)
		out[used++] = '/';
	out[used] = '\0';
	*ret = out;
	return 0;
}
