// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/overflow.h"
#include "sample_kdump.h"
#include "vmcore/core.h"
#include "vmcore/log.h"
#include "vmcore/vmcoreinfo.h"

static ssize_t read_view(void *context, void *to, size_t size, uint64_t offset)
{
	const struct kx_view *view = context;

	if (offset >= view->size)
		return 0;
	size = size < view->size - offset ? size : view->size - offset;
	memcpy(to, view->data + offset, size);
	return (ssize_t)size;
}

static int open_view(struct kx_view *view, struct kx_vmcore **ret, struct kx_error *err)
{
	const struct kx_vmcore_io io = { .read = read_view, .context = view, .size = view->size };

	return kx_vmcore_open(&io, ret, err);
}

/* The messages, as "LEVEL NS TEXT;". */
struct heard {
	char text[2048];
	size_t size;
	struct kx_log_record last;
};

static int hear(void *context, const struct kx_log_record *record)
{
	struct heard *heard = context;

	assert_true(heard->size < sizeof(heard->text) - 200);
	heard->size += (size_t)sprintf(heard->text + heard->size, "%s%u %llu %.*s;",
				       record->joins ? "+" : "", record->level,
				       (unsigned long long)record->ns, (int)record->text.size,
				       (const char *)record->text.data);
	heard->last = *record;
	return 0;
}

static struct kx_log_report listen(struct kx_view view, struct heard *heard)
{
	struct kx_log_report report = { 0 };
	struct kx_error err = { 0 };
	struct kx_vmcore *core;

	memset(heard, 0, sizeof(*heard));
	if (open_view(&view, &core, &err) || kx_log_read(core, hear, heard, &report, &err))
		fail_msg("%s", err.text);
	kx_vmcore_free(core);
	return report;
}

static struct kx_view view_of(const struct sample_vmcore *s)
{
	return kx_view_of(s->data, s->size);
}

#define FOUR_MESSAGES                                                             \
	"5 0 first;6 1500000 of two\nlines;4 12345678901 with \x01 and \xc3\xa9;" \
	"0 99999999999000 Kernel panic;"
/* A log of text has microseconds. */
#define FOUR_LINES                                                                   \
	"5 0 first;6 1500000 of two;0 0 lines;4 12345678000 with \x01 and \xc3\xa9;" \
	"0 99999999999000 Kernel panic;"

static void expect_whole(struct sample_vmcore *s)
{
	struct kx_log_report report;
	struct heard heard;

	sample_make(s);
	report = listen(view_of(s), &heard);
	assert_string_equal(heard.text, s->kind == SAMPLE_PLAIN ? FOUR_LINES : FOUR_MESSAGES);
	assert_int_equal(report.damaged, 0);
	assert_null(report.cut);
	assert_int_equal(report.records, s->kind == SAMPLE_PLAIN ? 5 : 4);
	assert_int_equal(heard.last.facility, 3);
}

static const enum sample_kind kinds[] = { SAMPLE_LOCKLESS, SAMPLE_RECORDS, SAMPLE_OLD_RECORDS,
					  SAMPLE_PLAIN };

static void each_kind_by_virtual_addresses(void **state)
{
	for (size_t i = 0; i < 4; i++) {
		struct sample_vmcore s = { .kind = kinds[i] };

		expect_whole(&s);
	}
}

static void each_kind_by_page_tables(void **state)
{
	for (size_t i = 0; i < 4; i++) {
		struct sample_vmcore s = { .kind = kinds[i], .paged = true };

		expect_whole(&s);
	}
}

static void each_kind_of_a_kernel_of_32_bits(void **state)
{
	for (size_t i = 0; i < 8; i++) {
		struct sample_vmcore s = { .kind = kinds[i / 2], .narrow = true, .paged = i % 2 };

		expect_whole(&s);
	}
}

static void each_kind_with_headers_of_32_bits(void **state)
{
	for (size_t i = 0; i < 4; i++) {
		struct sample_vmcore s = { .kind = kinds[i], .elf32 = true };

		expect_whole(&s);
	}
}

static void each_kind_big_endian(void **state)
{
	for (size_t i = 0; i < 4; i++) {
		struct sample_vmcore s = { .kind = kinds[i], .big = true };

		expect_whole(&s);
	}
}

