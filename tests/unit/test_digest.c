// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/digest.h"
#include "base/overflow.h"

static const enum kx_digest_kind kinds[] = { KX_DIGEST_SHA256, KX_DIGEST_CRC32C, KX_DIGEST_MADD };

static void digest_two(enum kx_digest_kind kind, const uint8_t *data, size_t first, size_t second,
		       uint8_t ret[KX_DIGEST_SIZE])
{
	struct kx_digest digest;

	kx_digest_init(&digest, kind, NULL);
	kx_digest_region(&digest, data, first);
	kx_digest_region(&digest, data + first, second);
	kx_digest_final(&digest, ret);
}

static void digest_one(enum kx_digest_kind kind, const uint8_t *data, size_t size,
		       uint8_t ret[KX_DIGEST_SIZE])
{
	struct kx_digest digest;

	kx_digest_init(&digest, kind, NULL);
	kx_digest_region(&digest, data, size);
	kx_digest_final(&digest, ret);
}

static void fill_random(uint8_t *data, size_t size, uint32_t seed)
{
	for (size_t i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (uint8_t)(seed >> 24);
	}
}

/* RFC 3720, B.4: 32 bytes of zeros, of ones, and counting up; all in lane 0, which takes 8 bytes of each 32. */
static void test_crc32c_is_that_of_the_standard(void **state)
{
	static const struct {
		uint8_t first, step;
		uint32_t crc;
	} cases[] = { { 0, 0, 0x8a9136aa }, { 0xff, 0, 0x62a8ab43 }, { 0, 1, 0x46dd794e } };

	for (size_t i = 0; i < KX_ARRAY_SIZE(cases); i++) {
		uint64_t lanes[KX_DIGEST_LANES] = { UINT32_MAX };
		uint8_t data[4 * KX_DIGEST_BLOCK_SIZE] = { 0 };

		for (size_t n = 0; n < 32; n++)
			data[n / 8 * 32 + n % 8] = (uint8_t)(cases[i].first + n * cases[i].step);
		kx_crc32c_blocks(lanes, data, 4);
		assert_int_equal(lanes[0] ^ UINT32_MAX, cases[i].crc);
		assert_int_equal(lanes[1], 0);
	}
}

#ifdef __x86_64__ /* the one test of base/x86 */
static void test_crc32c_by_instruction_is_the_same(void **state)
{
	uint8_t data[40 * KX_DIGEST_BLOCK_SIZE + 16];

	if (!__builtin_cpu_supports("sse4.2"))
		skip();
	fill_random(data, sizeof(data), 1);
	for (size_t count = 0; count <= 40; count++) {
		uint64_t a[KX_DIGEST_LANES] = { 1, 2, 3, UINT32_MAX }, b[KX_DIGEST_LANES];

		memcpy(b, a, sizeof(a));
		kx_crc32c_blocks(a, data + count % 16, count);
		kx_crc32c_blocks_sse42(b, data + count % 16, count);
		assert_memory_equal(a, b, sizeof(a));
	}
}

/* Around the end of a group, and with the words that make the largest products. */
static void test_madd_by_instruction_is_the_same(void **state)
{
	static uint8_t data[100 * KX_DIGEST_BLOCK_SIZE + 16];

	for (uint32_t seed = 1; seed <= 3; seed++) {
		fill_random(data, sizeof(data), seed);
		for (size_t i = 1; seed > 1 && i < sizeof(data); i += 2) {
			data[i - 1] = seed == 2 ? 0 : 0xff;
			data[i] = seed == 2 ? 0x80 : 0x7f;
		}
		for (size_t count = 0; count <= 100; count++) {
			uint64_t a[KX_DIGEST_LANES] = { 1, 2, 3, UINT32_MAX }, b[KX_DIGEST_LANES];

			memcpy(b, a, sizeof(a));
			kx_madd_blocks(a, data + count % 16, count);
			kx_madd_blocks_sse2(b, data + count % 16, count);
			assert_memory_equal(a, b, sizeof(a));
		}
	}
}
#endif

/* What base/digest.h derives from them what is always seen. */
static void test_keys_are_odd_and_different(void **state)
{
	size_t count = KX_ARRAY_SIZE(kx_madd_keys);

	assert_int_equal(count, 512);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(kx_madd_keys[i] & 0x4001, 0x4001);
		assert_true(kx_madd_keys[i] > 0);
		for (size_t j = 0; j < i; j++)
			assert_true(kx_madd_keys[i] != kx_madd_keys[j]);
	}
}

static void test_known_answers(void **state)
{
	/* By the independent implementation in tests/vm/lab/digest.py, over the bytes 0 … 99. */
	static const uint8_t expected[][KX_DIGEST_SIZE] = {
		{ 0x1d, 0x52, 0xa0, 0xd4, 0x5b, 0x10, 0x52, 0x1b, 0x8a, 0xf5, 0x52,
		  0xec, 0x6a, 0x7b, 0x09, 0x42, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 },
		{ 0x62, 0x10, 0x09, 0x9b, 0x84, 0x8c, 0xcf, 0xd6, 0x9f, 0xbc, 0x9a,
		  0xfb, 0x6e, 0x3d, 0xff, 0x2f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 },
	};
	uint8_t data[100], found[KX_DIGEST_SIZE];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	digest_one(KX_DIGEST_CRC32C, data, sizeof(data), found);
	assert_memory_equal(found, expected[0], sizeof(found));
	digest_one(KX_DIGEST_MADD, data, sizeof(data), found);
	assert_memory_equal(found, expected[1], sizeof(found));
}

