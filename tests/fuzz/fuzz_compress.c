// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file that was compressed as a whole, and our use of the codecs' libraries. The output is capped, so that an input
 * of zeros does not take all the time.
 */
#include "compress/compress.h"
#include "format/format.h"
#include "fuzz_plan.h"

#define CAP (256 * 1024)

/*
 * What unpacks in pieces unpacks at one go, into memory of just that size. Without a checksum LZ4's library sees less damage
 * than the format forbids: it takes an offset of 0, and leaves there what was there; and that the last bytes must be literal
 * it only demands at the end of the room it has. Zstandard's takes a compressed block of no bytes, but in pieces only.
 */
static void unpack_to(const struct kx_codec *codec, struct kx_view in, struct kx_view same)
{
	uint8_t *to = malloc(same.size ? same.size : 1);
	bool sees_less = !strcmp(codec->name, "lz4");
	struct kx_error err = { 0 };
	uint64_t size = 0, used;
	int r;

	require(to);
	r = kx_codec_unpack_to(codec, in, to, same.size, &size, &used, &err);
	require(r == 0 || (sees_less && (r == -EBADMSG || r == -EFBIG)) ||
		(r == -EBADMSG && !strcmp(codec->name, "zstd")));
	require(r < 0 || size == same.size);
	require(sees_less || !size || !memcmp(to, same.data, size));
	free(to);
}

/* A large window is nothing but memory, whose allocation takes longer than all the rest. */
static bool wants_large_window(const struct kx_codec *codec, struct kx_view in)
{
	uint8_t fourth = 0, fifth = 0, sixth = 0;

	kx_view_u8(in, 3, &fourth);
	kx_view_u8(in, 4, &fifth);
	kx_view_u8(in, 5, &sixth);
	if (!strcmp(codec->name, "lzma")) /* the dictionary's size, in bytes 1 to 4 */
		return fifth || fourth > 16;
	if (!strcmp(codec->name, "bzip2")) /* the digit is that of 100 kB */
		return fourth > '2';
	if (!strcmp(codec->name,
		    "zstd")) /* a descriptor of flags, then the window's size or the content's */
		return fifth & 0x20 ? fifth >> 6 > 1 : sixth >> 3 > 8;
	return !strcmp(codec->name, "lz4") && in.data[0] == 4 && (sixth & 0x70) > 0x40;
}

/* The container's own view of it: all that the codec found, or nothing. */
static void unwrap(struct kx_view in, int checked, uint64_t size)
{
	struct kx_plan *plan = calloc(1, sizeof(*plan));
	struct kx_source *source = source_of(in.data, in.size);
	struct kx_error err = { 0 };
	struct kx_view inner;
	int r;

	require(plan);
	plan->request.kernel = source;
	r = kx_format_compressed.unwrap(plan, in, &err);
	require(r == (checked == 0 && !size ? -EBADMSG : checked));
	if (r < 0)
		require_message(&err);
	require(plan->source_count == (r == 0));
	inner = kx_source_view(plan->request.kernel);
	require(r < 0 || inner.size == size);
	touch(inner);
	kx_plan_free(plan);
	kx_source_free(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_view in = kx_view_of(data, size);
	const struct kx_codec *codec = kx_codec_find(in);
	uint64_t kept = 0, used = 0, counted = 0, used_again = 0;
	struct kx_error err = { 0 };
	uint8_t *out = NULL;
	int r, probed;

	probed = kx_format_compressed.probe(NULL, in, &err);
	require(probed == (codec ? 0 : -ENOEXEC));
	if (probed < 0 || wants_large_window(codec, in))
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
	if (r != -EFBIG)
		unwrap(in, r, kept);
	return 0;
}