static void five_levels(void **state)
{
	struct sample_vmcore s = { .paged = true };
	struct heard heard;
	char *levels;

	sample_make(&s);
	levels = strstr((char *)s.data + SAMPLE_INFO, "l5_enabled)=");
	assert_non_null(levels);
	levels[12] = '1';
	/* The table above lies so that its entry 511 leads to the one of four levels, and its entry 273 nowhere. */
	memcpy(strstr((char *)s.data + SAMPLE_INFO, "swapper_pg_dir)=") + 16, "ffffffff800ff800",
	       16);
	sample_poke(&s, 511 * 8 - 0x800, 8, SAMPLE_PHYS | 0x63);
	listen(view_of(&s), &heard);
	assert_string_equal(heard.text, FOUR_MESSAGES);
}

static void what_is_about_a_device_says_so(void **state)
{
	static const enum sample_kind with[] = { SAMPLE_LOCKLESS, SAMPLE_RECORDS };

	for (size_t i = 0; i < 2; i++) {
		struct sample_vmcore s = { .kind = with[i] };
		struct kx_view view;
		struct kx_log_report report;
		struct kx_error err = { 0 };
		struct kx_vmcore *core;
		struct heard heard = { 0 };

		sample_make(&s);
		view = view_of(&s);
		assert_int_equal(open_view(&view, &core, &err), 0);
		assert_int_equal(kx_log_read(core, hear, &heard, &report, &err), 0);
		assert_int_equal(heard.last.subsystem.size, 3);
		assert_int_equal(heard.last.device.size, 15);
		kx_vmcore_free(core);
	}
}

static void pieces_of_a_line_are_joined(void **state)
{
	struct sample_vmcore s = { .kind = SAMPLE_RECORDS };
	struct heard heard;

	sample_begin(&s);
	sample_add_record(&s, "one, ", 1000, 6, 8);
	sample_add_record(&s, "two", 2000, 6, 8 | 2);
	sample_add_record(&s, "three", 3000, 6, 2);
	sample_end(&s);
	listen(view_of(&s), &heard);
	assert_string_equal(heard.text, "6 1000 one, ;+6 2000 two;6 3000 three;");
}

static void a_message_without_text_is_an_empty_line(void **state)
{
	struct sample_vmcore s = { .kind = SAMPLE_LOCKLESS };
	struct kx_log_report report;
	struct heard heard;

	sample_make(&s);
	sample_poke(&s, AT_DESCS + 6 * 24 + 8, 8, 3);
	sample_poke(&s, AT_DESCS + 6 * 24 + 16, 8, 3);
	report = listen(view_of(&s), &heard);
	assert_memory_equal(heard.text, "5 0 ;", 5);
	assert_int_equal(report.damaged, 0);
}

/* A block that fills the ring to its last byte: kernels of 6.16 and later leave it there. */
static void a_text_up_to_the_end_of_the_ring(void **state)
{
	struct sample_vmcore s = { .kind = SAMPLE_LOCKLESS };
	struct kx_log_report report;
	struct heard heard;

	sample_begin(&s);
	s.position = 0x2f0;
	sample_add(&s, "12345678", 0, 5);
	sample_bytes(&s, AT_TEXT + 0xf8, "ABCDEFGH", 8);
	sample_poke(&s, AT_DESCS + 6 * 24 + 16, 8, 0x300);
	sample_end(&s);
	report = listen(view_of(&s), &heard);
	assert_string_equal(heard.text, "5 0 ABCDEFGH;");
	assert_int_equal(report.damaged, 0);
}

/* Each damage of a descriptor or a block loses that message and no other. */
static void one_damaged_message_is_left_out(void **state)
{
	static const struct {
		size_t at, size;
		uint64_t value;
	} damages[] = {
		{ AT_DESCS + 7 * 24, 8, 0x123 | UINT64_C(2) << 62 }, /* another number */
		{ AT_DESCS + 7 * 24 + 8, 8, 1 },                     /* positions that none has */
		{ AT_DESCS + 7 * 24 + 16, 8, 0x10000 },
		{ AT_DESCS + 7 * 24 + 16, 8, 0 },
		{ AT_TEXT + 0xd0, 8, 0x55 },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(damages); i++) {
		struct sample_vmcore s = { .kind = SAMPLE_LOCKLESS };
		struct kx_log_report report;
		struct heard heard;

		sample_make(&s);
		sample_poke(&s, damages[i].at, damages[i].size, damages[i].value);
		report = listen(view_of(&s), &heard);
		assert_int_equal(report.damaged, 1);
		assert_int_equal(report.records, 3);
	}
}

