// SPDX-License-Identifier: LGPL-2.1-or-later
/* xz, and the older format of the same library, which file(1) calls LZMA. */
#include "codec.h"

#include <errno.h>
#include <lzma.h>

/* The dictionary, and what the decoder needs beside it. */
#define MEMORY_MAX ((UINT64_C(1) << KX_CODEC_WINDOW_LOG_MAX) + (1 << 20))

static int fail(lzma_ret r, const char *name, uint64_t at, struct kx_error *err)
{
	switch (r) {
	case LZMA_MEM_ERROR:
		return kx_fail(err, ENOMEM, "no memory to decompress %s data", name);
	case LZMA_MEMLIMIT_ERROR:
		return kx_bad_stream(err, name, "it asks for too large a dictionary", at);
	case LZMA_BUF_ERROR:
		return kx_bad_stream(err, name, "it ends early", at);
	case LZMA_OPTIONS_ERROR:
		return kx_bad_stream(err, name, "unknown options", at);
	default:
		return kx_bad_stream(err, name, "a checksum or code is wrong", at);
	}
}

static int pump(lzma_stream *s, const char *name, struct kx_view in, struct kx_sink *sink,
		uint64_t *ret_used, struct kx_error *err)
{
	lzma_ret lr;
	int r;

	s->next_in = in.data;
	s->avail_in = in.size;
	do {
		size_t room;
		void *to;

		r = kx_sink_space(sink, KX_CODEC_PIECE, &to, &room, err);
		if (r < 0)
			return r;
		s->next_out = to;
		s->avail_out = room;
		lr = lzma_code(s, LZMA_FINISH);
		if (lr != LZMA_OK && lr != LZMA_STREAM_END)
			return fail(lr, name, s->total_in, err);
		r = kx_sink_wrote(sink, room - s->avail_out, err);
		if (r < 0)
			return r;
	} while (lr != LZMA_STREAM_END);
	*ret_used = s->total_in;
	return 0;
}

/*
 * Blocks that tell their sizes, as those of xz -T do, are unpacked side by side. The library's threads take no signals, and
 * end in lzma_end(). With one processor they would only cost memory.
 */
static lzma_ret open_xz(lzma_stream *s, uint32_t threads)
{
	lzma_mt options = { .threads = threads,
			    .memlimit_threading = KX_CODEC_THREADS_MEMORY,
			    .memlimit_stop = MEMORY_MAX };

	return threads > 1 ? lzma_stream_decoder_mt(s, &options)
			   : lzma_stream_decoder(s, MEMORY_MAX, 0);
}

int kx_xz_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used, struct kx_error *err)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret lr = open_xz(&s, sink->threads);
	int r = lr == LZMA_OK ? pump(&s, "xz", in, sink, ret_used, err) : fail(lr, "xz", 0, err);

	lzma_end(&s);
	return r;
}

int kx_lzma_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		   struct kx_error *err)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret lr = lzma_alone_decoder(&s, MEMORY_MAX);
	int r = lr == LZMA_OK ? pump(&s, "lzma", in, sink, ret_used, err)
			      : fail(lr, "lzma", 0, err);

	lzma_end(&s);
	return r;
}
