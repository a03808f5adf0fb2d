/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the codecs share among themselves. */
#ifndef KX_CODEC_H
#define KX_CODEC_H

#include "compress.h"

/* Output is made in pieces of at least this size where the codec lets us choose. */
#define KX_CODEC_PIECE (64 * 1024)

/* For parts that are unpacked side by side, beside what they become where that is kept: as many as fit. */
#define KX_CODEC_THREADS_MEMORY (UINT64_C(64) << 20)

/**
 * struct kx_sink - where output goes: straight into the memory where it stays
 * @keep: leave it in @data; else only count
 * @whole: @data is the caller's, with room for all of @max: a codec may write it at one go
 * @max: most bytes
 * @threads: so many may work side by side, the caller's among them. They take no signals, and none is left when the codec
 *	     returns. With 1 none is started.
 * @piece: room for what is only counted, and for what is too much
 */
struct kx_sink {
	bool keep, whole;
	uint64_t max;
	uint32_t threads;
	uint8_t *data;
	uint64_t size;
	uint64_t room;
	uint8_t *piece;
	size_t piece_size;
};

/**
 * kx_sink_space() - where the next output goes
 * @want: bytes that are needed at one go
 * @ret, @ret_size: at least @want bytes, or fewer when no more than that are allowed; at least one
 *
 * Errors: -ENOMEM.
 */
int kx_sink_space(struct kx_sink *sink, size_t want, void **ret, size_t *ret_size,
		  struct kx_error *err);

/* As many bytes for what is not kept, or not yet known to fit. Errors: -ENOMEM. */
int kx_sink_spare(struct kx_sink *sink, size_t want, void **ret, struct kx_error *err);

/* @size bytes were written there. Errors: -EFBIG over @sink->max. */
int kx_sink_wrote(struct kx_sink *sink, size_t size, struct kx_error *err);

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
int kx_lzo_unpack(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		  struct kx_error *err);

#endif
