// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/overflow.h"
#include "compress/compress.h"
#include "sample_compress.h"

static struct sample lz4_small_blocks(const void *data, size_t size)
{
	return sample_lz4(data, size, 1000);
}

static struct sample lzo_small_blocks(const void *data, size_t size)
{
	return sample_lzo(data, size, 1000);
}

/* In blocks that tell their sizes, as xz -T makes them. */
static struct sample xz_small_blocks(const void *data, size_t size)
{
	lzma_mt options = { .threads = 2, .block_size = size / 4 + 1, .check = LZMA_CHECK_CRC32 };
	struct sample s = sample_new(2 * size + 1024);
	lzma_stream strm = LZMA_STREAM_INIT;
	lzma_ret r;

	assert_int_equal(lzma_stream_encoder_mt(&strm, &options), LZMA_OK);
	strm.next_in = data;
	strm.avail_in = size;
	strm.next_out = s.data;
	strm.avail_out = s.size;
	while ((r = lzma_code(&strm, LZMA_FINISH)) == LZMA_OK)
		;
	assert_int_equal(r, LZMA_STREAM_END);
	s.size = strm.total_out;
	lzma_end(&strm);
	return s;
}

static const struct {
	const char *name;
	struct sample (*pack)(const void *data, size_t size);
	/* Does the stream say where it ends? */
	bool ends;
} codecs[] = {
	{ "gzip", sample_gzip, true },      { "xz", sample_xz, true },
	{ "zstd", sample_zstd, true },      { "lzma", sample_lzma, true },
	{ "bzip2", sample_bzip2, true },    { "lz4", sample_lz4_frame, true },
	{ "lz4", lz4_small_blocks, false }, { "lzo", lzo_small_blocks, true },
	{ "xz", xz_small_blocks, true },
};

static struct kx_view view(const struct sample *s)
{
	return kx_view_of(s->data, s->size);
}

struct result {
	int code;
	uint8_t *data;
	uint64_t size, used;
	struct kx_error err;
};

/* Into memory of the caller's, which nothing is written behind. */
static void unpack_to(const struct kx_codec *codec, struct kx_view in, uint64_t max,
		      const struct result *like)
{
	uint8_t *to = malloc(max + 1);
	uint64_t size = 0, used = 0;
	struct kx_error err = { 0 };

	assert_non_null(to);
	to[max] = 0x5a;
	assert_int_equal(kx_codec_unpack_to(codec, in, to, max, &size, &used, &err), like->code);
	assert_int_equal(to[max], 0x5a);
	assert_int_equal(size, like->size);
	assert_int_equal(used, like->used);
	if (size)
		assert_memory_equal(to, like->data, size);
	free(to);
}

/* All ways must agree. */
static struct result unpack(const struct sample *s, uint64_t max)
{
	struct result r = { .data = NULL };
	uint64_t size = 0, used = 0;
	const struct kx_codec *codec = kx_codec_find(view(s));

	assert_non_null(codec);
	r.code = kx_codec_unpack(codec, view(s), max, &r.data, &r.size, &r.used, &r.err);
	assert_int_equal(kx_codec_check(codec, view(s), max, &size, &used, &r.err), r.code);
	assert_int_equal(size, r.size);
	assert_int_equal(used, r.used);
	unpack_to(codec, view(s), max, &r);
	return r;
}

static void expect(const struct sample *s, const struct sample *text, size_t used)
{
	struct result r = unpack(s, text->size);

	if (r.code)
		fail_msg("%s", r.err.text);
	assert_int_equal(r.size, text->size);
	assert_memory_equal(r.data, text->data, text->size);
	assert_int_equal(r.used, used);
	free(r.data);
}

static void expect_refused(const struct sample *s, uint64_t max, int code, const char *text)
{
	struct result r = unpack(s, max);

	assert_int_equal(r.code, code);
	assert_null(r.data);
	if (!strstr(r.err.text, text))
		fail_msg("\"%s\" does not say \"%s\"", r.err.text, text);
}

/* Sizes around those at which buffers fill up and grow. */
static void every_codec_unpacks(void **state)
{
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 131072, 1000000 };

	for (size_t c = 0; c < KX_ARRAY_SIZE(codecs); c++)
		for (size_t i = 0; i < KX_ARRAY_SIZE(sizes); i++) {
			struct sample text = sample_text(sizes[i]);
			struct sample s = codecs[c].pack(text.data, text.size);

			assert_string_equal(kx_codec_find(view(&s))->name, codecs[c].name);
			expect(&s, &text, s.size);
			sample_free(&s);
			sample_free(&text);
		}
}

/* What follows is not looked at. */
static void what_follows_is_left(void **state)
{
	static const uint8_t zeros[7];

	for (size_t c = 0; c < KX_ARRAY_SIZE(codecs); c++) {
		struct sample text = sample_text(5000);
		struct sample s = codecs[c].pack(text.data, text.size);
		size_t used = s.size;

		sample_append(&s, zeros, sizeof(zeros));
		expect(&s, &text, used);
		if (codecs[c].ends) {
			sample_append(&s, "more", 4);
			expect(&s, &text, used);
		}
		sample_free(&s);
		sample_free(&text);
	}
}

