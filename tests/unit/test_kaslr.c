// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/kaslr.h"
#include "base/overflow.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static struct kx_kaslr_rng seeded(uint32_t seed)
{
	struct kx_kaslr_rng rng = { 0 };

	memcpy(rng.seed, &seed, sizeof(seed));
	return rng;
}

/* SHA-256 of 40 zeros begins so (`head -c40 /dev/zero | sha256sum`): the generator is the one that is written down. */
static void numbers_are_those_of_the_seed(void **state)
{
	struct kx_kaslr_rng rng = { 0 }, other = seeded(1);

	assert_int_equal(kx_kaslr_below(&rng, UINT64_C(1) << 63),
			 UINT64_C(0x8c833bf21dce342c) & (UINT64_MAX >> 1));
	assert_int_equal(rng.counter, 1);
	assert_true(kx_kaslr_below(&other, UINT64_C(1) << 63) !=
		    kx_kaslr_below(&rng, UINT64_C(1) << 63));
	assert_int_equal(kx_kaslr_below(&rng, 1), 0);
}

/* Half of all values are skipped here, which a plain remainder would not do. */
static void numbers_are_not_biased(void **state)
{
	struct kx_kaslr_rng rng = seeded(2);
	uint64_t count = (UINT64_C(1) << 63) + 1;
	unsigned low = 0;

	for (unsigned i = 0; i < 4000; i++)
		low += kx_kaslr_below(&rng, count) < count / 2;
	assert_in_range(low, 1800, 2200);
	assert_true(rng.counter > 6000);
}

/* Chi-squared over all slots: for @count - 1 degrees of freedom, its mean is that and its variance twice that. */
static void assert_even(const unsigned *hits, size_t count, unsigned rounds)
{
	double expected = (double)rounds / (double)count, sum = 0;
	double mean = (double)count - 1;

	for (size_t i = 0; i < count; i++) {
		assert_true(hits[i]);
		sum += (hits[i] - expected) * (hits[i] - expected) / expected;
	}
	/* Five standard deviations, squared. */
	assert_true((sum - mean) * (sum - mean) < 25 * 2 * mean);
}

/* Two ranges that begin and end askew: 5 slots and 3. */
static void every_slot_is_as_likely(void **state)
{
	struct kx_place place = {
		.size = 6 * MIB, .align = 2 * MIB, .min = 16 * MIB, .max = 4 * GIB
	};
	static const uint64_t slots[] = { 16, 18, 20, 22, 24, 102, 104, 106 };
	struct kx_ranges set = { 0 };
	unsigned hits[KX_ARRAY_SIZE(slots)] = { 0 }, rounds = 8000;

	assert_int_equal(kx_ranges_add(&set, MIB, 31 * MIB + 1), 0);
	assert_int_equal(kx_ranges_add(&set, 40 * MIB, 46 * MIB - 1), 0);
	assert_int_equal(kx_ranges_add(&set, 100 * MIB + 1, 112 * MIB), 0);
	for (unsigned i = 0; i < rounds; i++) {
		struct kx_kaslr_rng rng = seeded(i);
		uint64_t at = 0;
		size_t slot = 0;

		assert_int_equal(kx_kaslr_physical(&set, &set, &place, &rng, &at), 0);
		while (slot < KX_ARRAY_SIZE(slots) && slots[slot] * MIB != at)
			slot++;
		assert_in_range(slot, 0, KX_ARRAY_SIZE(slots) - 1);
		hits[slot]++;
	}
	assert_even(hits, KX_ARRAY_SIZE(slots), rounds);
	kx_ranges_clear(&set);
}

