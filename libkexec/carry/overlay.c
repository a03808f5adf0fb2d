// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/overflow.h"
#include "carry/carry.h"
#include "cpio.h"
#include "util.h"

/* MAXSYMLINKS of include/linux/namei.h. */
#define LINKS_MAX 40

/* ---- files ----------------------------------------------------------------------------------- */

static bool path_is_fit(const char *path)
{
	size_t size = strlen(path);

	if (!size || size >= PATH_MAX || path[size - 1] == '/')
		return false;
	while (*path) {
		size_t n = strcspn(path, "/");

		if ((n == 1 && path[0] == '.') || (n == 2 && !memcmp(path, "..", 2)))
			return false;
		path += n + strspn(path + n, "/");
	}
	return true;
}

int kx_overlay_add(struct kx_overlay *overlay, const char *path, uint32_t mode,
		   struct kx_view content, void *owned, struct kx_error *err)
{
	_cleanup_free_ void *keep = owned;
	char *copy;

	path += strspn(path, "/");
	if (!path_is_fit(path))
		return kx_fail(err, EINVAL,
			       "cannot put a file into the initrd as \"/%.200s\": that is no path "
			       "of a file; give one without \"..\", as /etc/motd",
			       path);
	if (overlay->count == KX_OVERLAY_MAX)
		return kx_fail(err, EFBIG, "cannot put more than %d files into the initrd",
			       KX_OVERLAY_MAX);
	copy = strdup(path);
	if (!copy)
		return kx_fail(err, ENOMEM, "cannot put %s into the initrd: out of memory", path);
	overlay->v[overlay->count++] = (struct kx_overlay_file){
		.path = copy, .mode = mode, .content = content, .owned = kx_steal(keep)
	};
	return 0;
}

void kx_overlay_clear(struct kx_overlay *overlay)
{
	for (size_t i = 0; i < overlay->count; i++) {
		free(overlay->v[i].path);
		/* A key may be among them. */
		if (overlay->v[i].owned)
			explicit_bzero(overlay->v[i].owned, overlay->v[i].content.size);
		free(overlay->v[i].owned);
	}
	overlay->count = 0;
}

/* ---- where they go --------------------------------------------------------------------------- */

/* Files and folders of the archive; their paths are owned. */
struct pack {
	const struct kx_look *look;
	struct kx_cpio_file *v;
	char **paths;
	size_t count;
};

/* The last archive counts. */
static const struct kx_look_entry *look_up(const struct kx_look *look, const char *path)
{
	for (size_t i = look->count; i > 0; i--)
		if (!strcmp(look->v[i - 1].path, path))
			return &look->v[i - 1];
	return NULL;
}

/* Of an initrd that could not be read: these are links in most, and nothing is if its libraries are gone. */
static bool may_be_link(const struct kx_look *look, const char *path)
{
	static const char *const paths[] = { "bin",   "sbin",   "lib",     "lib32",
					     "lib64", "libx32", "var/run", "var/lock" };

	for (size_t i = 0; !look->whole && i < KX_ARRAY_SIZE(paths); i++)
		if (!strcmp(path, paths[i]))
			return true;
	return false;
}

static uint32_t folder_mode(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	if (!strcmp(path, "tmp") || !strcmp(path, "var/tmp"))
		return 01777;
	return !strcmp(path, "root") || !strcmp(name, ".ssh") ? 0700 : 0755;
}

static bool has_folder(const struct pack *pack, const char *path)
{
	for (size_t i = 0; i < pack->count; i++)
		if (S_ISDIR(pack->v[i].mode) && !strcmp(pack->v[i].path, path))
			return true;
	return false;
}

/* Takes @path over. */
static int pack_add(struct pack *pack, char *path, uint32_t mode, struct kx_view content)
{
	struct kx_cpio_file *v = reallocarray(pack->v, pack->count + 1, sizeof(*v));
	char **paths = reallocarray(pack->paths, pack->count + 1, sizeof(*paths));

	if (v)
		pack->v = v;
	if (paths)
		pack->paths = paths;
	if (!v || !paths) {
		free(path);
		return -ENOMEM;
	}
	pack->v[pack->count] =
		(struct kx_cpio_file){ .path = path, .mode = mode, .content = content };
	pack->paths[pack->count++] = path;
	return 0;
}

