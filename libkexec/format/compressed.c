// SPDX-License-Identifier: LGPL-2.1-or-later
/* A file that was compressed as a whole, in any format of compress/table.c. Tried after all that have a header. */
#include "format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compress/compress.h"
#include "source.h"

/* The most that one layer may unpack to: larger than any unified kernel image, small enough for any machine. */
#define UNPACKED_MAX (UINT64_C(1) << 30)

static int probe(const struct kx_request *request, struct kx_view file, struct kx_error *err)
{
	const struct kx_codec *codec = kx_codec_find(file);

	if (!codec)
		return kx_fail(err, ENOEXEC, "no magic number of a compression format");
	return 0;
}

static bool all_zero(struct kx_view v)
{
	return !v.size || (!v.data[0] && !memcmp(v.data, v.data + 1, v.size - 1));
}

static int unwrap(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	const struct kx_codec *codec = kx_codec_find(file);
	uint64_t size, used;
	uint8_t *bytes;
	struct kx_view rest;
	char name[512];
	int r = kx_codec_unpack(codec, file, UNPACKED_MAX, &bytes, &size, &used, err);

	if (r < 0)
		return r;
	r = kx_plan_own(plan, bytes, err);
	if (r < 0)
		return r;
	if (!size)
		return kx_fail(err, EBADMSG, "%s data that unpack to nothing", codec->name);
	if (kx_view_from(file, used, &rest) && !all_zero(rest))
		kx_plan_warn(plan, "%zu bytes after the %s data are ignored", rest.size,
			     codec->name);
	snprintf(name, sizeof(name), "%s, unpacked from %s", kx_source_name(plan->request.kernel),
		 codec->name);
	return kx_plan_keep_source(plan, name, kx_view_of(bytes, size), &plan->request.kernel, err);
}

const struct kx_format kx_format_compressed = {
	.name = "compressed",
	.summary = "any of these in gzip, xz, lzma, zstd, lz4, lzo or bzip2",
	.probe = probe,
	.unwrap = unwrap,
};
