// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/overflow.h"
#include "base/view.h"

static const uint8_t bytes[] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x10 };

static struct kx_view view(void)
{
	return kx_view_of(bytes, sizeof(bytes));
}

/* The range is there or not, however large the numbers are that ask. */
static void has(void **state)
{
	assert_true(kx_view_has(view(), 0, 9));
	assert_true(kx_view_has(view(), 9, 0));
	assert_true(kx_view_has(view(), 8, 1));
	assert_false(kx_view_has(view(), 8, 2));
	assert_false(kx_view_has(view(), 9, 1));
	assert_false(kx_view_has(view(), 10, 0));
	assert_false(kx_view_has(view(), UINT64_MAX, 1));
	assert_false(kx_view_has(view(), 1, UINT64_MAX));
	assert_false(kx_view_has(view(), UINT64_MAX, UINT64_MAX));
	assert_true(kx_view_has(kx_view_of(NULL, 0), 0, 0));
}

static void sub(void **state)
{
	struct kx_view part = { 0 }, untouched = { bytes, 5 };

	assert_true(kx_view_sub(view(), 2, 3, &part));
	assert_ptr_equal(part.data, bytes + 2);
	assert_int_equal(part.size, 3);
	assert_true(kx_view_sub(kx_view_of(NULL, 0), 0, 0, &part));
	assert_int_equal(part.size, 0);
	assert_false(kx_view_sub(view(), 2, 8, &untouched));
	assert_ptr_equal(untouched.data, bytes);
	assert_int_equal(untouched.size, 5);
}

static void from(void **state)
{
	struct kx_view rest = { 0 };

	assert_true(kx_view_from(view(), 7, &rest));
	assert_ptr_equal(rest.data, bytes + 7);
	assert_int_equal(rest.size, 2);
	assert_true(kx_view_from(view(), 9, &rest));
	assert_int_equal(rest.size, 0);
	assert_false(kx_view_from(view(), 10, &rest));
	assert_int_equal(rest.size, 0);
}

/* At the last offset that is all there, and at the first that is not. */
static void reads(void **state)
{
	uint8_t u8 = 0;
	uint16_t u16 = 0;
	uint32_t u32 = 0;
	uint64_t u64 = 0;

	assert_true(kx_view_u8(view(), 8, &u8));
	assert_int_equal(u8, 0x10);
	assert_true(kx_view_le16(view(), 7, &u16));
	assert_int_equal(u16, 0x10ef);
	assert_true(kx_view_le32(view(), 5, &u32));
	assert_int_equal(u32, 0x10efcdab);
	assert_true(kx_view_le64(view(), 1, &u64));
	assert_int_equal(u64, 0x10efcdab89674523);
	assert_false(kx_view_u8(view(), 9, &u8));
	assert_false(kx_view_le16(view(), 8, &u16));
	assert_false(kx_view_le32(view(), 6, &u32));
	assert_false(kx_view_le64(view(), 2, &u64));
	assert_int_equal(u8, 0x10);
	assert_int_equal(u16, 0x10ef);
	assert_int_equal(u32, 0x10efcdab);
	assert_int_equal(u64, 0x10efcdab89674523);
}

static void equals(void **state)
{
	assert_true(kx_view_equals(view(), 1, "\x23\x45", 2));
	assert_false(kx_view_equals(view(), 1, "\x23\x46", 2));
	assert_true(kx_view_equals(view(), 8, "\x10", 1));
	assert_false(kx_view_equals(view(), 8, "\x10\x00", 2));
}

static void stores(void **state)
{
	uint8_t out[14] = { 0 };

	kx_put_le16(out, 0x2301);
	kx_put_le32(out + 2, 0x67452301);
	kx_put_le64(out + 6, 0xefcdab8967452301);
	assert_memory_equal(out, bytes, 2);
	assert_memory_equal(out + 2, bytes, 4);
	assert_memory_equal(out + 6, bytes, 8);
}

static void arithmetic(void **state)
{
	uint64_t v = 0;

	assert_false(kx_add_overflow(UINT64_MAX - 1, 1, &v));
	assert_int_equal(v, UINT64_MAX);
	assert_true(kx_add_overflow(UINT64_MAX, 1, &v));
	assert_false(kx_mul_overflow(UINT32_MAX, UINT32_MAX, &v));
	assert_true(kx_mul_overflow(UINT64_C(1) << 32, UINT64_C(1) << 32, &v));
	assert_false(kx_align_up_overflow(0x1001, 0x1000, &v));
	assert_int_equal(v, 0x2000);
	assert_false(kx_align_up_overflow(0x1000, 0x1000, &v));
	assert_int_equal(v, 0x1000);
	assert_true(kx_align_up_overflow(UINT64_MAX - 0xffe, 0x1000, &v));
	assert_int_equal(kx_align_up(5, 4), 8);
	assert_int_equal(kx_align_down(0x1fff, 0x1000), 0x1000);
	assert_true(kx_is_pow2(1) && kx_is_pow2(UINT64_C(1) << 63));
	assert_false(kx_is_pow2(0) || kx_is_pow2(3) || kx_is_pow2(UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has),        cmocka_unit_test(sub),    cmocka_unit_test(from),
		cmocka_unit_test(reads),      cmocka_unit_test(equals), cmocka_unit_test(stores),
		cmocka_unit_test(arithmetic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