static void cap_is_kept(void **state)
{
	for (size_t c = 0; c < KX_ARRAY_SIZE(codecs); c++) {
		struct sample text = sample_text(200000);
		struct sample s = codecs[c].pack(text.data, text.size);

		expect_refused(&s, text.size - 1, -EFBIG, "more than 199999 bytes");
		expect_refused(&s, 1, -EFBIG, "more than 1 bytes");
		expect_refused(&s, 0, -EFBIG, "more than 0 bytes");
		sample_free(&s);
		sample_free(&text);
	}
}

/* A few bytes that unpack to many: the memory that it takes is what the cap says. Not in blocks of 1000. */
static void bomb(void **state)
{
	struct sample zeros = sample_new(8 << 20);

	for (size_t c = 0; codecs[c].pack != lz4_small_blocks; c++) {
		struct sample s = codecs[c].pack(zeros.data, zeros.size);

		assert_true(s.size < zeros.size / 200);
		expect_refused(&s, 100000, -EFBIG, "more than 100000 bytes");
		sample_free(&s);
	}
	sample_free(&zeros);
}

static void every_truncation(void **state)
{
	for (size_t c = 0; c < KX_ARRAY_SIZE(codecs); c++) {
		struct sample text = sample_text(400);
		struct sample s = codecs[c].pack(text.data, text.size);

		for (size_t size = 6; size < s.size; size++) {
			uint8_t *copy = malloc(size);
			struct sample part = { copy, size };
			struct result r;

			memcpy(copy, s.data, size);
			/* With less room gzip's, read on as zeros, may seem to be too much. */
			r = unpack(&part, 1 << 20);
			/* lz4 has no end to miss: a whole number of blocks is whole. */
			if (codecs[c].ends || r.code) {
				assert_int_equal(r.code, -EBADMSG);
				assert_non_null(strstr(r.err.text, codecs[c].name));
				assert_non_null(strstr(r.err.text, "it ends early"));
			}
			free(r.data);
			free(copy);
		}
		sample_free(&s);
		sample_free(&text);
	}
}

static void damaged(void **state)
{
	for (size_t c = 0; c < KX_ARRAY_SIZE(codecs); c++) {
		struct sample text = sample_text(3000);
		struct sample s = codecs[c].pack(text.data, text.size);

		memset(s.data + s.size / 2, 0xff, s.size / 2);
		expect_refused(&s, 1 << 20, -EBADMSG, "damaged");
		sample_free(&s);
		sample_free(&text);
	}
}

/* The numbers that a hostile stream would ask for memory with. */
static void windows_too_large(void **state)
{
	struct sample text = sample_text(3000);
	struct sample lzma = sample_lzma(text.data, text.size);
	struct sample zstd = sample_zstd(text.data, text.size);

	kx_put_le32(lzma.data + 1, 0xf0000000);
	expect_refused(&lzma, text.size, -EBADMSG, "too large a dictionary");
	zstd.data[4] = 0; /* no size, so that there is a window */
	zstd.data[5] = 0xff;
	expect_refused(&zstd, text.size, -EBADMSG, "damaged zstd data");
	sample_free(&lzma);
	sample_free(&zstd);
	sample_free(&text);
}

/* The reserved bits of xz's stream flags. */
static void xz_options_unknown(void **state)
{
	struct sample s = sample_xz("text", 4);

	s.data[6] = 1;
	kx_put_le32(s.data + 8, libdeflate_crc32(0, s.data + 6, 2));
	expect_refused(&s, 100, -EBADMSG, "unknown options");
	sample_free(&s);
}

static void lz4_block_sizes(void **state)
{
	struct sample text = sample_text(3000);
	struct sample s = sample_lz4(text.data, text.size, 1000);
	size_t first = 4 + 4 + kx_le32(s.data + 4);
	struct sample two = { 0 };

	/* A second frame ends the first. */
	sample_append(&two, s.data, s.size);
	sample_append(&two, s.data, s.size);
	expect(&two, &text, s.size);
	kx_put_le32(s.data + first, 0x7fffffff);
	expect_refused(&s, text.size, -EBADMSG, "larger than can be");
	sample_free(&two);
	sample_free(&s);
	sample_free(&text);
}

/* Nothing unpacks to more for its size: the buffer must do. */
static void lz4_of_nothing_but_zeros(void **state)
{
	static const size_t sizes[] = { 1, 14, 15, 19, 270, 4096, 100000, 8 << 20 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct sample zeros = sample_new(sizes[i]), s;
		uint64_t size = 0, used = 0;
		struct kx_error err = { 0 };
		struct kx_view in;

		s = sample_lz4(zeros.data, zeros.size, zeros.size);
		in = kx_view_of(s.data, s.size);
		assert_int_equal(
			kx_codec_check(kx_codec_find(in), in, UINT64_MAX, &size, &used, &err), 0);
		assert_int_equal(size, sizes[i]);
		assert_int_equal(used, s.size);
		sample_free(&zeros);
		sample_free(&s);
	}
}

static void unknown(void **state)
{
	assert_null(kx_codec_find(kx_view_of(NULL, 0)));
	assert_null(kx_codec_find(kx_view_of("\037", 1)));
	assert_null(kx_codec_find(kx_view_of("plain text", 10)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_codec_unpacks),
		cmocka_unit_test(what_follows_is_left),
		cmocka_unit_test(cap_is_kept),
		cmocka_unit_test(bomb),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(damaged),
		cmocka_unit_test(windows_too_large),
		cmocka_unit_test(xz_options_unknown),
		cmocka_unit_test(lz4_block_sizes),
		cmocka_unit_test(lz4_of_nothing_but_zeros),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