/* A page of descriptors, of which there is none, is looked for once. */
static void descriptors_that_are_missing_are_counted(void **state)
{
	struct sample_vmcore s = { .kind = SAMPLE_LOCKLESS };
	struct kx_log_report report;
	struct heard heard;

	sample_make(&s);
	sample_poke(&s, AT_RING + 8, 8, sample_pointer(&s, SAMPLE_RAM + 0x10000));
	report = listen(view_of(&s), &heard);
	assert_int_equal(report.records, 0);
	assert_int_equal(report.damaged, 4);
	/* As many as one could have. */
	sample_poke(&s, AT_RING, 4, 26);
	sample_poke(&s, AT_RING + 24, 8, 6 + (1 << 26));
	report = listen(view_of(&s), &heard);
	assert_non_null(report.cut);
}

static void what_was_being_written_is_no_damage(void **state)
{
	struct sample_vmcore s = { .kind = SAMPLE_LOCKLESS };
	struct kx_log_report report;
	struct heard heard;

	sample_make(&s);
	sample_poke(&s, AT_DESCS + 7 * 24, 8, 7);                     /* reserved */
	sample_poke(&s, AT_DESCS + 0 * 24, 8, 8 | UINT64_C(3) << 62); /* reusable */
	sample_poke(&s, AT_DESCS + 1 * 24, 8, 1 | UINT64_C(2) << 62); /* of the round before */
	report = listen(view_of(&s), &heard);
	assert_string_equal(heard.text, "5 0 first;");
	assert_int_equal(report.damaged, 0);
}

static void a_damaged_head_does_not_lead_around_for_ever(void **state)
{
	struct sample_vmcore s = { .kind = SAMPLE_LOCKLESS };
	struct kx_log_report report;
	struct heard heard;

	sample_make(&s);
	sample_poke(&s, AT_RING + 32, 8, 7 - (UINT64_C(1) << 60));
	report = listen(view_of(&s), &heard);
	assert_string_equal(heard.text, FOUR_MESSAGES);
	assert_int_equal(report.damaged, 4);
}

static void the_rest_behind_a_damaged_record(void **state)
{
	struct sample_vmcore s = { .kind = SAMPLE_RECORDS };
	struct kx_log_report report;
	struct heard heard;

	sample_make(&s);
	/* The second record's length. */
	sample_poke(&s, AT_TEXT + 200 + 8, 2, 0xfff0);
	report = listen(view_of(&s), &heard);
	assert_int_equal(report.damaged, 1);
	assert_int_equal(report.records, 3);
	assert_non_null(strstr(heard.text, "Kernel panic"));
}

/* Zeros look like the end of the buffer's first part, but for their place. */
static void zeros_instead_of_a_record(void **state)
{
	struct sample_vmcore s = { .kind = SAMPLE_RECORDS };
	struct kx_log_report report;
	struct heard heard;

	sample_make(&s);
	memset(s.data + SAMPLE_FILE + AT_TEXT + 0xb0, 0, RECORD_SIZE + 8);
	report = listen(view_of(&s), &heard);
	assert_int_equal(report.damaged, 1);
	assert_int_equal(report.records, 3);
}

/* Wherever it is cut: an error, or some of the messages; and the message count says so. */
static void cut_short_anywhere(void **state)
{
	for (size_t i = 0; i < 4; i++) {
		struct sample_vmcore s = { .kind = kinds[i], .paged = i % 2 };

		sample_make(&s);
		for (size_t size = 0; size < s.size; size++) {
			uint8_t *copy = malloc(size ? size : 1);
			struct kx_view view = kx_view_of(copy, size);
			struct kx_log_report report;
			struct kx_error err = { 0 };
			struct kx_vmcore *core = NULL;
			struct heard heard = { 0 };
			int r;

			memcpy(copy, s.data, size);
			r = open_view(&view, &core, &err);
			if (!r) {
				assert_true(kx_vmcore_missing(core) >= s.size - size);
				r = kx_log_read(core, hear, &heard, &report, &err);
			}
			if (r)
				assert_true(err.text[0]);
			kx_vmcore_free(core);
			free(copy);
		}
	}
}

