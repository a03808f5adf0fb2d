// SPDX-License-Identifier: LGPL-2.1-or-later
#include "codec.h"

#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>

static int pump(ZSTD_DStream *stream, struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		struct kx_error *err)
{
	ZSTD_inBuffer from = { in.data, in.size, 0 };
	size_t left, room;
	void *space;
	int r;

	do {
		ZSTD_outBuffer to = { 0 };

		r = kx_sink_space(sink, KX_CODEC_PIECE, &space, &room, err);
		if (r < 0)
			return r;
		to = (ZSTD_outBuffer){ space, room, 0 };
		left = ZSTD_decompressStream(stream, &to, &from);
		if (ZSTD_isError(left))
			return kx_bad_stream(err, "zstd", ZSTD_getErrorName(left), from.pos);
		r = kx_sink_wrote(sink, to.pos, err);
		if (r < 0)
			return r;
		if (left && from.pos == from.size && to.pos < to.size)
			return kx_bad_stream(err, "zstd", "it ends early", from.pos);
	} while (left);
	*ret_used = from.pos;
	return 0;
}

/* A stream keeps a copy of its history, up to all of the output; at one go the output is the history. */
static int unpack_whole(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
			struct kx_error *err)
{
	size_t frame = ZSTD_findFrameCompressedSize(in.data, in.size), got;

	if (ZSTD_isError(frame))
		return kx_bad_stream(err, "zstd", ZSTD_getErrorName(frame), 0);
	got = ZSTD_decompress(sink->data, sink->max, in.data, frame);
	if (ZSTD_isError(got) && ZSTD_getErrorCode(got) == ZSTD_error_dstSize_tooSmall)
		return kx_sink_wrote(sink, (size_t)sink->max + 1, err);
	if (ZSTD_isError(got))
		return kx_bad_stream(err, "zstd", ZSTD_getErrorName(got), 0);
	*ret_used = frame;
	return kx_sink_wrote(sink, got, err);
}

int kx_zstd_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		   struct kx_error *err)
{
	ZSTD_DStream *stream;
	int r = -ENOMEM;

	if (sink->whole)
		return unpack_whole(in, sink, ret_used, err);
	stream = ZSTD_createDStream();
	if (stream && !ZSTD_isError(ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax,
							   KX_CODEC_WINDOW_LOG_MAX)))
		r = pump(stream, in, sink, ret_used, err);
	else
		kx_fail(err, ENOMEM, "no memory to decompress zstd data");
	ZSTD_freeDStream(stream);
	return r;
}
