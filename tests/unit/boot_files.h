/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct kx_boot_fs over files that a test makes up, for readers and their fuzzers. */
#ifndef BOOT_FILES_H
#define BOOT_FILES_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"

#define BOOT_FILES_MAX 32

/**
 * struct boot_files - files of every device but those whose name begins with "no"
 *
 * Located files are "device:path".
 */
struct boot_files {
	struct {
		const char *path;
		const void *data;
		size_t size;
	} v[BOOT_FILES_MAX];
	size_t count;
};

static inline void boot_file_bytes(struct boot_files *files, const char *path, const void *data,
				   size_t size)
{
	if (files->count == BOOT_FILES_MAX)
		abort();
	files->v[files->count].path = path;
	files->v[files->count].data = data;
	files->v[files->count++].size = size;
}

static inline void boot_file(struct boot_files *files, const char *path, const char *text)
{
	boot_file_bytes(files, path, text, strlen(text));
}

static int boot_files_read(void *ctx, const char *device, const char *path, size_t max, char **ret,
			   size_t *ret_size)
{
	const struct boot_files *files = ctx;

	if (!strncmp(device, "no", 2))
		return -ENODEV;
	for (size_t i = 0; i < files->count; i++) {
		char *copy;

		if (strcmp(files->v[i].path, path) != 0)
			continue;
		if (files->v[i].size > max)
			return -EFBIG;
		/* Of exactly its size, so that AddressSanitizer sees a read past the end. */
		copy = malloc(files->v[i].size ? files->v[i].size : 1);
		if (!copy)
			return -ENOMEM;
		if (files->v[i].size)
			memcpy(copy, files->v[i].data, files->v[i].size);
		*ret = copy;
		*ret_size = files->v[i].size;
		return 0;
	}
	return -ENOENT;
}

static int boot_files_stat(void *ctx, const char *device, const char *path,
			   struct kx_boot_stat *ret)
{
	const struct boot_files *files = ctx;

	for (size_t i = 0; strncmp(device, "no", 2) != 0 && i < files->count; i++) {
		if (strcmp(files->v[i].path, path) != 0)
			continue;
		*ret = (struct kx_boot_stat){ .size = files->v[i].size };
		return 0;
	}
	return -ENOENT;
}

static int boot_files_list(void *ctx, const char *device, const char *path, kx_boot_name_fn *each,
			   void *arg)
{
	const struct boot_files *files = ctx;
	size_t n = strcmp(path, "/") != 0 ? strlen(path) : 0;
	bool found = false;
	int r = 0;

	if (!strncmp(device, "no", 2))
		return -ENODEV;
	for (size_t i = 0; r == 0 && i < files->count; i++) {
		const char *file = files->v[i].path;

		if (strncmp(file, path, n) != 0 || file[n] != '/' || strchr(file + n + 1, '/'))
			continue;
		found = true;
		r = each(arg, file + n + 1);
	}
	return found ? r : -ENOENT;
}

static int boot_files_search(void *ctx, enum kx_boot_search by, const char *value,
			     char **ret_device)
{
	if (!strncmp(value, "no", 2))
		return -ENODEV;
	*ret_device = strdup(value);
	return *ret_device ? 0 : -ENOMEM;
}

static int boot_files_locate(void *ctx, const char *device, const char *path, char **ret)
{
	size_t n = strlen(device);

	if (!strncmp(device, "no", 2))
		return -ENODEV;
	*ret = malloc(n + strlen(path) + 2);
	if (!*ret)
		return -ENOMEM;
	memcpy(*ret, device, n);
	(*ret)[n] = ':';
	strcpy(*ret + n + 1, path);
	return 0;
}

/* "uuid-of-hd0"; a device whose name begins with "un" has none. */
static int boot_files_identify(void *ctx, enum kx_boot_search by, const char *device, char **ret)
{
	if (!strncmp(device, "un", 2) || !strncmp(device, "no", 2))
		return device[0] == 'n' ? -ENODEV : -ENODATA;
	return asprintf(ret, "%s-of-%s", by == KX_BOOT_BY_UUID ? "uuid" : "label", device) < 0
		       ? -ENOMEM
		       : 0;
}

static inline struct kx_boot_fs boot_files_fs(struct boot_files *files)
{
	return (struct kx_boot_fs){ .ctx = files,
				    .read = boot_files_read,
				    .stat = boot_files_stat,
				    .list = boot_files_list,
				    .search = boot_files_search,
				    .identify = boot_files_identify,
				    .locate = boot_files_locate };
}

#endif
