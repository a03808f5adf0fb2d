// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/overflow.h"
#include "base/sha256.h"

static void assert_digest(struct kx_sha256 *hash, const char *expected)
{
	uint8_t digest[KX_SHA256_DIGEST_SIZE];
	char text[2 * KX_SHA256_DIGEST_SIZE + 1];

	kx_sha256_final(hash, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(text, expected);
}

static void assert_hashes_to(const void *data, size_t size, const char *expected)
{
	struct kx_sha256 hash;

	kx_sha256_init(&hash);
	kx_sha256_update(&hash, data, size);
	assert_digest(&hash, expected);
}

/* The example messages that NIST publishes with FIPS 180-4. */
static void test_nist_examples(void **state)
{
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	static const char long_one[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
				       "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

	assert_hashes_to(NULL, 0,
			 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_hashes_to("abc", 3,
			 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_hashes_to(two_blocks, sizeof(two_blocks) - 1,
			 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	assert_hashes_to(long_one, sizeof(long_one) - 1,
			 "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

static void test_a_million(void **state)
{
	char a[1000];
	struct kx_sha256 hash;

	memset(a, 'a', sizeof(a));
	kx_sha256_init(&hash);
	for (unsigned i = 0; i < 1000; i++)
		kx_sha256_update(&hash, a, sizeof(a));
	assert_digest(&hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Lengths around the places where padding changes shape; digests from sha256sum(1). */
static void test_padding(void **state)
{
	static const struct {
		size_t size;
		const char *digest;
	} cases[] = {
		{ 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
		{ 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a" },
		{ 57, "f13b2d724659eb3bf47f2dd6af1accc87b81f09f59f2b75e5c0bed6589dfe8c6" },
		{ 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34" },
		{ 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
		{ 65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0" },
		{ 119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb" },
		{ 120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c" },
		{ 128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e" },
	};
	char a[128];

	memset(a, 'a', sizeof(a));
	for (size_t i = 0; i < KX_ARRAY_SIZE(cases); i++)
		assert_hashes_to(a, cases[i].size, cases[i].digest);
}

/* 512 MiB, whose length in bits is the first to need more than 32 of them; an initrd may be as
 * long. */
static void test_length_over_32_bits(void **state)
{
	size_t piece = 1 << 20;
	char *zeros = calloc(1, piece);
	struct kx_sha256 hash;

	assert_non_null(zeros);
	kx_sha256_init(&hash);
	for (unsigned i = 0; i < 512; i++)
		kx_sha256_update(&hash, zeros, piece);
	assert_digest(&hash, "9acca8e8c22201155389f65abbf6bc9723edc7384ead80503839f49dcc56d767");
	free(zeros);
}

/* However a message is cut, and wherever it lies, the digest is the same. */
static void test_splits(void **state)
{
	uint8_t buffer[512], whole[KX_SHA256_DIGEST_SIZE], digest[KX_SHA256_DIGEST_SIZE];
	struct kx_sha256 hash;

	srandom(1);
	for (size_t i = 0; i < sizeof(buffer); i++)
		buffer[i] = (uint8_t)random();
	for (unsigned round = 0; round < 3000; round++) {
		size_t start = (size_t)random() % 64, size = (size_t)random() % 449;

		kx_sha256_init(&hash);
		kx_sha256_update(&hash, buffer + start, size);
		kx_sha256_final(&hash, whole);
		kx_sha256_init(&hash);
		for (size_t at = 0, step; at < size; at += step) {
			step = (size_t)random() % 80;
			if (step > size - at)
				step = size - at;
			kx_sha256_update(&hash, buffer + start + at, step);
		}
		kx_sha256_final(&hash, digest);
		assert_memory_equal(digest, whole, sizeof(whole));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nist_examples), cmocka_unit_test(test_a_million),
		cmocka_unit_test(test_padding),       cmocka_unit_test(test_length_over_32_bits),
		cmocka_unit_test(test_splits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
