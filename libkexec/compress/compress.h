/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One codec, one file over the codec's own library, one line in compress/table.c. */
#ifndef KX_COMPRESS_H
#define KX_COMPRESS_H

#include "base/view.h"
#include "libkexec.h"

/* The most that a stream may ask for as history: zstd --ultra -22 and xz with a 128-MiB dictionary need this much. */
#define KX_CODEC_WINDOW_LOG_MAX 27

struct kx_sink;

/**
 * struct kx_codec - a compression format
 * @ends_with_size: the stream's own last four bytes are the size of what it unpacks to (gzip)
 * @unpack: all of @in to @sink, which is given as much at a time as the codec likes. What follows the stream is
 *	    ignored, its offset given in *ret_used. Errors: -EBADMSG; -ENOMEM; -EFBIG when there is more than the
 *	    sink takes.
 */
struct kx_codec {
	const char *name;
	uint8_t magic[8];
	size_t magic_size;
	bool ends_with_size;
	int (*unpack)(struct kx_view in, struct kx_sink *sink, uint64_t *ret_used,
		      struct kx_error *err);
};

/* The codec whose magic @in begins with, or NULL. */
const struct kx_codec *kx_codec_find(struct kx_view in);

/**
 * kx_codec_unpack() - decompress into memory
 * @max: most bytes of output
 * @ret: malloc'ed, @ret_size bytes
 * @ret_used: how much of @in the compressed stream is
 *
 * Errors: -EBADMSG; -EFBIG over @max; -ENOMEM.
 */
int kx_codec_unpack(const struct kx_codec *codec, struct kx_view in, uint64_t max, uint8_t **ret,
		    uint64_t *ret_size, uint64_t *ret_used, struct kx_error *err);

/**
 * kx_codec_unpack_to() - decompress into memory that is there, without another copy of it
 * @to: of @max bytes; on failure its content is undefined
 *
 * Errors: as kx_codec_unpack().
 */
int kx_codec_unpack_to(const struct kx_codec *codec, struct kx_view in, void *to, uint64_t max,
		       uint64_t *ret_size, uint64_t *ret_used, struct kx_error *err);

/**
 * kx_codec_check() - decompress, but keep only the sizes
 *
 * Takes no more memory than the format's own history, at most 1 << KX_CODEC_WINDOW_LOG_MAX; gzip's library as much
 * as it unpacks, up to @max.
 *
 * Errors: as kx_codec_unpack().
 */
int kx_codec_check(const struct kx_codec *codec, struct kx_view in, uint64_t max,
		   uint64_t *ret_size, uint64_t *ret_used, struct kx_error *err);

#endif
