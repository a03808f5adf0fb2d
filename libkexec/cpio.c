// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cpio.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"

/* Magic, then 13 fields of 8 hexadecimal digits; names and contents are padded to a multiple of 4. */
#define FIELD_COUNT 13
#define HEADER_SIZE (6 + FIELD_COUNT * 8)
#define ALIGN 4

static size_t name_size(const char *path)
{
	return (size_t)kx_align_up(HEADER_SIZE + strlen(path) + 1, ALIGN);
}

static size_t entry_size(const struct kx_cpio_file *file)
{
	return name_size(file->path) + (size_t)kx_align_up(file->content.size, ALIGN);
}

/* The buffer is zeroed, so padding is there already. */
static uint8_t *put(uint8_t *at, unsigned number, const struct kx_cpio_file *file)
{
	/* ino, mode, uid, gid, nlink, mtime, filesize, maj, min, rmaj, rmin, namesize, chksum */
	const uint32_t fields[FIELD_COUNT] = {
		[0] = number,
		[1] = file->mode,
		[4] = 1,
		[6] = (uint32_t)file->content.size,
		[11] = (uint32_t)strlen(file->path) + 1,
	};
	static const uint8_t magic[] = { '0', '7', '0', '7', '0', '1' };
	char text[9];

	memcpy(at, magic, sizeof(magic));
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		snprintf(text, sizeof(text), "%08" PRIx32, fields[i]);
		memcpy(at + 6 + 8 * i, text, 8);
	}
	memcpy(at + HEADER_SIZE, file->path, strlen(file->path) + 1);
	at += name_size(file->path);
	if (file->content.size)
		memcpy(at, file->content.data, file->content.size);
	return at + kx_align_up(file->content.size, ALIGN);
}

int kx_cpio_pack(const struct kx_cpio_file *files, size_t count, uint8_t **ret, size_t *ret_size,
		 struct kx_error *err)
{
	static const struct kx_cpio_file end = { .path = "TRAILER!!!" };
	size_t size = entry_size(&end);
	uint8_t *archive, *at;

	for (size_t i = 0; i < count; i++) {
		if (files[i].content.size > UINT32_MAX)
			return kx_fail(err, EFBIG,
				       "%s is larger than the 4 GiB that an initrd's file can have",
				       files[i].path);
		size += entry_size(&files[i]);
	}
	at = archive = calloc(1, size);
	if (!archive)
		return kx_fail(err, ENOMEM, "no memory for an archive of %zu bytes", size);
	for (size_t i = 0; i < count; i++)
		at = put(at, (unsigned)i + 1, &files[i]);
	put(at, 0, &end);
	*ret = archive;
	*ret_size = size;
	return 0;
}