/* A real machine's: some 500 of them. */
static void a_gigabyte_of_slots(void **state)
{
	struct kx_place place = {
		.size = 56 * MIB, .align = 2 * MIB, .min = 16 * MIB, .max = UINT64_MAX
	};
	size_t count = 1 + (GIB - 56 * MIB - 16 * MIB) / (2 * MIB);
	unsigned *hits = calloc(count, sizeof(*hits)), rounds = 20000;
	struct kx_ranges set = { 0 };

	assert_non_null(hits);
	assert_int_equal(kx_ranges_add(&set, MIB, GIB), 0);
	for (unsigned i = 0; i < rounds; i++) {
		struct kx_kaslr_rng rng = seeded(i);
		uint64_t at = 0;

		assert_int_equal(kx_kaslr_physical(&set, &set, &place, &rng, &at), 0);
		assert_int_equal(at % (2 * MIB), 0);
		assert_in_range(at, 16 * MIB, GIB - 56 * MIB);
		hits[(at - 16 * MIB) / (2 * MIB)]++;
	}
	assert_even(hits, count, rounds);
	kx_ranges_clear(&set);
	free(hits);
}

/* Of the 8 slots of 16, 18 … 30 MiB those from @start on are better: how many are chosen from, all as likely. */
static void assert_better(uint64_t start, size_t first, size_t count)
{
	struct kx_place place = { .size = 2 * MIB, .align = 2 * MIB, .max = GIB };
	struct kx_ranges set = { 0 }, better = { 0 };
	unsigned hits[8] = { 0 }, rounds = 8000;

	assert_int_equal(kx_ranges_add(&set, 16 * MIB, 32 * MIB), 0);
	if (start < 32 * MIB)
		assert_int_equal(kx_ranges_add(&better, start, 32 * MIB), 0);
	for (unsigned i = 0; i < rounds; i++) {
		struct kx_kaslr_rng rng = seeded(i);
		uint64_t at = 0;

		assert_int_equal(kx_kaslr_physical(&set, &better, &place, &rng, &at), 0);
		assert_in_range(at, 16 * MIB, 30 * MIB);
		hits[(at - 16 * MIB) / (2 * MIB)]++;
	}
	for (size_t i = 0; i < first; i++)
		assert_int_equal(hits[i], 0);
	assert_even(hits + first, count, rounds);
	kx_ranges_clear(&set);
	kx_ranges_clear(&better);
}

static void stays_in_better_places_that_are_at_least_half(void **state)
{
	assert_better(16 * MIB, 0, 8);
	assert_better(17 * MIB, 1, 7);
	assert_better(24 * MIB, 4, 4);
	assert_better(25 * MIB, 0, 8);
	assert_better(32 * MIB, 0, 8);
}

static void every_shift_is_as_likely(void **state)
{
	size_t count = 1 + (GIB - 16 * MIB - 56 * MIB) / (2 * MIB);
	unsigned *hits = calloc(count, sizeof(*hits)), rounds = 20000;

	assert_non_null(hits);
	for (unsigned i = 0; i < rounds; i++) {
		struct kx_kaslr_rng rng = seeded(i);
		uint64_t shift = kx_kaslr_shift(16 * MIB, 56 * MIB, GIB, 2 * MIB, &rng);

		assert_int_equal(shift % (2 * MIB), 0);
		assert_true(16 * MIB + shift + 56 * MIB <= GIB);
		hits[shift / (2 * MIB)]++;
	}
	assert_even(hits, count, rounds);
	free(hits);
}

static void no_room_is_said(void **state)
{
	struct kx_place place = { .size = 6 * MIB, .align = 2 * MIB, .min = 16 * MIB, .max = GIB };
	struct kx_kaslr_rng rng = seeded(0);
	struct kx_ranges set = { 0 };
	uint64_t at = 7;

	assert_int_equal(kx_kaslr_physical(&set, &set, &place, &rng, &at), -ENOSPC);
	assert_int_equal(kx_ranges_add(&set, MIB, 22 * MIB - 1), 0);
	assert_int_equal(kx_ranges_add(&set, GIB - 5 * MIB, 2 * GIB), 0);
	assert_int_equal(kx_kaslr_physical(&set, &set, &place, &rng, &at), -ENOSPC);
	assert_int_equal(at, 7);
	assert_int_equal(kx_kaslr_shift(16 * MIB, GIB, GIB, 2 * MIB, &rng), 0);
	kx_ranges_clear(&set);
}

