// SPDX-License-Identifier: LGPL-2.1-or-later
#include "codec.h"

#include <errno.h>
#include <libdeflate.h>

/* The library unpacks at one go, and from the start again in this many times the room where that was too little. */
#define GROWTH 4
/* What room comes first: that of most files. What is not written to takes no memory. */
#define FIRST_GROWTH 8

static int fail(struct kx_error *err)
{
	return kx_bad_stream(err, "gzip", "it ends early, or a checksum or code is wrong", 0);
}

static int unpack(struct libdeflate_decompressor *d, struct kx_view in, struct kx_sink *sink,
		  uint64_t *ret_used, struct kx_error *err)
{
	uint64_t want = KX_CODEC_PIECE + (uint64_t)in.size * FIRST_GROWTH;
	size_t room, used = 0, got = 0;
	enum libdeflate_result lr;
	void *to;
	int r;

	do {
		want = want < sink->max ? want : sink->max;
		r = kx_sink_space(sink, want ? (size_t)want : 1, &to, &room, err);
		if (r < 0)
			return r;
		room = room < sink->max ? room : (size_t)sink->max;
		lr = libdeflate_gzip_decompress_ex(d, in.data, in.size, to, room, &used, &got);
		want = (uint64_t)room * GROWTH;
	} while (lr == LIBDEFLATE_INSUFFICIENT_SPACE && room < sink->max);
	/* Or, by a few kB, that it ends early: the library reads zeros behind the end before it gives up. */
	if (lr == LIBDEFLATE_INSUFFICIENT_SPACE)
		return kx_sink_wrote(sink, room + 1, err);
	if (lr != LIBDEFLATE_SUCCESS)
		return fail(err);
	*ret_used = used;
	return kx_sink_wrote(sink, got, err);
}

int kx_gzip_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		   struct kx_error *err)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	int r = d ? unpack(d, in, sink, ret_used, err)
		  : kx_fail(err, ENOMEM, "no memory to decompress gzip data");

	libdeflate_free_decompressor(d);
	return r;
}
