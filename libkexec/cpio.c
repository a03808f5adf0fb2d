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
/* What is looked at: the field, counted from 0. */
#define FIELD_MODE 1
#define FIELD_FILE_SIZE 6
#define FIELD_NAME_SIZE 11

static const char trailer[] = "TRAILER!!!";

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
	static const struct kx_cpio_file end = { .path = trailer };
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

bool kx_cpio_starts(struct kx_view bytes, uint64_t offset)
{
	/* "070702" has checksums, which are not looked at here. */
	return kx_view_equals(bytes, offset, "070701", 6) ||
	       kx_view_equals(bytes, offset, "070702", 6);
}

/* Eight hexadecimal digits of either case. */
static bool get_field(struct kx_view bytes, uint64_t header, unsigned field, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	uint64_t value = 0;
	struct kx_view text;

	if (!kx_view_sub(bytes, header + 6 + UINT64_C(8) * field, 8, &text))
		return false;
	for (size_t i = 0; i < text.size; i++) {
		const char *digit = memchr(digits, text.data[i], sizeof(digits) - 1);

		if (!digit)
			return false;
		value = value << 4 | ((size_t)(digit - digits) & 0xf);
	}
	*ret = value;
	return true;
}

/* Fields have 32 bits, which cannot make these sums overflow. */
bool kx_cpio_next(struct kx_view bytes, uint64_t *at, struct kx_cpio_member *ret)
{
	uint64_t name, content, mode, data;
	struct kx_cpio_member member = { 0 };

	if (!kx_cpio_starts(bytes, *at) || !get_field(bytes, *at, FIELD_MODE, &mode) ||
	    !get_field(bytes, *at, FIELD_NAME_SIZE, &name) ||
	    !get_field(bytes, *at, FIELD_FILE_SIZE, &content) ||
	    !kx_view_sub(bytes, *at + HEADER_SIZE, name, &member.name))
		return false;
	data = kx_align_up(*at + HEADER_SIZE + name, ALIGN);
	member.mode = (uint32_t)mode;
	member.last =
		name == sizeof(trailer) && kx_view_equals(member.name, 0, trailer, sizeof(trailer));
	if (content && !kx_view_sub(bytes, data, content, &member.content))
		return false;
	*at = kx_align_up(data + content, ALIGN);
	*ret = member;
	return true;
}

bool kx_cpio_measure(struct kx_view bytes, uint64_t start, uint64_t block, uint64_t *ret_end,
		     uint64_t *ret_content, uint64_t *ret_members)
{
	uint64_t at = 0, sum = 0, members = 0;
	struct kx_cpio_member member = { 0 };
	struct kx_view archive;

	if (!kx_view_from(bytes, start, &archive))
		return false;
	for (; !member.last; members++) {
		if (!kx_cpio_next(archive, &at, &member))
			return false;
		sum += kx_align_up(member.content.size, block);
	}
	*ret_end = start + (at < archive.size ? at : archive.size);
	*ret_content = sum;
	*ret_members = members - 1;
	return true;
}

bool kx_cpio_end(struct kx_view bytes, uint64_t start, uint64_t *ret)
{
	uint64_t content, members;

	return kx_cpio_measure(bytes, start, 1, ret, &content, &members);
}
