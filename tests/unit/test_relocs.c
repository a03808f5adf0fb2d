// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/relocs.h"
#include "base/overflow.h"
#include "sample_vmlinux.h"

#define SHIFT 0x1fe00000u

static struct kx_view tail(const struct sample *s)
{
	return kx_view_of(s->data + SV_END, s->size - SV_END);
}

/* The four parts, as they are in the file. */
static struct kx_relocs_image image_of(const struct sample *s)
{
	static const struct {
		uint64_t offset, size;
	} parts[] = {
		{ SV_TEXT, 0x1800 }, { SV_DATA, 0x2000 }, { SV_PERCPU, 0x1000 }, { SV_INIT, 0x1000 }
	};
	struct kx_relocs_image image = { .count = KX_ARRAY_SIZE(parts) };

	for (size_t i = 0; i < image.count; i++)
		image.parts[i] = (struct kx_relocs_part){ .start = sv_paddr(parts[i].offset),
							  .size = parts[i].size,
							  .bytes = s->data + parts[i].offset };
	return image;
}

static int apply(struct sample *s, uint64_t shift, struct kx_error *err)
{
	struct kx_relocs_image image = image_of(s);
	struct kx_relocs relocs = { 0 };
	int r = kx_relocs_read(tail(s), &relocs, err);

	return r < 0 ? r : kx_relocs_apply(&relocs, &image, shift, err);
}

static void expect_refused(struct sample *s, const char *why)
{
	struct kx_error err = { 0 };

	assert_int_equal(apply(s, SHIFT, &err), -EBADMSG);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
	sample_free(s);
}

/* All that is to change changes as it should, and nothing else does. */
static void each_table_is_applied(void **state)
{
	for (int inverse = 0; inverse < 2; inverse++) {
		struct sample s = sample_vmlinux(inverse), wanted = sample_vmlinux(inverse);
		struct kx_error err = { 0 };

		assert_int_equal(apply(&s, SHIFT, &err), 0);
		kx_put_le64(wanted.data + SV_REL64_TEXT, sv_vaddr(SV_DATA) + SHIFT);
		kx_put_le64(wanted.data + SV_REL64_PERCPU, sv_vaddr(SV_TEXT) + SHIFT);
		kx_put_le64(wanted.data + SV_REL64_LOW, sv_paddr(SV_DATA) + SHIFT);
		if (inverse)
			kx_put_le32(wanted.data + SV_INVERSE,
				    (uint32_t)(0x10 - sv_vaddr(SV_INVERSE)) - SHIFT);
		kx_put_le32(wanted.data + SV_REL32_TEXT, (uint32_t)sv_vaddr(SV_BSS) + SHIFT);
		kx_put_le32(wanted.data + SV_REL32_INIT, SHIFT);
		assert_memory_equal(s.data, wanted.data, s.size);
		sample_free(&s);
		sample_free(&wanted);
	}
}

static void no_tables_are_none(void **state)
{
	struct kx_relocs relocs = { .add32 = kx_view_of("x", 1) };
	struct kx_error err = { 0 };

	assert_int_equal(kx_relocs_read(kx_view_of(NULL, 0), &relocs, &err), 0);
	assert_int_equal(relocs.add32.size + relocs.sub32.size + relocs.add64.size, 0);
}

