// SPDX-License-Identifier: LGPL-2.1-or-later
/* The frame of lz4_Frame_format.md that lz4(1) writes unless told -l; the kernel's build uses the older one, lz4.c. */
#include "codec.h"

#include <errno.h>
#include <lz4frame.h>

static int pump(LZ4F_dctx *context, struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		struct kx_error *err)
{
	uint64_t at = 0;
	size_t hint;
	int r;

	do {
		size_t out, used = in.size - at;
		void *to;

		r = kx_sink_space(sink, KX_CODEC_PIECE, &to, &out, err);
		if (r < 0)
			return r;
		hint = LZ4F_decompress(context, to, &out, in.data + at, &used, NULL);
		if (LZ4F_isError(hint))
			return kx_bad_stream(err, "lz4", LZ4F_getErrorName(hint), at);
		at += used;
		r = kx_sink_wrote(sink, out, err);
		if (r < 0)
			return r;
		if (hint && !used && !out)
			return kx_bad_stream(err, "lz4", "it ends early", at);
	} while (hint);
	*ret_used = at;
	return 0;
}

int kx_lz4_frame_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
			struct kx_error *err)
{
	LZ4F_dctx *context = NULL;
	int r;

	if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
		return kx_fail(err, ENOMEM, "no memory to decompress lz4 data");
	r = pump(context, in, sink, ret_used, err);
	LZ4F_freeDecompressionContext(context);
	return r;
}
