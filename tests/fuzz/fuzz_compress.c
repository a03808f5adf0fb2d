// SPDX-License-Identifier: GPL-2.0-or-later
/* Our use of the codecs' libraries; the output is capped, so that an input of zeros does not take all the time. */
#include <errno.h>

#include "compress/compress.h"
#include "fuzz.h"

#define CAP (256 * 1024)

/* What unpacks in pieces unpacks at one go, into memory of just that size. */
static void unpack_to(const struct kx_codec *codec, struct kx_view in, struct kx_view same)
{
	uint8_t *to = malloc(same.size ? same.size : 1);
	struct kx_error err = { 0 };
	uint64_t size = 0, used;

	require(to);
	require(kx_codec_unpack_to(codec, in, to, same.size, &size, &used, &err) == 0);
	require(size == same.size && (!size || !memcmp(to, same.data, size)));
	free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_view in = kx_view_of(data, size);
	const struct kx_codec *codec = kx_codec_find(in);
	uint64_t kept = 0, used = 0, counted = 0, used_again = 0;
	struct kx_error err = { 0 };
	uint8_t *out = NULL;
	int r;

	if (!codec)
		return 0;
	r = kx_codec_unpack(codec, in, CAP, &out, &kept, &used, &err);
	require(r == 0 || r == -EBADMSG || r == -EFBIG);
	if (r < 0)
		require_message(&err);
	require(kept <= CAP && used <= size);
	touch(kx_view_of(out, kept));
	if (r == 0)
		unpack_to(codec, in, kx_view_of(out, kept));
	free(out);
	require(kx_codec_check(codec, in, CAP, &counted, &used_again, &err) == r);
	require(counted == kept && used_again == used);
	return 0;
}
