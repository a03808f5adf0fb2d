// SPDX-License-Identifier: LGPL-2.1-or-later
#include "codec.h"

#include <bzlib.h>
#include <errno.h>

static int fail(int r, uint64_t at, struct kx_error *err)
{
	if (r == BZ_MEM_ERROR)
		return kx_fail(err, ENOMEM, "no memory to decompress bzip2 data");
	return kx_bad_stream(err, "bzip2", "a checksum or code is wrong", at);
}

/* libbz2 counts input in 32 bits. */
static void feed(bz_stream *z, struct kx_view in, uint64_t *fed)
{
	uint64_t left = in.size - *fed;

	if (z->avail_in)
		return;
	z->next_in = (char *)(uintptr_t)in.data + *fed;
	z->avail_in = left < UINT32_MAX ? (unsigned)left : UINT32_MAX;
	*fed += z->avail_in;
}

static int pump(bz_stream *z, struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		struct kx_error *err)
{
	uint64_t fed = 0;
	int r, bz;

	do {
		size_t room;
		void *to;

		feed(z, in, &fed);
		r = kx_sink_space(sink, KX_CODEC_PIECE, &to, &room, err);
		if (r < 0)
			return r;
		z->next_out = to;
		room = room < UINT32_MAX ? room : UINT32_MAX;
		z->avail_out = (unsigned)room;
		bz = BZ2_bzDecompress(z);
		if (bz != BZ_OK && bz != BZ_STREAM_END)
			return fail(bz, fed - z->avail_in, err);
		/* It says BZ_OK, too, when there is nothing left to read. */
		if (bz == BZ_OK && fed == in.size && !z->avail_in && z->avail_out)
			return kx_bad_stream(err, "bzip2", "it ends early", fed);
		r = kx_sink_wrote(sink, room - z->avail_out, err);
		if (r < 0)
			return r;
	} while (bz != BZ_STREAM_END);
	*ret_used = fed - z->avail_in;
	return 0;
}

int kx_bzip2_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		    struct kx_error *err)
{
	bz_stream z = { 0 };
	int r;

	r = BZ2_bzDecompressInit(&z, 0, 0);
	if (r != BZ_OK)
		return fail(r, 0, err);
	r = pump(&z, in, sink, ret_used, err);
	BZ2_bzDecompressEnd(&z);
	return r;
}
