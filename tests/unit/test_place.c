// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the running kernel's allocator is disturbed least. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/endian.h"
#include "fixture_machine.h"
#include "machine_tree.h"
#include "place.h"

/* 1 GiB that is free but for what a test says; all of it may be used. */
struct fixture {
	uint8_t samples[KX_FREE_SAMPLES];
	struct kx_free_pages pages;
	struct kx_ranges set;
};

static void begin(struct fixture *f, uint64_t end)
{
	*f = (struct fixture){ .pages = { .v = f->samples, .count = end / KX_FREE_STEP } };
	memset(f->samples, KX_FREE,
	       f->pages.count < KX_FREE_SAMPLES ? f->pages.count : KX_FREE_SAMPLES);
	assert_int_equal(kx_ranges_add(&f->set, MIB, end), 0);
}

static void mark(struct fixture *f, uint64_t start, uint64_t end, enum kx_free what)
{
	memset(f->samples + start / KX_FREE_STEP, what, (end - start) / KX_FREE_STEP);
}

static uint64_t placed(const struct fixture *f, uint64_t size, uint64_t align)
{
	struct kx_place place = { .size = size, .align = align, .max = UINT64_MAX };
	uint64_t at = 0;

	assert_int_equal(kx_place_quiet(&f->pages, &f->set, &place, &at), 0);
	assert_int_equal(at % align, 0);
	assert_true(kx_ranges_contain(&f->set, at, at + size));
	return at;
}

static void goes_where_pages_are_in_use(void **state)
{
	struct fixture f;

	begin(&f, GIB);
	mark(&f, 300 * MIB, 400 * MIB, KX_FREE_NOT);
	assert_int_equal(placed(&f, 100 * MIB, 4096), 300 * MIB);
	assert_int_equal(placed(&f, 40 * MIB, 4096), 360 * MIB);
	kx_ranges_clear(&f.set);
}

/* No hole is large enough: the place with most of it in use. */
static void goes_where_fewest_are_free(void **state)
{
	struct fixture f;

	begin(&f, GIB);
	mark(&f, 100 * MIB, 120 * MIB, KX_FREE_NOT);
	mark(&f, 500 * MIB, 550 * MIB, KX_FREE_NOT);
	mark(&f, 560 * MIB, 600 * MIB, KX_FREE_NOT);
	assert_int_equal(placed(&f, 100 * MIB, 4096), 500 * MIB);
	kx_ranges_clear(&f.set);
}

/* All is free: not where the old initrd was, which the allocator got back last. */
static void keeps_away_from_what_was_freed_last(void **state)
{
	struct fixture f;

	begin(&f, GIB);
	mark(&f, 900 * MIB, GIB, KX_FREE_LATELY);
	assert_int_equal(placed(&f, 100 * MIB, 4096), 800 * MIB);
	kx_ranges_clear(&f.set);
}

/* As little as a quarter of it is worse than a place that is free altogether, where four times as much is free. */
static void what_was_freed_last_weighs_as_much_as_there_is_more(void **state)
{
	struct fixture f;

	begin(&f, GIB);
	mark(&f, 900 * MIB, 975 * MIB, KX_FREE_NOT);
	mark(&f, 975 * MIB, GIB, KX_FREE_LATELY);
	assert_int_equal(placed(&f, 124 * MIB, 4096), 851 * MIB);
	mark(&f, 0, 700 * MIB, KX_FREE_NOT);
	assert_int_equal(placed(&f, 124 * MIB, 4096), 576 * MIB);
	kx_ranges_clear(&f.set);
}

static void is_the_highest_of_equals(void **state)
{
	struct fixture f;

	begin(&f, GIB);
	assert_int_equal(placed(&f, 12345, 4096), GIB - 16384);
	assert_int_equal(placed(&f, 3 * MIB, 2 * MIB), GIB - 4 * MIB);
	kx_ranges_clear(&f.set);
}

static void uses_only_what_is_given(void **state)
{
	struct kx_place place = {
		.size = 10 * MIB, .align = 4096, .min = 64 * MIB, .max = 80 * MIB
	};
	struct fixture f;
	uint64_t at = 0;

	begin(&f, GIB);
	mark(&f, 0, 64 * MIB, KX_FREE_NOT);
	mark(&f, 64 * MIB, 66 * MIB, KX_FREE_NOT);
	assert_int_equal(kx_place_quiet(&f.pages, &f.set, &place, &at), 0);
	assert_int_equal(at, 64 * MIB);
	assert_int_equal(kx_ranges_remove(&f.set, 64 * MIB, 65 * MIB), 0);
	assert_int_equal(kx_place_quiet(&f.pages, &f.set, &place, &at), 0);
	assert_int_equal(at, 65 * MIB);
	place.size = 16 * MIB;
	assert_int_equal(kx_place_quiet(&f.pages, &f.set, &place, &at), -ENOSPC);
	kx_ranges_clear(&f.set);
}

