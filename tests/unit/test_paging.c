// SPDX-License-Identifier: GPL-2.0-or-later
/* Walks the tables that purgatory builds as the CPU would: Intel SDM 3A, 4.5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/overflow.h"
#include "purgatory/arch/x86/paging.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TABLES 64
#define ENC (UINT64_C(1) << 51)

enum { PRESENT = 1, WRITABLE = 2, USER = 4, UNCACHED = 0x18, LARGE = 0x80 };
#define NO_EXECUTE (UINT64_C(1) << 63)
#define ADDRESS UINT64_C(0x000ffffffffff000)

static void *pool;

static struct kx_paging start(unsigned levels, uint64_t enc_mask)
{
	memset(pool, 0xa5, TABLES * sizeof(kx_page_table));
	return (struct kx_paging){
		.pool = pool, .count = TABLES, .levels = levels, .enc_mask = enc_mask
	};
}

/* The entry that maps @address; 0 if none does. Checks all that must hold for any entry on the way.
 */
static uint64_t walk(const struct kx_paging *paging, uint64_t address)
{
	const uint64_t *table = paging->pool[0];

	for (unsigned level = paging->levels;; level--) {
		uint64_t entry = table[address >> (12 + 9 * (level - 1)) & 511];

		if (!(entry & PRESENT)) {
			assert_int_equal(entry, 0);
			return 0;
		}
		assert_int_equal(entry & (WRITABLE | USER | NO_EXECUTE), WRITABLE);
		if (level == 2) {
			assert_true(entry & LARGE);
			return entry;
		}
		assert_false(entry & LARGE);
		assert_int_equal(entry & paging->enc_mask, paging->enc_mask);
		table = (const uint64_t *)(uintptr_t)(entry & ADDRESS & ~paging->enc_mask);
	}
}

static void assert_mapped(const struct kx_paging *paging, uint64_t address)
{
	uint64_t entry = walk(paging, address);

	assert_int_equal(entry & ADDRESS & ~paging->enc_mask, address & ~(2 * MIB - 1));
	assert_int_equal(entry & paging->enc_mask, paging->enc_mask);
	assert_int_equal(entry & UNCACHED, 0);
}

static void test_one_page(void **state)
{
	struct kx_paging paging = start(4, 0);

	assert_null(kx_paging_map(&paging, 16 * MIB, 1, 0));
	assert_mapped(&paging, 16 * MIB);
	assert_mapped(&paging, 18 * MIB - 1);
	assert_int_equal(walk(&paging, 16 * MIB - 1), 0);
	assert_int_equal(walk(&paging, 18 * MIB), 0);
	assert_int_equal(paging.used, 3);
}

static void test_unaligned_range(void **state)
{
	struct kx_paging paging = start(4, 0);

	assert_null(kx_paging_map(&paging, 4 * MIB - 1, 2 * MIB + 2, 0));
	assert_int_equal(walk(&paging, 2 * MIB - 1), 0);
	for (uint64_t address = 2 * MIB; address < 8 * MIB; address += MIB)
		assert_mapped(&paging, address);
	assert_int_equal(walk(&paging, 8 * MIB), 0);
}

/* Ranges that cross from one table into the next, on each level. */
static void test_crossings(void **state)
{
	static const uint64_t crossings[] = { GIB, 512 * GIB, 256 * 512 * GIB };
	struct kx_paging paging = start(5, 0);

	for (size_t i = 0; i < KX_ARRAY_SIZE(crossings); i++) {
		assert_null(kx_paging_map(&paging, crossings[i] - 1, 2, 0));
		assert_mapped(&paging, crossings[i] - 1);
		assert_mapped(&paging, crossings[i]);
		assert_int_equal(walk(&paging, crossings[i] + 2 * MIB), 0);
		assert_int_equal(walk(&paging, crossings[i] - 2 * MIB - 1), 0);
	}
}

static void test_top_of_each_mode(void **state)
{
	static const struct {
		unsigned levels;
		uint64_t top;
	} modes[] = { { 4, UINT64_C(1) << 47 }, { 5, UINT64_C(1) << 52 } };

	for (size_t i = 0; i < KX_ARRAY_SIZE(modes); i++) {
		struct kx_paging paging = start(modes[i].levels, 0);

		assert_non_null(kx_paging_map(&paging, modes[i].top - 1, 2, 0));
		assert_non_null(kx_paging_map(&paging, modes[i].top, 1, 0));
		assert_null(kx_paging_map(&paging, modes[i].top - 1, 1, 0));
		assert_mapped(&paging, modes[i].top - 1);
	}
}

static void test_overflow(void **state)
{
	struct kx_paging paging = start(4, 0);

	assert_non_null(kx_paging_map(&paging, UINT64_MAX, 2, 0));
	assert_non_null(kx_paging_map(&paging, 2 * MIB, UINT64_MAX - MIB, 0));
	assert_non_null(kx_paging_map(&paging, 0, UINT64_MAX, 0));
}

