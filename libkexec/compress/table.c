// SPDX-License-Identifier: LGPL-2.1-or-later
#include "codec.h"

#include <errno.h>
#include <inttypes.h>
#include <lzma.h>
#include <string.h>

#include "base/overflow.h"
#include "util.h"

/* The formats that the kernel's build offers (lib/decompress.c), and lz4(1)'s own. */
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
	{ .name = "lzo",
	  .magic = { 0x89, 'L', 'Z', 'O' },
	  .magic_size = 4,
	  .unpack = kx_lzo_unpack },
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

int kx_sink_spare(struct kx_sink *sink, size_t want, void **ret, struct kx_error *err)
{
	if (sink->piece_size < want) {
		free(sink->piece);
		sink->piece = malloc(want);
		sink->piece_size = sink->piece ? want : 0;
	}
	if (!sink->piece)
		return kx_fail(err, ENOMEM, "no memory to decompress %zu bytes", want);
	*ret = sink->piece;
	return 0;
}

int kx_sink_space(struct kx_sink *sink, size_t want, void **ret, size_t *ret_size,
		  struct kx_error *err)
{
	uint64_t need = sink->max - sink->size < want ? sink->max : sink->size + want;
	int r;

	if (!sink->keep || sink->size == sink->max) {
		r = kx_sink_spare(sink, want, ret, err);
		if (r == 0)
			*ret_size = want;
		return r;
	}
	if (need > sink->room) {
		r = make_room(sink, need, err);
		if (r < 0)
			return r;
	}
	*ret = sink->data + sink->size;
	*ret_size = (size_t)(sink->room - sink->size);
	return 0;
}

int kx_sink_wrote(struct kx_sink *sink, size_t size, struct kx_error *err)
{
	if (size > sink->max - sink->size)
		return kx_fail(err, EFBIG, "more than %" PRIu64 " bytes when decompressed",
			       sink->max);
	sink->size += size;
	return 0;
}

static int unpack(const struct kx_codec *codec, struct kx_view in, struct kx_sink *sink,
		  uint64_t *ret_used, struct kx_error *err)
{
	int r;

	/* The processors that we may run on; 0 when that is not known. */
	sink->threads = lzma_cputhreads();
	r = codec->unpack(in, sink, ret_used, err);
	free(sink->piece);
	return r;
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

int kx_codec_unpack_to(const struct kx_codec *codec, struct kx_view in, void *to, uint64_t max,
		       uint64_t *ret_size, uint64_t *ret_used, struct kx_error *err)
{
	struct kx_sink sink = { .keep = true, .whole = true, .max = max, .data = to, .room = max };
	uint64_t used = 0;
	int r = unpack(codec, in, &sink, &used, err);

	if (r)
		return r;
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
