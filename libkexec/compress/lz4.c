// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The legacy frame of lz4_Frame_format.md, which `lz4 -l` writes and the kernel reads: a magic number, then blocks,
 * each behind its compressed size as le32. Nothing marks the end, and nothing is summed up.
 */
#include "codec.h"

#include <errno.h>
#include <lz4.h>

#define LEGACY_MAGIC 0x184c2102
/* What a block unpacks to, the last one's less. */
#define LEGACY_BLOCK (8 << 20)
/* A byte of a length stands for at most 255 bytes (lz4_Block_format.md), so that little input needs no large buffer. */
#define LEGACY_GROWTH 255

/*
 * The size of the next block; 0 at the end, which is where no whole size field is left, or it is 0 (zero padding), or
 * it is the magic number of another frame.
 */
static int next_block(struct kx_view in, uint64_t at, uint32_t *ret_size, struct kx_error *err)
{
	uint32_t size = 0;

	if (!kx_view_le32(in, at, &size) || size == LEGACY_MAGIC)
		size = 0;
	if (size > LZ4_COMPRESSBOUND(LEGACY_BLOCK))
		return kx_bad_stream(err, "lz4", "a block is larger than can be", at);
	if (size && !kx_view_has(in, at + 4, size))
		return kx_bad_stream(err, "lz4", "it ends early", at);
	*ret_size = size;
	return 0;
}

/* What a block that does not fit lacks, told apart from a wrong code by unpacking it into enough room. */
static int unpack_block(struct kx_sink *sink, struct kx_view block, uint64_t at,
			struct kx_error *err)
{
	uint64_t most = block.size * LEGACY_GROWTH;
	size_t want = most < LEGACY_BLOCK ? (size_t)most : LEGACY_BLOCK;
	size_t room;
	void *to;
	int got, r = kx_sink_space(sink, want, &to, &room, err);

	if (r < 0)
		return r;
	room = room < want ? room : want;
	got = LZ4_decompress_safe((const char *)block.data, to, (int)block.size, (int)room);
	if (got < 0 && room < want) {
		r = kx_sink_spare(sink, want, &to, err);
		if (r < 0)
			return r;
		got = LZ4_decompress_safe((const char *)block.data, to, (int)block.size, (int)want);
	}
	if (got < 0)
		return kx_bad_stream(err, "lz4", "a code is wrong", at);
	return kx_sink_wrote(sink, (size_t)got, err);
}

int kx_lz4_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used, struct kx_error *err)
{
	uint64_t at = 4;
	uint32_t size = 0;
	int r;

	while ((r = next_block(in, at, &size, err)) == 0 && size) {
		r = unpack_block(sink, kx_view_of(in.data + at + 4, size), at, err);
		if (r < 0)
			return r;
		at += 4 + (uint64_t)size;
	}
	if (r < 0)
		return r;
	*ret_used = at;
	return 0;
}
