// SPDX-License-Identifier: GPL-2.0-or-later
/* The first byte says where to cut the rest into two initrds. */
#include <errno.h>

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
	kx_source_free(sources[0]);
	kx_source_free(sources[1]);
	return 0;
}