/* Any byte may be anything. */
static void damaged_anywhere(void **state)
{
	for (size_t i = 0; i < 4; i++) {
		struct sample_vmcore s = { .kind = kinds[i], .paged = i % 2 };

		sample_make(&s);
		for (size_t at = 0; at < SAMPLE_FILE + AT_CHARS + 4; at++) {
			struct kx_view view = view_of(&s);
			struct kx_log_report report;
			struct kx_error err = { 0 };
			struct kx_vmcore *core = NULL;
			struct heard heard = { 0 };
			uint8_t was = s.data[at];

			s.data[at] = (uint8_t)(was ^ (at % 2 ? 0xff : 0x01));
			if (!open_view(&view, &core, &err))
				kx_log_read(core, hear, &heard, &report, &err);
			kx_vmcore_free(core);
			s.data[at] = was;
		}
	}
}

static void refused(struct kx_view view, int code, const char *text)
{
	struct kx_error err = { 0 };
	struct kx_vmcore *core = NULL;

	assert_int_equal(open_view(&view, &core, &err), code);
	assert_null(core);
	if (!strstr(err.text, text))
		fail_msg("\"%s\" does not say \"%s\"", err.text, text);
}

static void what_is_no_dump_is_refused(void **state)
{
	static const char flat[4096] = "makedumpfile";
	struct sample_vmcore s = { 0 };

	refused(kx_view_of("hello", 5), -ENOEXEC, "no dump");
	refused(kx_view_of(flat, sizeof(flat)), -EOPNOTSUPP, "makedumpfile -R");
	sample_make(&s);
	s.data[offsetof(Elf64_Ehdr, e_type)] = ET_EXEC;
	refused(view_of(&s), -EBADMSG, "type 2, need 4");
	s.data[offsetof(Elf64_Ehdr, e_type)] = ET_CORE;
	s.data[SAMPLE_NOTE + 12] = 'X';
	refused(view_of(&s), -ENODATA, "-device vmcoreinfo");
}

static void vmcoreinfo_numbers(void **state)
{
	static const char text[] =
		"OSRELEASE=6\nSYMBOL(a)=ff\nNUMBER(b)=-16\nNUMBER(c)=0x10\n"
		"OFFSET(d)=12\nSIZE(e)=1x\nSIZE(f)=18446744073709551616\nSIZE(g)=\nSIZE(h)=12";
	struct kx_view info = kx_view_of(text, sizeof(text) - 1);
	uint64_t n = 7;

	assert_true(kx_vmcoreinfo_number(info, "SYMBOL", "a", &n) && n == 255);
	assert_true(kx_vmcoreinfo_number(info, "NUMBER", "b", &n) && n == (uint64_t)-16);
	assert_true(kx_vmcoreinfo_number(info, "NUMBER", "c", &n) && n == 16);
	assert_true(kx_vmcoreinfo_number(info, "OFFSET", "d", &n) && n == 12);
	for (const char *bad = "efghi"; *bad; bad++) {
		const char name[] = { *bad, 0 };

		assert_false(kx_vmcoreinfo_number(info, "SIZE", name, &n));
	}
	assert_int_equal(n, 12);
}

/* ---- makedumpfile's compressed format -------------------------------------------------------- */

static const unsigned packings[] = { 0, SAMPLE_ZLIB, SAMPLE_LZO, SAMPLE_SNAPPY, SAMPLE_ZSTD };

static void each_compression(void **state)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(packings); i++) {
		struct sample_vmcore s = { .kind = SAMPLE_LOCKLESS };
		static struct sample_kdump c;
		struct kx_log_report report;
		struct heard heard;

		sample_make(&s);
		sample_compress(&c, &s, packings[i]);
		report = listen(kx_view_of(c.data, c.size), &heard);
		assert_string_equal(heard.text, FOUR_MESSAGES);
		assert_int_equal(report.damaged, 0);
	}
}