/* The first 16 MiB are for the next kernel's devices. */
static void leaves_dma_memory_alone(void **state)
{
	struct kx_place place = { .size = 10 * MIB, .align = 4096, .max = 20 * MIB };
	struct fixture f;
	uint64_t at = 0;

	begin(&f, GIB);
	assert_int_equal(kx_place_quiet(&f.pages, &f.set, &place, &at), -ENOSPC);
	place.size = 4 * MIB;
	assert_int_equal(kx_place_quiet(&f.pages, &f.set, &place, &at), 0);
	assert_int_equal(at, 16 * MIB);
	kx_ranges_clear(&f.set);
}

/* With enough free above 4 GiB nothing below is handed out: what is in use there does not matter. */
static void memory_above_goes_first(void **state)
{
	struct fixture f;

	begin(&f, 6 * GIB);
	mark(&f, GIB, 2 * GIB, KX_FREE_NOT);
	f.pages.above = 399 * MIB;
	assert_int_equal(placed(&f, 100 * MIB, 4096), 2 * GIB - 100 * MIB);
	f.pages.above = 400 * MIB;
	assert_int_equal(placed(&f, 100 * MIB, 4096), 4 * GIB - 100 * MIB);
	kx_ranges_clear(&f.set);
}

static void does_not_guess(void **state)
{
	struct kx_place place = { .size = 4096, .align = 4096, .max = GIB };
	struct fixture f;
	uint64_t at = 0;

	begin(&f, GIB);
	f.pages.v = NULL;
	assert_int_equal(kx_place_quiet(&f.pages, &f.set, &place, &at), -ENODATA);
	kx_ranges_clear(&f.set);
}

static void assert_avoided(const struct fixture *f, uint64_t made, uint64_t loaded,
			   const struct kx_range *left, size_t count)
{
	struct kx_ranges set = { 0 };

	assert_int_equal(kx_ranges_add(&set, 0, GIB), 0);
	assert_int_equal(kx_place_avoid_next(&f->pages, made, loaded, &set), 0);
	assert_int_equal(set.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(set.v[i].start, left[i].start);
		assert_int_equal(set.v[i].end, left[i].end);
	}
	kx_ranges_clear(&set);
}

/* From 100 MiB on the command takes 50 free ones, then the kernel 100; what is in use is neither's, what was freed lately is. */
static void avoids_what_comes_next(void **state)
{
	static const struct kx_range left[] = { { 0, 170 * MIB },
						{ 200 * MIB, 210 * MIB },
						{ 280 * MIB, 900 * MIB },
						{ 920 * MIB, GIB } };
	static const struct kx_range lately[] = { { 0, 900 * MIB }, { 920 * MIB, GIB } };
	static const struct kx_range all[] = { { 0, GIB } };
	struct fixture f;

	begin(&f, GIB);
	mark(&f, 120 * MIB, 140 * MIB, KX_FREE_NOT);
	mark(&f, 200 * MIB, 210 * MIB, KX_FREE_NOT);
	mark(&f, 900 * MIB, 920 * MIB, KX_FREE_LATELY);
	assert_avoided(&f, 50 * MIB, 100 * MIB, lately, 2);
	f.pages.next = 100 * MIB;
	assert_avoided(&f, 50 * MIB, 100 * MIB, left, 4);
	f.pages.above = 600 * MIB;
	assert_avoided(&f, 50 * MIB, 100 * MIB, all, 1);
	f.pages.above = 0;
	f.pages.v = NULL;
	assert_avoided(&f, 50 * MIB, 100 * MIB, all, 1);
	kx_ranges_clear(&f.set);
}

/* ---- what is free ---------------------------------------------------------------------------- */

#define BUDDY (1 << 10)