struct obeyed {
	const char *cmdline;
	/* MiB of 8 GiB that may no longer be used: start, end; none where both are 0 */
	struct {
		uint64_t start, end;
	} out[2];
};

static void command_line_is_obeyed(void **state)
{
	static const struct obeyed cases[] = {
		{ "quiet root=/dev/sda1 memmapx=1M$1M mems=1M", { { 0 } } },
		{ "mem=512M", { { 512, 8192 } } },
		{ "mem=2G mem=0x20000000 mem=1G", { { 512, 8192 } } },
		{ "mem=nopentium mem=0", { { 0 } } },
		{ "memmap=1G", { { 1024, 8192 } } },
		{ "memmap=64M$256M", { { 256, 320 } } },
		{ "memmap=64M#256M", { { 256, 320 } } },
		{ "memmap=64M!256M", { { 256, 320 } } },
		{ "memmap=64M%256M-1+2", { { 256, 320 } } },
		{ "memmap=64M@256M", { { 0 } } },
		{ "memmap=64M$256M,32M!1G", { { 256, 320 }, { 1024, 1056 } } },
		{ "memmap=64M$256M memmap=32M!1G", { { 256, 320 }, { 1024, 1056 } } },
		{ "memmap=nonsense memmap=1M$ memmap=1M$0xffffffffffffffff memmap=", { { 0 } } },
		{ "efi_fake_mem=1G@2G:0x40000", { { 2048, 3072 } } },
		{ "efi_fake_mem=64M$256M", { { 0 } } },
		{ "hugepagesz=1G hugepages=2", { { 1024, 3072 } } },
		{ "hugepages=2 hugepagesz=1G", { { 0 } } },
		{ "hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=512", { { 1024, 2048 } } },
		{ "default_hugepagesz=1G hugepages=1", { { 1024, 2048 } } },
		{ "hugepagesz=1G hugepages=100", { { 1024, 8192 } } },
		{ "mem=3G hugepagesz=1G hugepages=1", { { 1024, 2048 }, { 3072, 8192 } } },
		{ "memmap=64M$1G hugepagesz=1G hugepages=1", { { 1024, 1088 }, { 2048, 3072 } } },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(cases); i++) {
		struct kx_ranges set = { 0 }, wanted = { 0 };

		assert_int_equal(kx_ranges_add(&set, MIB, 8 * GIB), 0);
		assert_int_equal(kx_ranges_add(&wanted, MIB, 8 * GIB), 0);
		for (size_t j = 0; j < 2; j++)
			kx_ranges_remove(&wanted, cases[i].out[j].start * MIB,
					 cases[i].out[j].end * MIB);
		assert_int_equal(kx_kaslr_obey(cases[i].cmdline, &set), 0);
		if (set.count != wanted.count ||
		    memcmp(set.v, wanted.v, set.count * sizeof(*set.v)) != 0)
			fail_msg("%s: %zu ranges, the first %llx to %llx", cases[i].cmdline,
				 set.count, (unsigned long long)set.v[0].start,
				 (unsigned long long)set.v[0].end);
		kx_ranges_clear(&set);
		kx_ranges_clear(&wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_those_of_the_seed),
		cmocka_unit_test(numbers_are_not_biased),
		cmocka_unit_test(every_slot_is_as_likely),
		cmocka_unit_test(a_gigabyte_of_slots),
		cmocka_unit_test(stays_in_better_places_that_are_at_least_half),
		cmocka_unit_test(every_shift_is_as_likely),
		cmocka_unit_test(no_room_is_said),
		cmocka_unit_test(command_line_is_obeyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