static void expect_no_tables(const uint32_t *words, size_t size, const char *why)
{
	struct kx_relocs relocs = { .add32 = kx_view_of("x", 1) };
	struct kx_error err = { 0 };
	uint8_t bytes[64];

	for (size_t i = 0; i < (size + 3) / 4; i++)
		kx_put_le32(bytes + i * 4, words[i]);
	assert_int_equal(kx_relocs_read(kx_view_of(bytes, size), &relocs, &err), -EBADMSG);
	assert_int_equal(relocs.add32.size, 1);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static void malformed_tables(void **state)
{
	static const uint32_t words[] = { 0, 1, 0, 2, 0, 3, 0, 4 };
	static const uint32_t empty_last[] = { 0, 1, 0, 2, 0 };
	static const uint32_t empty_first[] = { 0, 0, 2 };

	expect_no_tables(words + 1, 16, "16 bytes behind the kernel are no relocations");
	expect_no_tables(words, 15, "15 bytes behind the kernel are no relocations");
	expect_no_tables(words, 3, "3 bytes behind");
	expect_no_tables(words, 4, "relocations of 1 tables");
	expect_no_tables(words, 8, "relocations of 1 tables");
	expect_no_tables(words, 32, "relocations of 3 and more tables");
	expect_no_tables(empty_last, 20, "not empty");
	expect_no_tables(empty_last, 12, "not empty");
	expect_no_tables(empty_first, 12, "not empty");
}

/* An entry at each end of each part, by a byte too far; and between parts. */
static void entries_outside(void **state)
{
	static const struct {
		size_t entry; /* in the tail, in words */
		uint64_t offset;
		const char *table;
	} cases[] = {
		{ 1, SV_TEXT - 1, "64-bit" },
		{ 1, SV_TEXT + 0x1800 - 7, "64-bit" },
		{ 3, SV_INIT + 0x1000 - 7, "64-bit" },
		{ 5, SV_TEXT + 0x1800 - 3, "inverse 32-bit" },
		{ 5, SV_TEXT + 0x1900, "inverse 32-bit" },
		{ 7, SV_TEXT - 1, "32-bit" },
		{ 7, SV_INIT + 0x1000 - 3, "32-bit" },
		{ 8, SV_INIT + 0x100000, "32-bit" },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(cases); i++) {
		struct sample s = sample_vmlinux(true);

		kx_put_le32(s.data + SV_END + cases[i].entry * 4,
			    (uint32_t)sv_vaddr(cases[i].offset));
		expect_refused(&s, "is outside of the kernel");
	}
}

/* Physical where virtual addresses belong: both are below, or both are above. */
static void entries_of_another_kind(void **state)
{
	struct sample s = sample_vmlinux(true);

	kx_put_le32(s.data + SV_END + 4, (uint32_t)sv_paddr(SV_REL64_TEXT));
	expect_refused(&s, "is outside of the kernel");
}

static void values_that_are_no_addresses(void **state)
{
	static const struct {
		size_t at;
		unsigned size;
		uint64_t value;
	} cases[] = {
		{ SV_REL64_TEXT, 8, KX_X86_KERNEL_MAP - 1 },
		{ SV_REL64_TEXT, 8, KX_X86_KERNEL_MAP + (1 << 30) + 1 },
		{ SV_REL64_TEXT, 8, (1 << 30) + 1 },
		{ SV_REL64_TEXT, 8, 0x7fffffffffffffff },
		{ SV_REL32_TEXT, 4, 0x7fffffff },
		{ SV_REL32_TEXT, 4, 0xc0000001 },
		{ SV_REL32_TEXT, 4, 0x40000001 },
		{ SV_INVERSE, 4, 0x3fffffff },
		{ SV_INVERSE, 4, 0x80000001 },
		{ SV_INVERSE, 4, 0 },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(cases); i++) {
		struct sample s = sample_vmlinux(true);

		if (cases[i].size == 8)
			kx_put_le64(s.data + cases[i].at, cases[i].value);
		else
			kx_put_le32(s.data + cases[i].at, (uint32_t)cases[i].value);
		expect_refused(&s, "which is no address of a kernel");
	}
}

/* Two tables taken for three, or three for two: the values tell. */
static void a_table_taken_for_another(void **state)
{
	struct sample s = sample_vmlinux(true);

	/* The places of the inverse table as the last of the 64-bit one. */
	memmove(s.data + SV_END + 16, s.data + SV_END + 20, s.size - SV_END - 20);
	s.size -= 4;
	expect_refused(&s, "64-bit relocation");
	/* And a 64-bit address where the inverse table points. */
	s = sample_vmlinux(true);
	kx_put_le32(s.data + SV_END + 20, (uint32_t)sv_vaddr(SV_REL64_TEXT));
	expect_refused(&s, "inverse 32-bit relocation");
}

static void an_image_without_parts(void **state)
{
	struct sample s = sample_vmlinux(false);
	struct kx_relocs_image image = { 0 };
	struct kx_relocs relocs = { 0 };
	struct kx_error err = { 0 };

	assert_int_equal(kx_relocs_read(tail(&s), &relocs, &err), 0);
	assert_int_equal(kx_relocs_apply(&relocs, &image, SHIFT, &err), -EBADMSG);
	sample_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_table_is_applied),
		cmocka_unit_test(no_tables_are_none),
		cmocka_unit_test(malformed_tables),
		cmocka_unit_test(entries_outside),
		cmocka_unit_test(entries_of_another_kind),
		cmocka_unit_test(values_that_are_no_addresses),
		cmocka_unit_test(a_table_taken_for_another),
		cmocka_unit_test(an_image_without_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
