// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/overflow.h"
#include "compress/codec.h"
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

/* Threads that our own code starts, and those that it waits for. */
static size_t started, ended;
static bool no_threads;

int real_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
		void *arg) __asm__("__real_pthread_create");
int real_join(pthread_t thread, void **ret) __asm__("__real_pthread_join");
int watched_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
		   void *arg) __asm__("__wrap_pthread_create");
int watched_join(pthread_t thread, void **ret) __asm__("__wrap_pthread_join");

int watched_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	sigset_t now, all;

	/* Signals are for the caller's own thread. */
	sigfillset(&all);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
	for (int i = 1; i < 32; i++)
		assert_true(sigismember(&now, i) || i == SIGKILL || i == SIGSTOP);
	if (no_threads)
		return EAGAIN;
	started++;
	return real_create(thread, attr, run, arg);
}

int watched_join(pthread_t thread, void **ret)
{
	ended++;
	return real_join(thread, ret);
}

#define LZ4_BLOCK ((size_t)8 << 20)

static struct result lz4_by(const struct sample *s, uint64_t max, uint32_t threads, bool keep)
{
	struct kx_sink sink = { .keep = keep, .max = max, .threads = threads };
	struct result r = { 0 };

	started = ended = 0;
	r.code = kx_lz4_unpack(view(s), &sink, &r.used, &r.err);
	assert_int_equal(started, ended);
	r.data = sink.data;
	r.size = sink.size;
	free(sink.piece);
	return r;
}

/* However many threads there are, the same comes of it. Returns the code. */
static int same_by_threads(const struct sample *s, uint64_t max)
{
	struct result one = lz4_by(s, max, 1, true);

	assert_int_equal(started, 0);
	for (uint32_t threads = 2; threads < 10; threads += threads < 3 ? 1 : 6)
		for (int keep = 0; keep < 2; keep++) {
			struct result r = lz4_by(s, max, threads, keep);

			assert_int_equal(r.code, one.code);
			assert_int_equal(r.used, one.used);
			assert_int_equal(r.size, one.size);
			assert_string_equal(r.err.text, one.err.text);
			if (keep && r.size)
				assert_memory_equal(r.data, one.data, r.size);
			free(r.data);
		}
	free(one.data);
	return one.code;
}

/* Three blocks of 8 MiB and one of less, of which as many are unpacked at a time as there are threads. */
static void lz4_side_by_side(void **state)
{
	static const struct {
		uint32_t threads;
		size_t started;
	} expected[] = { { 0, 0 }, { 1, 0 }, { 2, 2 }, { 3, 2 }, { 4, 3 }, { 5, 3 }, { 64, 3 } };
	struct sample text = sample_text(3 * LZ4_BLOCK + 100000);
	struct sample s = sample_lz4(text.data, text.size, LZ4_BLOCK);

	for (size_t i = 0; i < KX_ARRAY_SIZE(expected); i++) {
		struct result r = lz4_by(&s, text.size, expected[i].threads, true);

		assert_int_equal(r.code, 0);
		assert_int_equal(started, expected[i].started);
		assert_int_equal(r.used, s.size);
		assert_int_equal(r.size, text.size);
		assert_memory_equal(r.data, text.data, text.size);
		free(r.data);
	}
	expect(&s, &text, s.size);
	no_threads = true;
	assert_int_equal(same_by_threads(&s, text.size), 0);
	no_threads = false;
	sample_free(&s);
	sample_free(&text);
}

/* Where the room ends. */
static void lz4_side_by_side_cap(void **state)
{
	static const size_t sizes[] = { LZ4_BLOCK, LZ4_BLOCK + 1, 2 * LZ4_BLOCK,
					2 * LZ4_BLOCK + 100000 };

	for (size_t i = 0; i < KX_ARRAY_SIZE(sizes); i++) {
		struct sample text = sample_text(sizes[i]);
		struct sample s = sample_lz4(text.data, text.size, LZ4_BLOCK);

		assert_int_equal(same_by_threads(&s, UINT64_MAX), 0);
		assert_int_equal(same_by_threads(&s, text.size + 1), 0);
		assert_int_equal(same_by_threads(&s, text.size), 0);
		assert_int_equal(same_by_threads(&s, text.size - 1), -EFBIG);
		assert_int_equal(same_by_threads(&s, LZ4_BLOCK - 1), -EFBIG);
		sample_free(&s);
		sample_free(&text);
	}
}

/* Blocks that are short before the end, which lz4(1) does not write, so that the places of those that follow are not known. */
static void lz4_short_blocks_between(void **state)
{
	static const size_t sizes[] = { LZ4_BLOCK, 100000,    LZ4_BLOCK, LZ4_BLOCK - 1,
					LZ4_BLOCK, LZ4_BLOCK, 5,         LZ4_BLOCK };

	for (size_t first = 0; first < 3; first++) {
		struct sample text = sample_new(0), s = sample_lz4("", 0, 1);

		for (size_t i = first; i < KX_ARRAY_SIZE(sizes); i++) {
			struct sample part = sample_text(sizes[i]), packed;

			/* Each block unlike the others. */
			memset(part.data, (int)i, sizes[i] < 1000 ? sizes[i] : 1000);
			packed = sample_lz4(part.data, part.size, LZ4_BLOCK);
			sample_append(&s, packed.data + 4, packed.size - 4);
			sample_append(&text, part.data, part.size);
			sample_free(&packed);
			sample_free(&part);
		}
		assert_int_equal(same_by_threads(&s, text.size), 0);
		expect(&s, &text, s.size);
		sample_free(&s);
		sample_free(&text);
	}
}

/* Wherever something is wrong, the same is said of the same place. */
static void lz4_side_by_side_damaged(void **state)
{
	struct sample text = sample_text(3 * LZ4_BLOCK);
	struct sample s = sample_lz4(text.data, text.size, LZ4_BLOCK);
	uint32_t random = 1;
	size_t bad = 0;

	for (int i = 0; i < 8; i++) {
		struct sample copy = sample_new(s.size);

		memcpy(copy.data, s.data, s.size);
		for (int j = 0; j < 1 + i % 2; j++) {
			random = random * 1103515245 + 12345;
			memset(copy.data + 4 + random % (s.size - 40000), 0xff, 40000);
		}
		copy.size -= i % 5 ? 0 : random % s.size;
		bad += same_by_threads(&copy, text.size) == -EBADMSG;
		sample_free(&copy);
	}
	assert_in_range(bad, 5, 8);
	sample_free(&s);
	sample_free(&text);
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
		cmocka_unit_test(lz4_side_by_side),
		cmocka_unit_test(lz4_side_by_side_cap),
		cmocka_unit_test(lz4_short_blocks_between),
		cmocka_unit_test(lz4_side_by_side_damaged),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