/* @target of the link at the first @at bytes of @path, with the rest of @path behind it. */
static char *follow(const char *path, size_t at, const char *target)
{
	size_t folder = at;
	char *result;

	while (folder && path[folder - 1] != '/')
		folder--;
	if (*target == '/')
		folder = 0;
	target += strspn(target, "/");
	return asprintf(&result, "%.*s%s%s", (int)folder, path, target, path + at) < 0 ? NULL
										       : result;
}

/* "a/../b" as "b", in place; what leads above the root stays there. */
static void straighten(char *path)
{
	char *to = path, *start = path;

	while (*path) {
		size_t n = strcspn(path, "/");
		const char *next = path + n + strspn(path + n, "/");

		if (n == 2 && !memcmp(path, "..", 2)) {
			while (to > start && *--to != '/')
				;
		} else if (n && !(n == 1 && *path == '.')) {
			if (to > start)
				*to++ = '/';
			memmove(to, path, n);
			to += n;
		}
		path += next - path;
	}
	*to = '\0';
}

/* The folder of the first @n bytes of @path. Return: 0; -ENOMEM. */
static int folder_add(struct pack *pack, const char *path, size_t n)
{
	char *folder = strndup(path, n);

	if (!folder)
		return -ENOMEM;
	if (has_folder(pack, folder) || may_be_link(pack->look, folder)) {
		free(folder);
		return 0;
	}
	return pack_add(pack, folder, S_IFDIR | folder_mode(folder), kx_view_of(NULL, 0));
}

/* The first link on the way to *path is replaced by what it leads to. Return: 0 done, 1 there was one; -ENOMEM. */
static int resolve_one(struct pack *pack, char **path)
{
	for (size_t n = strcspn(*path, "/"); (*path)[n]; n += 1 + strcspn(*path + n + 1, "/")) {
		_cleanup_free_ char *folder = strndup(*path, n);
		const struct kx_look_entry *entry;
		char *other;
		int r = 0;

		if (!folder)
			return -ENOMEM;
		entry = look_up(pack->look, folder);
		if (!entry)
			r = folder_add(pack, *path, n);
		if (r < 0)
			return r;
		if (!entry || !entry->target)
			continue;
		other = follow(*path, n, entry->target);
		if (!other)
			return -ENOMEM;
		straighten(other);
		free(*path);
		*path = other;
		return 1;
	}
	return 0;
}

static int pack_file(struct pack *pack, const struct kx_overlay_file *file, struct kx_error *err)
{
	char *path = strdup(file->path);
	int r = path ? 1 : -ENOMEM;

	if (path)
		straighten(path);
	for (unsigned links = 0; r == 1 && links < LINKS_MAX; links++)
		r = resolve_one(pack, &path);
	if (r == 0)
		r = pack_add(pack, kx_steal(path), S_IFREG | file->mode, file->content);
	free(path);
	if (r == 1)
		return kx_fail(err, ELOOP,
			       "cannot put /%s into the initrd: the links there lead in circles",
			       file->path);
	return r < 0 ? kx_fail(err, -r, "cannot make the initrd's overlay: out of memory") : 0;
}

int kx_overlay_pack(const struct kx_overlay *overlay, const struct kx_look *look, uint8_t **ret,
		    size_t *ret_size, struct kx_error *err)
{
	struct pack pack = { .look = look };
	int r = 0;

	for (size_t i = 0; r == 0 && i < overlay->count; i++)
		r = pack_file(&pack, &overlay->v[i], err);
	if (r == 0)
		r = kx_cpio_pack(pack.v, pack.count, ret, ret_size, err);
	for (size_t i = 0; i < pack.count; i++)
		free(pack.paths[i]);
	free(pack.paths);
	free(pack.v);
	return r;
}
