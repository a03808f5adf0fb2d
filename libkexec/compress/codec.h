/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the codecs share among themselves. */
#ifndef KX_CODEC_H
#define KX_CODEC_H

#include "compress.h"

/* Output is handed over in pieces of this size where the codec lets us choose. */
#define KX_CODEC_PIECE (64 * 1024)

/**
 * struct kx_sink - where output goes
 * @keep: store it in @data; else only count
 * @max: most bytes
 */
struct kx_sink {
	bool keep;
	uint64_t max;
	uint8_t *data;
	uint64_t size;
	uint64_t room;
};

/* Errors: -EFBIG over @sink->max; -ENOMEM. */
int kx_sink_put(struct kx_sink *sink, const void *data, size_t size, struct kx_error *err);

int kx_bad_stream(struct kx_error *err, const char *name, const char *what, uint64_t at);

int kx_gzip_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		   struct kx_error *err);
int kx_xz_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used, struct kx_error *err);
int kx_lzma_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		   struct kx_error *err);
int kx_zstd_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		   struct kx_error *err);
int kx_bzip2_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		    struct kx_error *err);
int kx_lz4_frame_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
			struct kx_error *err);
int kx_lz4_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		  struct kx_error *err);

#endif
