// SPDX-License-Identifier: LGPL-2.1-or-later
#include "codec.h"

#include <errno.h>
#include <zlib.h>

/* 16: a gzip header, not zlib's own. */
#define GZIP_WINDOW_BITS (16 + MAX_WBITS)

static int fail(int r, const z_stream *z, uint64_t at, struct kx_error *err)
{
	if (r == Z_MEM_ERROR)
		return kx_fail(err, ENOMEM, "no memory to decompress gzip data");
	return kx_bad_stream(err, "gzip",
			     r == Z_BUF_ERROR ? "it ends early"
			     : z->msg         ? z->msg
					      : "no message",
			     at);
}

/* zlib counts input in 32 bits. */
static void feed(z_stream *z, struct kx_view in, uint64_t *fed)
{
	uint64_t left = in.size - *fed;

	if (z->avail_in)
		return;
	z->next_in = (Bytef *)in.data + *fed;
	z->avail_in = left < UINT32_MAX ? (uInt)left : UINT32_MAX;
	*fed += z->avail_in;
}

static int pump(z_stream *z, struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		struct kx_error *err)
{
	uint64_t fed = 0;
	int r, zr;

	do {
		size_t room;
		void *to;

		feed(z, in, &fed);
		r = kx_sink_space(sink, KX_CODEC_PIECE, &to, &room, err);
		if (r < 0)
			return r;
		room = room < UINT32_MAX ? room : UINT32_MAX;
		z->next_out = to;
		z->avail_out = (uInt)room;
		zr = inflate(z, Z_NO_FLUSH);
		if (zr != Z_OK && zr != Z_STREAM_END)
			return fail(zr, z, fed - z->avail_in, err);
		r = kx_sink_wrote(sink, room - z->avail_out, err);
		if (r < 0)
			return r;
	} while (zr != Z_STREAM_END);
	*ret_used = fed - z->avail_in;
	return 0;
}

int kx_gzip_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		   struct kx_error *err)
{
	z_stream z = { 0 };
	int r;

	r = inflateInit2(&z, GZIP_WINDOW_BITS);
	if (r != Z_OK)
		return fail(r, &z, 0, err);
	r = pump(&z, in, sink, ret_used, err);
	inflateEnd(&z);
	return r;
}
