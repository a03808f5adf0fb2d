// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What lzop(1) writes and the kernel's lib/decompress_unlzo.c reads: a magic number, a header whose fields are big-endian
 * and depend on its version and flags, then blocks until one of size 0.
 */
#include "codec.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <lzo/lzo1x.h>
#include <string.h>

static const uint8_t magic[] = { 0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n' };

/* From this version on, the header has a level and the upper half of the time. */
#define VERSION_WITH_LEVEL 0x0940

/* Flags: Adler-32 or CRC-32 of each block, before and after it was packed; what the header has on top. */
enum {
	SUM_UNPACKED = 0x1 | 0x100,
	SUM_PACKED = 0x2 | 0x200,
	EXTRA_FIELD = 0x40, /* no kernel has one */
	HAS_FILTER = 0x800,
};

/* lzop's largest; the kernel takes 256 KiB. */
#define BLOCK_MAX (64 << 20)

static bool read_be32(struct kx_view in, uint64_t *at, uint32_t *ret)
{
	uint32_t value;

	if (!kx_view_le32(in, *at, &value))
		return false;
	*ret = __builtin_bswap32(value);
	*at += 4;
	return true;
}

static int ends_early(struct kx_view in, struct kx_error *err)
{
	return kx_bad_stream(err, "lzo", "it ends early", in.size);
}

/* Versions and method; level; flags and filter; mode and time; name; sum. */
static int skip_header(struct kx_view in, uint64_t *at, uint32_t *ret_flags, struct kx_error *err)
{
	uint16_t version;
	uint8_t name_size;
	bool has_level;

	if (!kx_view_has(in, 0, sizeof(magic)))
		return ends_early(in, err);
	if (!kx_view_equals(in, 0, magic, sizeof(magic)))
		return kx_bad_stream(err, "lzo", "an unknown header", 4);
	*at = sizeof(magic);
	if (!kx_view_le16(in, *at, &version))
		return ends_early(in, err);
	has_level = __builtin_bswap16(version) >= VERSION_WITH_LEVEL;
	*at += 7 + has_level;
	if (!read_be32(in, at, ret_flags))
		return ends_early(in, err);
	if (*ret_flags & EXTRA_FIELD)
		return kx_bad_stream(err, "lzo", "an unknown header", *at);
	*at += (*ret_flags & HAS_FILTER ? 4 : 0) + (has_level ? 12 : 8);
	if (!kx_view_u8(in, *at, &name_size))
		return ends_early(in, err);
	*at += 1 + name_size + 4;
	return kx_view_has(in, *at, 0) ? 0 : ends_early(in, err);
}

static int unpack_block(struct kx_sink *sink, struct kx_view block, uint32_t size, uint64_t at,
			struct kx_error *err)
{
	lzo_uint got = size;
	size_t room;
	void *to;
	int r;

	/* A block that says that it is larger than what is left, whatever is in it. */
	if (size > sink->max - sink->size)
		return kx_sink_wrote(sink, size, err);
	r = kx_sink_space(sink, size, &to, &room, err);
	if (r < 0)
		return r;
	if (block.size == size)
		memcpy(to, block.data, size);
	else if (lzo1x_decompress_safe(block.data, block.size, to, &got, NULL) != LZO_E_OK ||
		 got != size)
		return kx_bad_stream(err, "lzo", "a code is wrong", at);
	return kx_sink_wrote(sink, size, err);
}

static int count_sums(uint32_t flags, uint32_t size, uint32_t packed)
{
	/* A block that could not be packed has no sum of its packed form. */
	return __builtin_popcount(flags & SUM_UNPACKED) +
	       (packed < size ? __builtin_popcount(flags & SUM_PACKED) : 0);
}

int kx_lzo_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used, struct kx_error *err)
{
	uint32_t flags = 0, size = 0, packed = 0;
	struct kx_view block = { 0 };
	uint64_t at = 0;
	int r = skip_header(in, &at, &flags, err);

	while (r == 0) {
		uint64_t start = at;

		if (!read_be32(in, &at, &size))
			return ends_early(in, err);
		if (!size)
			break;
		if (!read_be32(in, &at, &packed))
			return ends_early(in, err);
		if (size > BLOCK_MAX || !packed || packed > size)
			return kx_bad_stream(err, "lzo", "a block is larger than can be", start);
		at += 4 * (uint64_t)count_sums(flags, size, packed);
		if (!kx_view_sub(in, at, packed, &block))
			return ends_early(in, err);
		r = unpack_block(sink, block, size, start, err);
		at += packed;
	}
	if (r == 0)
		*ret_used = at;
	return r;
}
