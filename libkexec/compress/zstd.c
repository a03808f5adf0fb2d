// SPDX-License-Identifier: LGPL-2.1-or-later
#include "codec.h"

#include <errno.h>
#include <zstd.h>

static int pump(ZSTD_DStream *stream, struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		struct kx_error *err)
{
	ZSTD_inBuffer from = { in.data, in.size, 0 };
	uint8_t piece[KX_CODEC_PIECE];
	size_t left;
	int r;

	do {
		ZSTD_outBuffer to = { piece, sizeof(piece), 0 };

		left = ZSTD_decompressStream(stream, &to, &from);
		if (ZSTD_isError(left))
			return kx_bad_stream(err, "zstd", ZSTD_getErrorName(left), from.pos);
		r = kx_sink_put(sink, piece, to.pos, err);
		if (r < 0)
			return r;
		if (left && from.pos == from.size && to.pos < to.size)
			return kx_bad_stream(err, "zstd", "it ends early", from.pos);
	} while (left);
	*ret_used = from.pos;
	return 0;
}

int kx_zstd_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		   struct kx_error *err)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	int r = -ENOMEM;

	if (stream && !ZSTD_isError(ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax,
							   KX_CODEC_WINDOW_LOG_MAX)))
		r = pump(stream, in, sink, ret_used, err);
	else
		kx_fail(err, ENOMEM, "no memory to decompress zstd data");
	ZSTD_freeDStream(stream);
	return r;
}
