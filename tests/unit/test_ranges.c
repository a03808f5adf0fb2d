// SPDX-License-Identifier: GPL-2.0-or-later
#include "ranges.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_set(const struct kx_ranges *set, size_t count, const struct kx_range *want)
{
	assert_int_equal(set->count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(set->v[i].start, want[i].start);
		assert_int_equal(set->v[i].end, want[i].end);
	}
}

static struct kx_ranges make(size_t count, const struct kx_range *v)
{
	struct kx_ranges set = { 0 };

	for (size_t i = 0; i < count; i++)
		assert_int_equal(kx_ranges_add(&set, v[i].start, v[i].end), 0);
	return set;
}

#define RANGES(...)                                                                               \
	sizeof((struct kx_range[]){ __VA_ARGS__ }) / sizeof(struct kx_range), (struct kx_range[]) \
	{                                                                                         \
		__VA_ARGS__                                                                       \
	}

static void add_merges_overlapping_and_adjacent(void **state)
{
	struct kx_ranges set = make(RANGES({ 10, 20 }, { 30, 40 }, { 50, 60 }));

	assert_int_equal(kx_ranges_add(&set, 20, 25), 0);
	assert_set(&set, RANGES({ 10, 25 }, { 30, 40 }, { 50, 60 }));
	assert_int_equal(kx_ranges_add(&set, 24, 50), 0);
	assert_set(&set, RANGES({ 10, 60 }));
	assert_int_equal(kx_ranges_add(&set, 70, 70), 0);
	assert_int_equal(kx_ranges_add(&set, 0, 5), 0);
	assert_set(&set, RANGES({ 0, 5 }, { 10, 60 }));
	kx_ranges_clear(&set);
}

static void remove_splits_and_trims(void **state)
{
	struct kx_ranges set = make(RANGES({ 10, 100 }, { 200, 300 }, { 400, 500 }));

	assert_int_equal(kx_ranges_remove(&set, 20, 30), 0);
	assert_int_equal(kx_ranges_remove(&set, 90, 450), 0);
	assert_set(&set, RANGES({ 10, 20 }, { 30, 90 }, { 450, 500 }));
	assert_int_equal(kx_ranges_remove(&set, 0, 10), 0);
	assert_int_equal(kx_ranges_remove(&set, 500, UINT64_MAX), 0);
	assert_int_equal(kx_ranges_remove(&set, 30, 30), 0);
	assert_set(&set, RANGES({ 10, 20 }, { 30, 90 }, { 450, 500 }));
	assert_int_equal(kx_ranges_remove(&set, 0, UINT64_MAX), 0);
	assert_int_equal(set.count, 0);
	kx_ranges_clear(&set);
}

/* Against a bitmap, many times: what no hand-written case thought of. */
static void add_and_remove_agree_with_a_bitmap(void **state)
{
	enum { SIZE = 64, ROUNDS = 20000 };
	bool map[SIZE] = { false };
	struct kx_ranges set = { 0 };
	unsigned seed = 1;

	for (int round = 0; round < ROUNDS; round++) {
		unsigned start = (unsigned)rand_r(&seed) % SIZE,
			 end = start + (unsigned)rand_r(&seed) % (SIZE - start);
		bool add = rand_r(&seed) & 1;

		assert_int_equal(add ? kx_ranges_add(&set, start, end)
				     : kx_ranges_remove(&set, start, end),
				 0);
		for (unsigned i = start; i < end; i++)
			map[i] = add;
		for (unsigned i = 0; i < SIZE; i++)
			assert_int_equal(kx_ranges_contain(&set, i, i + 1), map[i]);
		for (size_t i = 1; i < set.count; i++)
			assert_true(set.v[i - 1].end < set.v[i].start);
	}
	kx_ranges_clear(&set);
}

static void intersect_takes_what_both_have(void **state)
{
	struct kx_ranges a = make(RANGES({ 0, 100 }, { 200, 300 })),
			 b = make(RANGES({ 50, 250 }, { 280, 400 })), both;

	assert_int_equal(kx_ranges_intersect(&a, &b, &both), 0);
	assert_set(&both, RANGES({ 50, 100 }, { 200, 250 }, { 280, 300 }));
	assert_int_equal(kx_ranges_size(&both), 120);
	kx_ranges_clear(&a);
	kx_ranges_clear(&b);
	kx_ranges_clear(&both);
}

static void place_obeys_bounds_and_alignment(void **state)
{
	struct kx_ranges set = make(RANGES({ 0x1000, 0x5000 }, { 0x10000, 0x18800 }));
	struct kx_place place = { .size = 0x1000, .align = 0x1000, .max = UINT64_MAX };
	uint64_t at = 7;

	assert_int_equal(kx_ranges_place(&set, &place, &at), 0);
	assert_int_equal(at, 0x17000);
	place.low_first = true;
	assert_int_equal(kx_ranges_place(&set, &place, &at), 0);
	assert_int_equal(at, 0x1000);
	place.min = 0x1001;
	assert_int_equal(kx_ranges_place(&set, &place, &at), 0);
	assert_int_equal(at, 0x2000);
	place.max = 0x2fff;
	at = 7;
	assert_int_equal(kx_ranges_place(&set, &place, &at), -ENOSPC);
	assert_int_equal(at, 7);
	place = (struct kx_place){ .size = 0x8800, .align = 0x10000, .max = UINT64_MAX };
	assert_int_equal(kx_ranges_place(&set, &place, &at), 0);
	assert_int_equal(at, 0x10000);
	place.size++;
	assert_int_equal(kx_ranges_place(&set, &place, &at), -ENOSPC);
	assert_int_equal(kx_ranges_largest(&set, 0, UINT64_MAX, 0x1000), 0x8800);
	assert_int_equal(kx_ranges_largest(&set, 0x20000, UINT64_MAX, 0x1000), 0);
	kx_ranges_clear(&set);
}

static void place_survives_the_top_of_the_address_space(void **state)
{
	struct kx_ranges set = make(RANGES({ UINT64_MAX - 0x800, UINT64_MAX }));
	struct kx_place place = { .size = 0x10, .align = 0x1000, .max = UINT64_MAX };
	uint64_t at;

	assert_int_equal(kx_ranges_place(&set, &place, &at), -ENOSPC);
	kx_ranges_clear(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(add_merges_overlapping_and_adjacent),
		cmocka_unit_test(remove_splits_and_trims),
		cmocka_unit_test(add_and_remove_agree_with_a_bitmap),
		cmocka_unit_test(intersect_takes_what_both_have),
		cmocka_unit_test(place_obeys_bounds_and_alignment),
		cmocka_unit_test(place_survives_the_top_of_the_address_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
