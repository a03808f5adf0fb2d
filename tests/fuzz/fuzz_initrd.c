// SPDX-License-Identifier: GPL-2.0-or-later
/* The first byte says where to cut the rest into two initrds. */
#include <errno.h>

#include "carry/carry.h"
#include "cpio.h"
#include "fuzz.h"
#include "initrd.h"
#include "source.h"

#define ALIGN 4096
#define UNPACK_MAX 65536

static struct kx_source *source_of(const uint8_t *data, size_t size)
{
	struct kx_source *source = NULL;
	struct kx_error err;

	require(kx_source_from_memory("input", data, size, &source, &err) == 0);
	return source;
}

static void require_layout(const struct kx_initrd *initrd)
{
	uint64_t end = 0;

	require(initrd->count <= 3 + 2 * KX_INITRD_ARCHIVE_MAX);
	require(initrd->archive_count <= KX_INITRD_ARCHIVE_MAX);
	for (size_t i = 0; i < initrd->count; i++) {
		const struct kx_initrd_part *part = &initrd->parts[i];

		require(part->bytes.size);
		require(part->offset % ALIGN == 0 && part->offset >= end);
		end = part->offset + part->bytes.size;
		touch(part->bytes);
	}
	require(initrd->size == end);
}

/* Files put over what is there go to a place within it, into folders that are there. */
static void require_overlay(const struct kx_look *look)
{
	static struct kx_overlay overlay;
	struct kx_cpio_member member = { 0 };
	struct kx_error err = { 0 };
	uint8_t *archive = NULL;
	uint64_t at = 0;
	size_t size = 0;
	int r;

	require(kx_overlay_add(&overlay, "/lib/x/file", 0600, kx_view_of("1", 1), NULL, &err) == 0);
	require(kx_overlay_add(&overlay, "/etc/file", 0600, kx_view_of("2", 1), NULL, &err) == 0);
	r = kx_overlay_pack(&overlay, look, &archive, &size, &err);
	require(r == 0 || r == -ELOOP);
	while (r == 0 && !member.last) {
		require(kx_cpio_next(kx_view_of(archive, size), &at, &member));
		require(member.name.data[0] && member.name.data[0] != '/');
		require(member.name.size < 3 || memcmp(member.name.data, "../", 3) != 0);
	}
	free(archive);
	kx_overlay_clear(&overlay);
}

static void look_into(const struct kx_source *const *sources)
{
	struct kx_look look = { 0 };
	struct kx_error err = { 0 };
	int r = kx_look(sources, 2, UNPACK_MAX, &look, &err);

	require(r == 0 || r == -EBADMSG);
	if (r == 0)
		require_overlay(&look);
	else
		require_message(&err);
	kx_look_clear(&look);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cut = size ? (size - 1) * data[0] / 255 : 0;
	struct kx_source *sources[2];
	struct kx_initrd initrd = { 0 };
	struct kx_error err = { 0 };
	int r;

	if (!size)
		return 0;
	sources[0] = source_of(data + 1, cut);
	sources[1] = source_of(data + 1 + cut, size - 1 - cut);
	r = kx_initrd_layout((const struct kx_source *const *)sources, 2, ALIGN, UNPACK_MAX,
			     &initrd, &err);
	require(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
	if (r == 0)
		require_layout(&initrd);
	else
		require_message(&err);
	kx_initrd_clear(&initrd);
	look_into((const struct kx_source *const *)sources);
	kx_source_free(sources[0]);
	kx_source_free(sources[1]);
	return 0;
}
