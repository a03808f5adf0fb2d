// SPDX-License-Identifier: GPL-2.0-or-later
/* How much memory a capture kernel needs; tests/vm/test_crash_size.py asks kernels the same. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpio.h"
#include "crash/size.h"
#include "sample_compress.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static struct kx_crash_need estimate(const struct kx_crash_load *load)
{
	struct kx_crash_need need = { 0 };
	struct kx_error err = { 0 };

	if (kx_crash_estimate(load, &need, &err) < 0)
		fail_msg("%s", err.text);
	return need;
}

static void test_moments(void **state)
{
	const struct kx_crash_load load = {
		.kernel = 50 * MIB,
		.initrd_packed = 20 * MIB,
		.initrd_unpacked = 60 * MIB,
		.cpus = 2,
		.ram = 16 * GIB,
	};
	struct kx_crash_need need = estimate(&load);

	/* 50 + 12 + 2 + 60, and 20 or 48 + 1; of the whole 7/192 are tables */
	assert_int_equal(need.unpacking, 144 * MIB * 192 / 185);
	assert_int_equal(need.dumping, 173 * MIB * 192 / 185);
	assert_int_equal(need.half, 0);
	assert_int_equal(need.needed, need.dumping);
	assert_int_equal(need.recommended, 208 * MIB);
	assert_true(need.pieces[KX_CRASH_TABLES] - (need.dumping - 173 * MIB) + 16 < 32);
}

static void test_packed_initrd_larger_than_programs(void **state)
{
	const struct kx_crash_load load = { .initrd_packed = 60 * MIB,
					    .initrd_unpacked = 60 * MIB };
	struct kx_crash_need need = estimate(&load);

	assert_int_equal(need.needed, need.unpacking);
	assert_true(need.unpacking > need.dumping);
}

static void test_half_for_files(void **state)
{
	struct kx_crash_load load = { .kernel = 50 * MIB, .initrd_unpacked = 300 * MIB };

	assert_int_equal(estimate(&load).half, 0);
	load.rootfs_is_tmpfs = true;
	assert_int_equal(estimate(&load).half, 650 * MIB * 192 / 185);
	assert_int_equal(estimate(&load).needed, estimate(&load).half);
}

static void test_bitmaps_have_a_limit(void **state)
{
	struct kx_crash_load load = { .ram = 1024 * GIB };

	assert_int_equal(estimate(&load).pieces[KX_CRASH_BITMAPS], 64 * MIB);
	load.ram *= 24;
	assert_int_equal(estimate(&load).pieces[KX_CRASH_BITMAPS], 128 * MIB);
}

static void test_more_than_any_memory(void **state)
{
	const struct kx_crash_load loads[] = {
		{ .kernel = UINT64_MAX },
		{ .initrd_packed = UINT64_MAX - 200 * MIB },
		{ .initrd_unpacked = UINT64_MAX / 192 },
		{ .initrd_unpacked = UINT64_MAX / 300, .rootfs_is_tmpfs = true },
	};
	struct kx_crash_need need = { .needed = 1 };
	struct kx_error err = { 0 };

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		assert_int_equal(kx_crash_estimate(&loads[i], &need, &err), -EFBIG);
	assert_int_equal(need.needed, 1);
	assert_int_equal(kx_crash_recommend(UINT64_MAX - 1), UINT64_MAX);
}

static void test_recommended(void **state)
{
	assert_int_equal(kx_crash_recommend(128 * MIB), 144 * MIB);
	assert_int_equal(kx_crash_recommend(128 * MIB + 1), 160 * MIB);
}

static void test_explained_by_numbers(void **state)
{
	const struct kx_crash_load load = { .kernel = 50 * MIB,
					    .initrd_packed = 20 * MIB,
					    .initrd_unpacked = 60 * MIB,
					    .cpus = 1 };
	struct kx_crash_need need = estimate(&load);
	struct kx_error err = { 0 };

	assert_int_equal(kx_crash_too_small(&need, 64 * MIB, &err), -ENOSPC);
	assert_string_equal(
		err.text,
		"64 MiB kept for a crash kernel, about 177.4 MiB needed (kernel 50 MiB, kernel's "
		"own 12 MiB, tables 6.4 MiB, processors 1 MiB, files 60 MiB, programs 48 MiB); "
		"boot with crashkernel=208M, or use a smaller initrd");
	assert_int_equal(kx_crash_too_small(&need, 0, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "no memory is kept for a crash kernel, about 177.4 MiB"));
}

/* ---- initrds --------------------------------------------------------------------------------- */

static struct sample archive(size_t first, size_t second)
{
	static const uint8_t content[10000];
	struct kx_cpio_file files[] = {
		{ .path = "a", .mode = 0100644, .content = kx_view_of(content, first) },
		{ .path = "b", .mode = 0100644, .content = kx_view_of(content, second) },
	};
	struct sample made = { 0 };
	struct kx_error err;

	assert_int_equal(kx_cpio_pack(files, 2, &made.data, &made.size, &err), 0);
	return made;
}

static void assert_initrd(struct sample sample, uint64_t unpack_max, uint64_t files,
			  uint64_t guessed)
{
	struct kx_crash_load load = { 0 };
	struct kx_source *source;
	struct kx_error err;
	uint64_t found = 1;

	assert_int_equal(kx_source_from_memory("initrd", sample.data, sample.size, &source, &err),
			 0);
	assert_int_equal(kx_crash_initrd_size((const struct kx_source *const *)&source, 1,
					      unpack_max, &load, &found, &err),
			 0);
	assert_int_equal(load.initrd_packed, sample.size);
	assert_int_equal(load.initrd_unpacked, files);
	assert_int_equal(found, guessed);
	kx_source_free(source);
}

static void test_initrds(void **state)
{
	struct sample plain = archive(1, 8193), packed = { 0 };

	packed = sample_gzip(plain.data, plain.size);
	assert_initrd(plain, GIB, 4 * 4096 + 2 * 1024, 0);
	assert_initrd(packed, GIB, 4 * 4096 + 2 * 1024, 0);
	/* Too large to be unpacked here. */
	assert_initrd(packed, 100, 4 * packed.size, packed.size);
	/* Cut short: nothing of it is an archive. */
	plain.size -= 200;
	assert_initrd(plain, GIB, 4 * plain.size, plain.size);
	free(plain.data);
	free(packed.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_packed_initrd_larger_than_programs),
		cmocka_unit_test(test_half_for_files),
		cmocka_unit_test(test_bitmaps_have_a_limit),
		cmocka_unit_test(test_more_than_any_memory),
		cmocka_unit_test(test_recommended),
		cmocka_unit_test(test_explained_by_numbers),
		cmocka_unit_test(test_initrds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
