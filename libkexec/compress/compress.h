/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One codec, one file over the codec's own library, one line in compress/table.c. */
#ifndef KX_COMPRESS_H
#define KX_COMPRESS_H

#include "base/view.h"
#include "libkexec.h"

/**
 * struct kx_codec - a compression format
 * @decompress: all of @in; what follows the compressed stream is ignored and its length given in *ret_used.
 *		Output in a malloc'ed buffer of at most @max bytes. With @ret NULL the stream is only checked.
 *		Errors: -EBADMSG; -EFBIG over @max; -EOPNOTSUPP when built without the library; -ENOMEM.
 */
struct kx_codec {
	const char *name;
	uint8_t magic[8];
	size_t magic_size;
	int (*decompress)(struct kx_view in, uint64_t max, uint8_t **ret, uint64_t *ret_size,
			  uint64_t *ret_used, struct kx_error *err);
};

/* The codec whose magic @in begins with, or NULL. */
const struct kx_codec *kx_codec_find(struct kx_view in);

#endif
