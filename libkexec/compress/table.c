// SPDX-License-Identifier: LGPL-2.1-or-later
#include "codec.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/overflow.h"
#include "util.h"

/* The formats that the kernel's build offers (lib/decompress.c), and lz4(1)'s own; LZO has had no user for years. */
static const struct kx_codec codecs[] = {
	{ .name = "gzip",
	  .magic = { 0x1f, 0x8b },
	  .magic_size = 2,
	  .ends_with_size = true,
	  .unpack = kx_gzip_unpack },
	{ .name = "xz",
	  .magic = { 0xfd, '7', 'z', 'X', 'Z', 0 },
	  .magic_size = 6,
	  .unpack = kx_xz_unpack },
	{ .name = "zstd",
	  .magic = { 0x28, 0xb5, 0x2f, 0xfd },
	  .magic_size = 4,
	  .unpack = kx_zstd_unpack },
	{ .name = "lz4",
	  .magic = { 0x02, 0x21, 0x4c, 0x18 },
	  .magic_size = 4,
	  .unpack = kx_lz4_unpack },
	{ .name = "lz4",
	  .magic = { 0x04, 0x22, 0x4d, 0x18 },
	  .magic_size = 4,
	  .unpack = kx_lz4_frame_unpack },
	{ .name = "lzma", .magic = { 0x5d, 0, 0 }, .magic_size = 3, .unpack = kx_lzma_unpack },
	{ .name = "bzip2", .magic = { 'B', 'Z', 'h' }, .magic_size = 3, .unpack = kx_bzip2_unpack },
	{ .name = "lzo", .magic = { 0x89, 'L', 'Z', 'O' }, .magic_size = 4 },
};

const struct kx_codec *kx_codec_find(struct kx_view in)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(codecs); i++)
		if (kx_view_equals(in, 0, codecs[i].magic, codecs[i].magic_size))
			return &codecs[i];
	return NULL;
}

int kx_bad_stream(struct kx_error *err, const char *name, const char *what, uint64_t at)
{
	return kx_fail(err, EBADMSG, "damaged %s data: %s near byte %" PRIu64, name, what, at);
}

/* Doubles the room, up to what is allowed, until @need fits. */
static int make_room(struct kx_sink *sink, uint64_t need, struct kx_error *err)
{
	uint64_t room = sink->room ? sink->room : KX_CODEC_PIECE;
	uint8_t *bigger;

	while (room < need && room < sink->max / 2)
		room *= 2;
	if (room < need)
		room = sink->max;
	bigger = room <= SIZE_MAX ? realloc(sink->data, (size_t)room) : NULL;
	if (!bigger)
		return kx_fail(err, ENOMEM, "no memory for %" PRIu64 " bytes of decompressed data",
			       room);
	sink->data = bigger;
	sink->room = room;
	return 0;
}

int kx_sink_put(struct kx_sink *sink, const void *data, size_t size, struct kx_error *err)
{
	uint64_t end;
	int r;

	if (kx_add_overflow(sink->size, size, &end) || end > sink->max)
		return kx_fail(err, EFBIG, "more than %" PRIu64 " bytes when decompressed",
			       sink->max);
	if (sink->keep && end > sink->room) {
		r = make_room(sink, end, err);
		if (r < 0)
			return r;
	}
	if (sink->keep && size)
		memcpy(sink->data + sink->size, data, size);
	sink->size = end;
	return 0;
}

static int unpack(const struct kx_codec *codec, struct kx_view in, struct kx_sink *sink,
		  uint64_t *ret_used, struct kx_error *err)
{
	if (!codec->unpack)
		return kx_fail(err, EOPNOTSUPP, "%s data, which this program cannot decompress",
			       codec->name);
	return codec->unpack(in, sink, ret_used, err);
}

int kx_codec_unpack(const struct kx_codec *codec, struct kx_view in, uint64_t max, uint8_t **ret,
		    uint64_t *ret_size, uint64_t *ret_used, struct kx_error *err)
{
	struct kx_sink sink = { .keep = true, .max = max };
	uint64_t used = 0;
	int r = make_room(&sink, 1, err);

	if (!r)
		r = unpack(codec, in, &sink, &used, err);
	if (r) {
		free(sink.data);
		return r;
	}
	*ret = sink.data;
	*ret_size = sink.size;
	*ret_used = used;
	return 0;
}

int kx_codec_check(const struct kx_codec *codec, struct kx_view in, uint64_t max,
		   uint64_t *ret_size, uint64_t *ret_used, struct kx_error *err)
{
	struct kx_sink sink = { .max = max };
	uint64_t used = 0;
	int r = unpack(codec, in, &sink, &used, err);

	if (r)
		return r;
	*ret_size = sink.size;
	*ret_used = used;
	return 0;
}