static void test_every_bit_counts(void **state)
{
	uint8_t data[300], good[KX_DIGEST_SIZE], bad[KX_DIGEST_SIZE];

	for (size_t k = 0; k < KX_ARRAY_SIZE(kinds); k++) {
		for (size_t size = 1; size <= sizeof(data); size += 13) {
			fill_random(data, size, (uint32_t)size);
			digest_one(kinds[k], data, size, good);
			for (size_t bit = 0; bit < 8 * size; bit++) {
				data[bit / 8] ^= (uint8_t)(1 << bit % 8);
				digest_one(kinds[k], data, size, bad);
				data[bit / 8] ^= (uint8_t)(1 << bit % 8);
				assert_memory_not_equal(good, bad, sizeof(good));
			}
		}
	}
}

/* The same bit of two words at any distance in the same or in another lane, the highest bit among them. */
static void test_two_bits_do_not_cancel_out(void **state)
{
	static const unsigned bits[] = { 0, 31, 32, 62, 63 };
	uint8_t data[1024] = { 0 }, good[KX_DIGEST_SIZE], bad[KX_DIGEST_SIZE];

	for (size_t k = 1; k < KX_ARRAY_SIZE(kinds); k++) {
		digest_one(kinds[k], data, sizeof(data), good);
		for (size_t b = 0; b < KX_ARRAY_SIZE(bits); b++) {
			for (size_t at = 8; at < sizeof(data); at += 8) {
				uint8_t bit = (uint8_t)(1 << bits[b] % 8);

				data[bits[b] / 8] ^= bit;
				data[at + bits[b] / 8] ^= bit;
				digest_one(kinds[k], data, sizeof(data), bad);
				data[bits[b] / 8] ^= bit;
				data[at + bits[b] / 8] ^= bit;
				assert_memory_not_equal(good, bad, sizeof(good));
			}
		}
	}
}

static void test_words_have_their_place(void **state)
{
	uint8_t data[512], other[512], good[KX_DIGEST_SIZE], bad[KX_DIGEST_SIZE];

	fill_random(data, sizeof(data), 7);
	for (size_t k = 0; k < KX_ARRAY_SIZE(kinds); k++) {
		digest_one(kinds[k], data, sizeof(data), good);
		for (size_t at = 8; at < sizeof(data); at += 8) {
			memcpy(other, data, sizeof(data));
			memcpy(other, data + at, 8);
			memcpy(other + at, data, 8);
			digest_one(kinds[k], other, sizeof(other), bad);
			assert_memory_not_equal(good, bad, sizeof(good));
		}
	}
}

static void test_zeros_are_counted(void **state)
{
	static const uint8_t zeros[256];
	uint8_t digests[257][KX_DIGEST_SIZE];

	for (size_t k = 0; k < KX_ARRAY_SIZE(kinds); k++) {
		for (size_t size = 0; size <= 256; size++) {
			digest_one(kinds[k], zeros, size, digests[size]);
			for (size_t i = 0; i < size; i++)
				assert_memory_not_equal(digests[i], digests[size], KX_DIGEST_SIZE);
		}
	}
}

static void test_regions_have_their_ends(void **state)
{
	uint8_t data[200], a[KX_DIGEST_SIZE], b[KX_DIGEST_SIZE];

	fill_random(data, sizeof(data), 9);
	for (size_t k = 1; k < KX_ARRAY_SIZE(kinds); k++) {
		digest_two(kinds[k], data, 100, 100, a);
		for (size_t cut = 0; cut <= 200; cut++) {
			digest_two(kinds[k], data, cut, 200 - cut, b);
			assert_int_equal(!memcmp(a, b, sizeof(a)), cut == 100);
		}
	}
}

static void test_alignment_does_not_matter(void **state)
{
	uint8_t data[300 + 32], a[KX_DIGEST_SIZE], b[KX_DIGEST_SIZE];

	for (size_t k = 0; k < KX_ARRAY_SIZE(kinds); k++) {
		for (size_t shift = 0; shift < 32; shift++) {
			fill_random(data + shift, 300, 3);
			digest_one(kinds[k], data + shift, 300, shift ? b : a);
			assert_memory_equal(a, shift ? b : a, sizeof(a));
		}
	}
}

static void test_none_looks_at_nothing(void **state)
{
	static const uint8_t zeros[KX_DIGEST_SIZE];
	uint8_t digest[KX_DIGEST_SIZE] = { 1 };

	digest_one(KX_DIGEST_NONE, NULL, 4096, digest);
	assert_memory_equal(digest, zeros, sizeof(zeros));
}

static void test_names(void **state)
{
	assert_string_equal(kx_digest_name(KX_DIGEST_NONE), "none");
	assert_string_equal(kx_digest_name(KX_DIGEST_SHA256), "sha256");
	assert_string_equal(kx_digest_name(KX_DIGEST_CRC32C), "crc32c");
	assert_string_equal(kx_digest_name(KX_DIGEST_MADD), "madd");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32c_is_that_of_the_standard),
#ifdef __x86_64__
		cmocka_unit_test(test_crc32c_by_instruction_is_the_same),
		cmocka_unit_test(test_madd_by_instruction_is_the_same),
#endif
		cmocka_unit_test(test_keys_are_odd_and_different),
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_two_bits_do_not_cancel_out),
		cmocka_unit_test(test_words_have_their_place),
		cmocka_unit_test(test_zeros_are_counted),
		cmocka_unit_test(test_regions_have_their_ends),
		cmocka_unit_test(test_alignment_does_not_matter),
		cmocka_unit_test(test_none_looks_at_nothing),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
