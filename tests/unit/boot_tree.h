/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct kx_boot_fs over directories, each a device; located files are "(device)/path". */
#ifndef BOOT_TREE_H
#define BOOT_TREE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/boot.h"
#include "util.h"

#define TREE_DEVICES_MAX 8

struct tree_device {
	const char *name, *dir, *uuid, *label;
};

struct tree {
	struct tree_device devices[TREE_DEVICES_MAX];
	size_t count;
};

/* The path on the host; NULL when there is no such device. */
static char *tree_path(const struct tree *tree, const char *device, const char *path)
{
	char *s = NULL;

	for (size_t i = 0; i < tree->count; i++)
		if (!strcmp(tree->devices[i].name, device))
			return asprintf(&s, "%s%s", tree->devices[i].dir, path) < 0 ? NULL : s;
	return NULL;
}

static int tree_stat(void *ctx, const char *device, const char *path, struct kx_boot_stat *ret)
{
	_cleanup_free_ char *s = tree_path(ctx, device, path);
	struct stat st;

	if (!s)
		return -ENODEV;
	if (stat(s, &st) < 0)
		return -errno;
	ret->directory = S_ISDIR(st.st_mode);
	ret->size = (uint64_t)st.st_size;
	ret->mtime = st.st_mtime;
	return 0;
}

static int tree_read(void *ctx, const char *device, const char *path, size_t max, char **ret,
		     size_t *ret_size)
{
	struct kx_boot_stat st;
	int r = tree_stat(ctx, device, path, &st);
	_cleanup_free_ char *s = NULL, *data = NULL;
	FILE *f;

	if (r < 0)
		return r;
	if (st.directory)
		return -EISDIR;
	if (st.size > max)
		return -EFBIG;
	s = tree_path(ctx, device, path);
	data = malloc(st.size + 1);
	f = s && data ? fopen(s, "re") : NULL;
	if (!f)
		return -EIO;
	*ret_size = fread(data, 1, st.size, f);
	fclose(f);
	*ret = kx_steal(data);
	return 0;
}

static int tree_list(void *ctx, const char *device, const char *path, kx_boot_name_fn *each,
		     void *arg)
{
	_cleanup_free_ char *s = tree_path(ctx, device, path);
	struct dirent *entry;
	DIR *d;
	int r = 0;

	if (!s)
		return -ENODEV;
	d = opendir(s);
	if (!d)
		return -errno;
	while (!r && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = each(arg, entry->d_name);
	closedir(d);
	return r;
}

static int tree_search(void *ctx, enum kx_boot_search by, const char *value, char **ret_device)
{
	const struct tree *tree = ctx;
	struct kx_boot_stat st;

	for (size_t i = 0; i < tree->count; i++) {
		const struct tree_device *d = &tree->devices[i];
		bool found = by == KX_BOOT_BY_UUID ? !strcasecmp(d->uuid, value)
			     : by == KX_BOOT_BY_LABEL
				     ? !strcmp(d->label, value)
				     : tree_stat(ctx, d->name, value, &st) == 0 && !st.directory;

		if (found) {
			*ret_device = strdup(d->name);
			return *ret_device ? 0 : -ENOMEM;
		}
	}
	return -ENODEV;
}

static int tree_identify(void *ctx, enum kx_boot_search by, const char *device, char **ret)
{
	const struct tree *tree = ctx;

	for (size_t i = 0; i < tree->count; i++) {
		const struct tree_device *d = &tree->devices[i];
		const char *value = by == KX_BOOT_BY_UUID ? d->uuid : d->label;

		if (strcmp(d->name, device) != 0)
			continue;
		*ret = *value ? strdup(value) : NULL;
		return *ret ? 0 : -ENODATA;
	}
	return -ENODEV;
}

static int tree_locate(void *ctx, const char *device, const char *path, char **ret)
{
	_cleanup_free_ char *s = tree_path(ctx, device, path);

	if (!s)
		return -ENODEV;
	return asprintf(ret, "(%s)%s", device, path) < 0 ? -ENOMEM : 0;
}

static inline struct kx_boot_fs tree_fs(struct tree *tree)
{
	return (struct kx_boot_fs){ .ctx = tree,
				    .read = tree_read,
				    .stat = tree_stat,
				    .list = tree_list,
				    .search = tree_search,
				    .identify = tree_identify,
				    .locate = tree_locate };
}

#endif