/* /proc/kpageflags of 1 GiB: free from @start to @end, no flags for 2 MiB before that, and flags that are none of ours elsewhere. */
static void write_flags(const char *root, uint64_t start, uint64_t end)
{
	const size_t size = (GIB >> 12) * 8;
	uint8_t *flags = malloc(size);

	assert_non_null(flags);
	for (uint64_t at = 0; at < GIB; at += 4096) {
		bool none = at >= start - 2 * MIB && at < start, is_free = at >= start && at < end;

		kx_put_le64(flags + (at >> 12) * 8, none ? 0 : is_free ? BUDDY : ~(uint64_t)BUDDY);
	}
	tree_write_bytes(root, "/proc/kpageflags", flags, size);
	free(flags);
}

/* The initrd of that machine came to 0x3fc99000, and took 3 MiB. */
static void samples_say_what_is_free(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	_machine_ struct kx_machine *m = NULL;

	write_flags(root, 512 * MIB, GIB);
	m = machine_read(root);
	assert_non_null(m->free_pages.v);
	assert_int_equal(m->free_pages.count, GIB / KX_FREE_STEP);
	assert_int_equal(m->free_pages.above, 0);
	assert_int_equal(m->free_pages.v[510 * MIB / KX_FREE_STEP - 1], KX_FREE_NOT);
	assert_int_equal(m->free_pages.v[510 * MIB / KX_FREE_STEP], KX_FREE_LATELY);
	assert_int_equal(m->free_pages.v[512 * MIB / KX_FREE_STEP - 1], KX_FREE_LATELY);
	assert_int_equal(m->free_pages.v[512 * MIB / KX_FREE_STEP], KX_FREE);
	assert_int_equal(m->free_pages.v[0x3fc00000 / KX_FREE_STEP], KX_FREE);
	assert_int_equal(m->free_pages.v[0x3fc80000 / KX_FREE_STEP], KX_FREE_LATELY);
	assert_int_equal(m->free_pages.v[0x3ff80000 / KX_FREE_STEP], KX_FREE_LATELY);
}

/* Everything after the end of a file that is too short is not known to be free. */
static void short_file_says_nothing_more(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	_machine_ struct kx_machine *m = NULL;

	tree_write_bytes(root, "/proc/kpageflags", "\0\4\0\0\0\0\0\0", 8);
	m = machine_read(root);
	for (size_t i = 0; i < KX_FREE_SAMPLES; i++)
		assert_int_equal(m->free_pages.v[i], KX_FREE_NOT);
}

static void captures_do_not_say_what_was_free(void **state)
{
	_machine_ struct kx_machine *m = machine_of("debian12-bios-q35");

	assert_null(m->free_pages.v);
}

static void memory_above_4_gib_is_estimated(void **state)
{
	_tree_ char *root = tree_copy("debian12-bios-q35");
	_cleanup_free_ char *path = tree_path(root, "/proc/kpageflags");
	_machine_ struct kx_machine *m = NULL;
	static const char free_page[8] = { 0, 4 };
	FILE *file;

	tree_write(root, "/proc/iomem",
		   "00100000-3fffffff : System RAM\n100000000-1ffffffff : System RAM\n");
	tree_write(root, "/proc/kpageflags", "");
	file = fopen(path, "r+");
	assert_non_null(file);
	/* 1 GiB of the 4. */
	for (uint64_t page = 6 * GIB >> 12; page < 7 * GIB >> 12; page++) {
		assert_int_equal(fseek(file, (long)page * 8, SEEK_SET), 0);
		assert_int_equal(fwrite(free_page, 8, 1, file), 1);
	}
	assert_int_equal(fclose(file), 0);
	m = machine_read(root);
	assert_in_range(m->free_pages.above, GIB - 16 * MIB, GIB + 16 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_where_pages_are_in_use),
		cmocka_unit_test(goes_where_fewest_are_free),
		cmocka_unit_test(keeps_away_from_what_was_freed_last),
		cmocka_unit_test(what_was_freed_last_weighs_as_much_as_there_is_more),
		cmocka_unit_test(is_the_highest_of_equals),
		cmocka_unit_test(uses_only_what_is_given),
		cmocka_unit_test(leaves_dma_memory_alone),
		cmocka_unit_test(memory_above_goes_first),
		cmocka_unit_test(does_not_guess),
		cmocka_unit_test(avoids_what_comes_next),
		cmocka_unit_test(samples_say_what_is_free),
		cmocka_unit_test(short_file_says_nothing_more),
		cmocka_unit_test(captures_do_not_say_what_was_free),
		cmocka_unit_test(memory_above_4_gib_is_estimated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