static void test_encryption_bit(void **state)
{
	struct kx_paging paging = start(5, ENC);
	uint64_t device = 0xfe000000;

	assert_null(kx_paging_map(&paging, 5 * GIB, 3 * MIB, 0));
	assert_mapped(&paging, 5 * GIB);
	assert_null(kx_paging_map(&paging, device, 8, KX_PAGE_UNCACHED));
	assert_int_equal(walk(&paging, device) & (ADDRESS | UNCACHED), device | UNCACHED);
	/* An address that would itself set the bit. */
	assert_non_null(kx_paging_map(&paging, ENC - 1, 2, 0));
	assert_non_null(kx_paging_map(&paging, ENC, 1, 0));
}

static void test_memory_comes_before_devices(void **state)
{
	struct kx_paging paging = start(4, 0);

	assert_null(kx_paging_map(&paging, 0x90000, 4096, 0));
	assert_null(kx_paging_map(&paging, 0xb8000, 4096, KX_PAGE_UNCACHED));
	assert_mapped(&paging, 0xb8000);
	assert_null(kx_paging_map(&paging, 0xfeb00000, 4096, KX_PAGE_UNCACHED));
	assert_int_equal(walk(&paging, 0xfeb00fff), 0xfea00000 | 0xfb);
}

/* One root, one table for the 512 GiB, then one for each GiB. */
static void test_pool_is_used_to_its_end_and_not_beyond(void **state)
{
	struct kx_paging paging = start(4, 0);
	const uint8_t *end = (const uint8_t *)pool + TABLES * sizeof(kx_page_table);

	paging.count = TABLES - 1;
	for (unsigned i = 2; i < paging.count; i++)
		assert_null(kx_paging_map(&paging, i * GIB, GIB, 0));
	assert_non_null(kx_paging_map(&paging, TABLES * GIB, 1, 0));
	assert_int_equal(paging.used, TABLES - 1);
	for (const uint8_t *p = end - sizeof(kx_page_table); p < end; p++)
		assert_int_equal(*p, 0xa5);
	/* What is there still works, and more of it can be added. */
	assert_mapped(&paging, 2 * GIB);
	assert_null(kx_paging_map(&paging, 2 * GIB, 1, 0));
	paging = (struct kx_paging){ .pool = pool, .levels = 4 };
	assert_non_null(kx_paging_map(&paging, 0, 1, 0));
}

static void test_huge_range_ends(void **state)
{
	struct kx_paging paging = start(5, 0);

	assert_non_null(kx_paging_map(&paging, 0, UINT64_C(1) << 52, 0));
	assert_int_equal(paging.used, TABLES);
}

/* Random ranges against the plain statement of what is mapped. */
static void test_random_ranges(void **state)
{
	srandom(7);
	for (unsigned round = 0; round < 300; round++) {
		struct kx_paging paging = start(round & 1 ? 5 : 4, round & 2 ? ENC : 0);
		struct {
			uint64_t start, end;
		} ranges[6];

		for (unsigned i = 0; i < KX_ARRAY_SIZE(ranges); i++) {
			ranges[i].start = (uint64_t)random() << (random() % 6);
			ranges[i].end = ranges[i].start + 1 + (uint64_t)random() % (8 * MIB);
			assert_null(kx_paging_map(&paging, ranges[i].start,
						  ranges[i].end - ranges[i].start, 0));
		}
		for (unsigned probe = 0; probe < 200; probe++) {
			uint64_t near =
				ranges[random() % 6].start + (uint64_t)random() % (12 * MIB);
			uint64_t at = near < 2 * MIB ? near : near - 2 * MIB;
			uint64_t page = at & ~(2 * MIB - 1);
			bool expected = false;

			for (unsigned i = 0; i < KX_ARRAY_SIZE(ranges); i++)
				expected |=
					ranges[i].start < page + 2 * MIB && page < ranges[i].end;
			if (expected)
				assert_mapped(&paging, at);
			else
				assert_int_equal(walk(&paging, at), 0);
		}
	}
}

static int set_up(void **state)
{
	pool = aligned_alloc(4096, TABLES * sizeof(kx_page_table));
	return pool ? 0 : -1;
}

static int tear_down(void **state)
{
	free(pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_page),
		cmocka_unit_test(test_unaligned_range),
		cmocka_unit_test(test_crossings),
		cmocka_unit_test(test_top_of_each_mode),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_encryption_bit),
		cmocka_unit_test(test_memory_comes_before_devices),
		cmocka_unit_test(test_pool_is_used_to_its_end_and_not_beyond),
		cmocka_unit_test(test_huge_range_ends),
		cmocka_unit_test(test_random_ranges),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