static void damaged_compressed_page(void **state)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(packings); i++) {
		struct sample_vmcore s = { .kind = SAMPLE_LOCKLESS };
		static struct sample_kdump c;

		sample_make(&s);
		sample_compress(&c, &s, packings[i]);
		for (size_t at = SAMPLE_KDUMP_DESCS; at < c.size; at++) {
			struct kx_view view = kx_view_of(c.data, c.size);
			struct kx_log_report report;
			struct kx_error err = { 0 };
			struct kx_vmcore *core;
			struct heard heard = { 0 };

			c.data[at] ^= 0x10;
			assert_int_equal(open_view(&view, &core, &err), 0);
			kx_log_read(core, hear, &heard, &report, &err);
			kx_vmcore_free(core);
			c.data[at] ^= 0x10;
		}
	}
}

static void compressed_headers_are_checked(void **state)
{
	struct sample_vmcore s = { .kind = SAMPLE_LOCKLESS };
	static struct sample_kdump c;

	sample_make(&s);
	sample_compress(&c, &s, SAMPLE_ZLIB);
	kx_put_le32(c.data + 428, 100);
	refused(kx_view_of(c.data, c.size), -EOPNOTSUPP, "blocks of 100 bytes");
	kx_put_le32(c.data + 428, SAMPLE_BLOCK);
	refused(kx_view_of(c.data, SAMPLE_KDUMP_DESCS - 1), -EBADMSG, "need 8192 for its bitmaps");
	kx_put_le32(c.data + SAMPLE_KDUMP_SUB + 12, 1);
	refused(kx_view_of(c.data, c.size), -EOPNOTSUPP, "makedumpfile --reassemble");
	kx_put_le32(c.data + SAMPLE_KDUMP_SUB + 12, 0);
	kx_put_le32(c.data + 8, 2);
	refused(kx_view_of(c.data, c.size), -ENODATA, "no VMCOREINFO");
}

/* google/snappy, format_description.txt: each kind of element. */
static void snappy_elements(void **state)
{
	static const uint8_t packed[] = { 20, /* bytes */
					  3 << 2,     'a', 'b', 'c', 'd',
					  0 << 2 | 1, 4,                /* 4 bytes, from 4 back */
					  3 << 2 | 2, 2,   0,           /* 4 bytes, from 2 back */
					  2 << 2 | 3, 1,   0,   0,   0, /* 3 bytes, from 1 back */
					  60 << 2,    4,   'v', 'w', 'x',
					  'y',        'z' };
	uint8_t out[20];

	assert_true(kx_snappy_page(kx_view_of(packed, sizeof(packed)), out, sizeof(out)));
	assert_memory_equal(out, "abcdabcdcdcddddvwxyz", 20);
	for (size_t size = 0; size < sizeof(packed); size++)
		assert_false(kx_snappy_page(kx_view_of(packed, size), out, sizeof(out)));
	assert_false(kx_snappy_page(kx_view_of("\x02\x09\x04", 3), out, 2));
	/* One byte more than there is room for. */
	assert_false(kx_snappy_page(kx_view_of("\x07\x0c"
					       "abcd\x01\x04",
					       8),
				    out, 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_by_virtual_addresses),
		cmocka_unit_test(each_kind_by_page_tables),
		cmocka_unit_test(each_kind_of_a_kernel_of_32_bits),
		cmocka_unit_test(each_kind_with_headers_of_32_bits),
		cmocka_unit_test(each_kind_big_endian),
		cmocka_unit_test(five_levels),
		cmocka_unit_test(what_is_about_a_device_says_so),
		cmocka_unit_test(pieces_of_a_line_are_joined),
		cmocka_unit_test(a_message_without_text_is_an_empty_line),
		cmocka_unit_test(a_text_up_to_the_end_of_the_ring),
		cmocka_unit_test(one_damaged_message_is_left_out),
		cmocka_unit_test(descriptors_that_are_missing_are_counted),
		cmocka_unit_test(what_was_being_written_is_no_damage),
		cmocka_unit_test(a_damaged_head_does_not_lead_around_for_ever),
		cmocka_unit_test(the_rest_behind_a_damaged_record),
		cmocka_unit_test(zeros_instead_of_a_record),
		cmocka_unit_test(cut_short_anywhere),
		cmocka_unit_test(damaged_anywhere),
		cmocka_unit_test(what_is_no_dump_is_refused),
		cmocka_unit_test(vmcoreinfo_numbers),
		cmocka_unit_test(each_compression),
		cmocka_unit_test(damaged_compressed_page),
		cmocka_unit_test(compressed_headers_are_checked),
		cmocka_unit_test(snappy_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
