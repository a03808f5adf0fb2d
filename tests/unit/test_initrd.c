// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "initrd.h"
#include "sample_compress.h"

#define MAX_PARTS 8
#define NO_LIMIT (UINT64_C(1) << 30)
#define TRAILER 20

/* Sources over samples, and their layout. */
struct fixture {
	struct sample samples[MAX_PARTS];
	struct kx_source *sources[MAX_PARTS];
	size_t count;
	struct kx_initrd initrd;
};

static void add(struct fixture *f, struct sample s)
{
	static const char *const names[MAX_PARTS] = { "first", "second", "third",  "fourth",
						      "fifth", "sixth",  "seventh" };
	struct kx_error err;

	f->samples[f->count] = s;
	assert_int_equal(
		kx_source_from_memory(names[f->count], s.data, s.size, &f->sources[f->count], &err),
		0);
	f->count++;
}

static int layout(struct fixture *f, uint64_t align, uint64_t unpack_max, struct kx_error *err)
{
	return kx_initrd_layout((const struct kx_source *const *)f->sources, f->count, align,
				unpack_max, &f->initrd, err);
}

static void laid_out(struct fixture *f, uint64_t align)
{
	struct kx_error err = { 0 };

	if (layout(f, align, 0, &err))
		fail_msg("%s", err.text);
}

static void refused(struct fixture *f, int code, const char *text)
{
	struct kx_error err = { 0 };

	assert_int_equal(layout(f, 4, 0, &err), code);
	assert_null(f->initrd.parts);
	if (!strstr(err.text, text))
		fail_msg("\"%s\" does not say \"%s\"", err.text, text);
}

static void done(struct fixture *f)
{
	kx_initrd_clear(&f->initrd);
	for (size_t i = 0; i < f->count; i++) {
		kx_source_free(f->sources[i]);
		sample_free(&f->samples[i]);
	}
}

static struct sample archive(size_t size)
{
	struct sample s = sample_new(size);

	memset(s.data, 'A', size);
	return s;
}

/* As tools/bootconfig makes it: text, padding that makes the whole file a multiple of 4, size, sum, magic. */
static struct sample with_bootconfig(size_t archive_size, const char *text)
{
	struct sample s = archive(archive_size);
	uint32_t sum = 0, size = (uint32_t)strlen(text);

	for (size_t i = 0; text[i]; i++)
		sum += (uint8_t)text[i];
	sample_append(&s, text, size);
	while (s.size % 4) {
		sample_append(&s, "", 1);
		size++;
	}
	sample_append_le32(&s, size);
	sample_append_le32(&s, sum);
	sample_append(&s, "#BOOTCONFIG\n", 12);
	return s;
}

/* What the kernel does with the end of the whole: finds the text before the trailer, or fails the test. */
static void expect_bootconfig(const struct kx_initrd *initrd, const char *text)
{
	uint8_t *all = calloc(1, initrd->size), *trailer;
	uint32_t size, sum = 0;

	for (size_t i = 0; i < initrd->count; i++)
		memcpy(all + initrd->parts[i].offset, initrd->parts[i].bytes.data,
		       initrd->parts[i].bytes.size);
	trailer = all + initrd->size - TRAILER;
	assert_memory_equal(trailer + 8, "#BOOTCONFIG\n", 12);
	size = kx_le32(trailer);
	assert_true(size <= initrd->size - TRAILER);
	for (uint32_t i = 0; i < size; i++)
		sum += (trailer - size)[i];
	assert_int_equal(sum, kx_le32(trailer + 4));
	assert_true(size >= strlen(text) && size < strlen(text) + 8);
	assert_memory_equal(trailer - size, text, strlen(text));
	for (size_t i = strlen(text); i < size; i++)
		assert_int_equal((trailer - size)[i], 0);
	free(all);
}

static void one_untouched(void **state)
{
	struct fixture f = { 0 };

	add(&f, archive(1001));
	laid_out(&f, 4);
	assert_true(f.initrd.untouched);
	assert_int_equal(f.initrd.count, 1);
	assert_int_equal(f.initrd.size, 1001);
	assert_int_equal(f.initrd.parts[0].offset, 0);
	assert_ptr_equal(f.initrd.parts[0].bytes.data, f.samples[0].data);
	done(&f);
}

static void none(void **state)
{
	struct fixture f = { 0 };

	laid_out(&f, 4);
	assert_int_equal(f.initrd.count, 0);
	assert_int_equal(f.initrd.size, 0);
	assert_false(f.initrd.untouched);
	done(&f);
}

static void three_aligned(void **state)
{
	struct fixture f = { 0 };

	add(&f, archive(1001));
	add(&f, archive(7));
	add(&f, archive(8));
	laid_out(&f, 4);
	assert_false(f.initrd.untouched);
	assert_int_equal(f.initrd.count, 3);
	assert_int_equal(f.initrd.parts[1].offset, 1004);
	assert_int_equal(f.initrd.parts[2].offset, 1012);
	assert_int_equal(f.initrd.size, 1020);
	kx_initrd_clear(&f.initrd);
	laid_out(&f, 4096);
	assert_int_equal(f.initrd.parts[1].offset, 4096);
	assert_int_equal(f.initrd.parts[2].offset, 8192);
	assert_int_equal(f.initrd.size, 8200);
	done(&f);
}

static void bootconfig_alone_stays(void **state)
{
	struct fixture f = { 0 };

	add(&f, with_bootconfig(101, "kernel.loglevel = 7\n"));
	laid_out(&f, 4);
	assert_true(f.initrd.untouched);
	assert_int_equal(f.initrd.size, f.samples[0].size);
	assert_null(f.initrd.parts[f.initrd.count - 1].owned);
	done(&f);
}

static void bootconfig_of_the_last_stays(void **state)
{
	struct fixture f = { 0 };

	add(&f, archive(5));
	add(&f, with_bootconfig(101, "a = b\n"));
	laid_out(&f, 4);
	assert_int_equal(f.initrd.count, 2);
	assert_null(f.initrd.parts[1].owned);
	assert_int_equal(f.initrd.parts[1].bytes.size, f.samples[1].size);
	expect_bootconfig(&f.initrd, "a = b\n");
	done(&f);
}

/* The text's padding depends on where it stands, for texts and archives of every length. */
static void bootconfig_moves_to_the_end(void **state)
{
	for (size_t n = 0; n < 16; n++) {
		struct fixture f = { 0 };
		char text[] = "kernel {\n foo = bar\n}\n";

		text[sizeof(text) - 1 - n / 4] = 0;
		add(&f, with_bootconfig(100 + n, text));
		add(&f, archive(33 + n % 4));
		laid_out(&f, n % 2 ? 4 : 4096);
		assert_int_equal(f.initrd.count, 3);
		assert_int_equal(f.initrd.parts[0].bytes.size, 100 + n);
		assert_ptr_equal(f.initrd.parts[2].bytes.data, f.initrd.parts[2].owned);
		assert_int_equal(f.initrd.size % 4, 0);
		expect_bootconfig(&f.initrd, text);
		done(&f);
	}
}

/* A loader may have rounded the file up; what it added stays behind. */
static void bootconfig_with_bytes_behind(void **state)
{
	for (size_t beyond = 1; beyond <= 3; beyond++) {
		struct fixture f = { 0 };
		struct sample s = with_bootconfig(100, "a = b");

		sample_append(&s, "\0\0\0", beyond);
		add(&f, s);
		add(&f, archive(8));
		laid_out(&f, 4);
		assert_int_equal(f.initrd.parts[0].bytes.size, 100);
		expect_bootconfig(&f.initrd, "a = b");
		done(&f);
	}
}

/* With four bytes behind it the kernel does not see it, and so it is not one. */
static void not_a_bootconfig(void **state)
{
	struct fixture f = { 0 };
	struct sample s = with_bootconfig(100, "a = b");

	sample_append(&s, "\0\0\0\0", 4);
	add(&f, s);
	add(&f, archive(8));
	laid_out(&f, 4);
	assert_int_equal(f.initrd.count, 2);
	assert_null(f.initrd.parts[f.initrd.count - 1].owned);
	done(&f);
}

static void nothing_but_a_bootconfig(void **state)
{
	struct fixture f = { 0 };

	add(&f, with_bootconfig(0, "a = b\n"));
	add(&f, archive(8));
	laid_out(&f, 4);
	assert_int_equal(f.initrd.count, 2);
	assert_ptr_equal(f.initrd.parts[0].bytes.data, f.samples[1].data);
	expect_bootconfig(&f.initrd, "a = b\n");
	done(&f);
}

static void empty_bootconfig(void **state)
{
	struct fixture f = { 0 };

	add(&f, with_bootconfig(0, ""));
	add(&f, archive(8));
	laid_out(&f, 4);
	assert_int_equal(f.samples[0].size, TRAILER);
	assert_int_equal(f.initrd.count, 2);
	expect_bootconfig(&f.initrd, "");
	done(&f);
}

static void largest_bootconfig(void **state)
{
	struct fixture f = { 0 };
	char *text = calloc(1, 32 * 1024 + 1);

	memset(text, 'x', 32 * 1024);
	add(&f, with_bootconfig(100, text));
	add(&f, archive(8));
	laid_out(&f, 4);
	expect_bootconfig(&f.initrd, text);
	free(text);
	done(&f);
}

static void two_bootconfigs(void **state)
{
	struct fixture f = { 0 };

	add(&f, with_bootconfig(100, "a = b\n"));
	add(&f, with_bootconfig(100, "c = d\n"));
	refused(&f, -EOPNOTSUPP, "both first and second carry a bootconfig");
	done(&f);
}

static void checksum_wrong(void **state)
{
	struct fixture f = { 0 };
	struct sample s = with_bootconfig(100, "a = b\n");

	s.data[100] ^= 1;
	add(&f, s);
	refused(&f, -EBADMSG, "first: damaged bootconfig: checksum is 0x");
	done(&f);
}

static void size_past_the_beginning(void **state)
{
	struct fixture f = { 0 };
	struct sample s = with_bootconfig(100, "a = b\n");

	kx_put_le32(s.data + s.size - TRAILER, (uint32_t)s.size - TRAILER + 1);
	add(&f, s);
	refused(&f, -EBADMSG, "first: damaged bootconfig: it says that it has");
	done(&f);
}

static void size_highest(void **state)
{
	struct fixture f = { 0 };
	struct sample s = with_bootconfig(100, "a = b\n");

	kx_put_le32(s.data + s.size - TRAILER, UINT32_MAX);
	add(&f, s);
	refused(&f, -EBADMSG, "damaged bootconfig");
	done(&f);
}

static void size_over_what_kernels_take(void **state)
{
	struct fixture f = { 0 };
	struct sample s = with_bootconfig(100000, "a = b\n");

	kx_put_le32(s.data + s.size - TRAILER, 32 * 1024 + 1);
	add(&f, s);
	refused(&f, -EBADMSG, "32768 at most");
	done(&f);
}

static void shorter_than_a_trailer(void **state)
{
	for (size_t size = 1; size < TRAILER; size++) {
		struct fixture f = { 0 };
		struct sample whole = with_bootconfig(0, "");
		struct sample s = { 0 };

		sample_append(&s, whole.data + TRAILER - size, size);
		sample_free(&whole);
		add(&f, s);
		laid_out(&f, 4);
		assert_int_equal(f.initrd.size, size);
		done(&f);
	}
}

/* More than any memory: the third would have to start at 2^64. */
static void offsets_that_overflow(void **state)
{
	struct fixture f = { 0 };
	struct kx_error err = { 0 };

	add(&f, archive(8));
	add(&f, archive(8));
	add(&f, archive(8));
	assert_int_equal(layout(&f, UINT64_C(1) << 63, 0, &err), -EFBIG);
	done(&f);
}

/* ---- compressed archives --------------------------------------------------------------------- */

static void append_member(struct sample *s, const char *name, const void *data, size_t size)
{
	char header[111];

	snprintf(header, sizeof(header), "070701%08X%08X%032X%08X%032X%08X%08X", 1u, 0100644u, 0u,
		 (unsigned)size, 0u, (unsigned)strlen(name) + 1, 0u);
	sample_append(s, header, 110);
	sample_append(s, name, strlen(name) + 1);
	while (s->size % 4)
		sample_append(s, "", 1);
	sample_append(s, data, size);
	while (s->size % 4)
		sample_append(s, "", 1);
}

/* One file of @size bytes, and as cpio(1) does it, zero bytes up to a multiple of 512. */
static struct sample cpio(const char *name, size_t size)
{
	struct sample s = sample_new(0), content = sample_text(size);

	append_member(&s, name, content.data, size);
	append_member(&s, "TRAILER!!!", "", 0);
	while (s.size % 512)
		sample_append(&s, "", 1);
	sample_free(&content);
	return s;
}

static struct sample lz4_in_one_block(const void *data, size_t size)
{
	return sample_lz4(data, size, 8 << 20);
}

static struct sample lzo_in_one_block(const void *data, size_t size)
{
	return sample_lzo(data, size, 256 << 10);
}

static const struct {
	const char *name;
	struct sample (*make)(const void *data, size_t size);
} formats[] = {
	{ "gzip", sample_gzip },     { "xz", sample_xz },         { "zstd", sample_zstd },
	{ "lzma", sample_lzma },     { "bzip2", sample_bzip2 },   { "lz4", sample_lz4_frame },
	{ "lzo", lzo_in_one_block }, { "lz4", lz4_in_one_block },
};

static struct sample compressed(struct sample from)
{
	struct sample s = sample_gzip(from.data, from.size);

	sample_free(&from);
	return s;
}

static struct sample joined(struct sample a, struct sample b)
{
	sample_append(&a, b.data, b.size);
	sample_free(&b);
	return a;
}

static void unpacked(struct fixture *f)
{
	struct kx_error err = { 0 };

	if (layout(f, 4096, NO_LIMIT, &err))
		fail_msg("%s", err.text);
}

static void expect_part(const struct fixture *f, size_t i, struct sample expected)
{
	const struct kx_initrd_part *part = &f->initrd.parts[i];

	assert_true(i < f->initrd.count);
	assert_int_equal(part->offset % 4096, 0);
	assert_int_equal(part->bytes.size, expected.size);
	assert_memory_equal(part->bytes.data, expected.data, expected.size);
	sample_free(&expected);
}

static void each_format_is_unpacked(void **state)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct fixture f = { 0 };
		struct sample plain = cpio("file", 100000);

		add(&f, formats[i].make(plain.data, plain.size));
		unpacked(&f);
		assert_int_equal(f.initrd.count, 1);
		assert_false(f.initrd.untouched);
		assert_int_equal(f.initrd.archive_count, 1);
		assert_string_equal(f.initrd.archives[0].format, formats[i].name);
		assert_int_equal(f.initrd.archives[0].size, f.samples[0].size);
		assert_int_equal(f.initrd.archives[0].unpacked_size, plain.size);
		assert_int_equal(f.initrd.archives[0].left, 0);
		expect_part(&f, 0, plain);
		done(&f);
	}
}

static void nothing_is_unpacked_unless_asked(void **state)
{
	struct fixture f = { 0 };

	add(&f, compressed(cpio("file", 1000)));
	laid_out(&f, 4096);
	assert_true(f.initrd.untouched);
	assert_int_equal(f.initrd.archive_count, 0);
	done(&f);
}

static void microcode_stays_first(void **state)
{
	struct fixture f = { 0 };

	add(&f, joined(cpio("kernel/x86/microcode/GenuineIntel.bin", 5000),
		       compressed(cpio("init", 3000))));
	unpacked(&f);
	assert_int_equal(f.initrd.count, 2);
	expect_part(&f, 0, cpio("kernel/x86/microcode/GenuineIntel.bin", 5000));
	expect_part(&f, 1, cpio("init", 3000));
	done(&f);
}

/* Plain and compressed in turn, in two files. */
static void each_of_a_concatenation_is_unpacked(void **state)
{
	struct fixture f = { 0 };
	struct sample s = joined(cpio("a", 10), compressed(cpio("b", 20)));

	while (s.size % 4)
		sample_append(&s, "", 1);
	s = joined(s, joined(cpio("c", 30), compressed(cpio("d", 40))));
	add(&f, s);
	add(&f, compressed(cpio("e", 50)));
	unpacked(&f);
	assert_int_equal(f.initrd.archive_count, 3);
	assert_int_equal(f.initrd.count, 5);
	for (size_t i = 0; i < 5; i++)
		expect_part(&f, i, cpio((const char[]){ (char)('a' + i), 0 }, 10 * (i + 1)));
	assert_string_equal(kx_source_name(f.initrd.archives[2].source), "second");
	done(&f);
}

/* An uncompressed archive that the kernel does not see, for it does not start at a multiple of 4, must stay unseen. */
static void misaligned_archive_ends_the_search(void **state)
{
	struct fixture f = { 0 };
	struct sample s = compressed(cpio("a", 10)), rest;

	while (s.size % 4 != 1)
		sample_append(&s, "", 1);
	rest = joined(cpio("b", 20), compressed(cpio("c", 30)));
	add(&f, joined(s, rest));
	unpacked(&f);
	assert_int_equal(f.initrd.archive_count, 1);
	assert_int_equal(f.initrd.count, 2);
	done(&f);
}

static void bootconfig_stays_behind_what_was_unpacked(void **state)
{
	for (size_t moved = 0; moved < 2; moved++) {
		struct fixture f = { 0 };
		struct sample end = with_bootconfig(0, "a = b\n");

		add(&f, joined(compressed(cpio("a", 999)), end));
		if (moved)
			add(&f, compressed(cpio("b", 999)));
		unpacked(&f);
		assert_int_equal(f.initrd.count, 2 + moved);
		expect_part(&f, 0, cpio("a", 999));
		if (moved)
			expect_part(&f, 1, cpio("b", 999));
		expect_bootconfig(&f.initrd, "a = b\n");
		done(&f);
	}
}

static void left(struct fixture *f, int why, const char *text)
{
	assert_int_equal(f->initrd.count, 1);
	assert_true(f->initrd.untouched);
	assert_ptr_equal(f->initrd.parts[0].bytes.data, f->samples[0].data);
	assert_int_equal(f->initrd.parts[0].bytes.size, f->samples[0].size);
	assert_int_equal(f->initrd.archive_count, 1);
	assert_int_equal(f->initrd.archives[0].left, why);
	assert_string_equal(kx_archive_left_text(why), text);
}

static void damaged_is_left(void **state)
{
	struct fixture f = { 0 };

	add(&f, compressed(cpio("a", 10000)));
	f.samples[0].data[f.samples[0].size / 2] ^= 4;
	unpacked(&f);
	left(&f, -EBADMSG, "it is damaged");
	done(&f);
}

static void truncated_is_left(void **state)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats) - 1; i++) {
		struct fixture f = { 0 };
		struct sample plain = cpio("file", 100000);
		struct sample s = formats[i].make(plain.data, plain.size);

		s.size -= s.size / 2;
		add(&f, s);
		unpacked(&f);
		left(&f, -EBADMSG, "it is damaged");
		sample_free(&plain);
		done(&f);
	}
}

/* The whole is unpacked up to the limit, and one byte beyond it not. */
static void too_large_is_left(void **state)
{
	struct fixture f = { 0 };
	struct sample plain = cpio("file", 100000);
	struct kx_error err;

	add(&f, compressed(plain));
	assert_int_equal(layout(&f, 4096, plain.size - 1, &err), 0);
	left(&f, -EFBIG, "unpacked it would take too much memory");
	kx_initrd_clear(&f.initrd);
	assert_int_equal(layout(&f, 4096, plain.size, &err), 0);
	assert_int_equal(f.initrd.archives[0].left, 0);
	done(&f);
}

/* The limit is for all together. */
static void second_that_does_not_fit_is_left(void **state)
{
	struct fixture f = { 0 };
	struct kx_error err;

	add(&f, compressed(cpio("a", 100000)));
	add(&f, compressed(cpio("b", 100000)));
	assert_int_equal(layout(&f, 4096, 150000, &err), 0);
	assert_int_equal(f.initrd.archives[0].left, 0);
	assert_int_equal(f.initrd.archives[1].left, -EFBIG);
	assert_int_equal(f.initrd.parts[1].bytes.size, f.samples[1].size);
	done(&f);
}

/* A floppy image for memdisk, an ISO, and archives of another kind are nobody's to unpack. */
static void other_content_is_passed_as_it_is(void **state)
{
	static const char odc[] = "0707070000000000000000000000000000000000";
	struct fixture f = { 0 };

	add(&f, compressed(archive(1474560)));
	add(&f, sample_gzip(odc, sizeof(odc)));
	add(&f, sample_gzip("07070", 5));
	add(&f, sample_gzip("", 0));
	add(&f, archive(32768));
	unpacked(&f);
	assert_int_equal(f.initrd.count, 5);
	assert_int_equal(f.initrd.archive_count, 0);
	for (size_t i = 0; i < 5; i++)
		assert_ptr_equal(f.initrd.parts[i].bytes.data, f.samples[i].data);
	done(&f);
}

static void more_archives_than_the_cap_are_left(void **state)
{
	struct fixture f = { 0 };

	for (size_t i = 0; i < 6; i++)
		add(&f, compressed(cpio("a", 100)));
	unpacked(&f);
	assert_int_equal(f.initrd.archive_count, 4);
	assert_ptr_equal(f.initrd.parts[5].bytes.data, f.samples[5].data);
	done(&f);
}

/* Broken headers end the walk, and what follows stays as it is. */
static void broken_plain_archives(void **state)
{
	static const struct {
		size_t at;
		const char *put;
	} breaks[] = {
		{ 5, "7" },         /* magic */
		{ 54, "fffffff0" }, /* file size past the end */
		{ 54, "g" },        /* no number */
		{ 94, "ffffffff" }, /* name size past the end */
	};

	for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++) {
		struct fixture f = { 0 };

		add(&f, joined(cpio("a", 100), compressed(cpio("b", 100))));
		memcpy(f.samples[0].data + breaks[i].at, breaks[i].put, strlen(breaks[i].put));
		unpacked(&f);
		assert_true(f.initrd.untouched);
		assert_int_equal(f.initrd.archive_count, 0);
		done(&f);
	}
}

/* Half of what is over 256 MiB. */
static void how_much_may_be_unpacked(void **state)
{
	const uint64_t mib = 1 << 20;

	assert_int_equal(kx_initrd_unpack_max(0, 192 * mib), 1);
	assert_int_equal(kx_initrd_unpack_max(256 * mib, 192 * mib), 1);
	assert_int_equal(kx_initrd_unpack_max(256 * mib + 4, 192 * mib), 2);
	assert_int_equal(kx_initrd_unpack_max(800 * mib, 192 * mib), 272 * mib);
	assert_int_equal(kx_initrd_unpack_max(UINT64_MAX, 192 * mib), (UINT64_MAX - 256 * mib) / 2);
	assert_int_equal(kx_initrd_unpack_max(800 * mib, 0), 272 * mib);
	assert_int_equal(kx_initrd_unpack_max(800 * mib, 236 * mib), 250 * mib);
	assert_int_equal(kx_initrd_unpack_max(800 * mib, 800 * mib), 1);
	assert_int_equal(kx_initrd_unpack_max(UINT64_MAX, UINT64_MAX), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_untouched),
		cmocka_unit_test(none),
		cmocka_unit_test(three_aligned),
		cmocka_unit_test(bootconfig_alone_stays),
		cmocka_unit_test(bootconfig_of_the_last_stays),
		cmocka_unit_test(bootconfig_moves_to_the_end),
		cmocka_unit_test(bootconfig_with_bytes_behind),
		cmocka_unit_test(not_a_bootconfig),
		cmocka_unit_test(nothing_but_a_bootconfig),
		cmocka_unit_test(empty_bootconfig),
		cmocka_unit_test(largest_bootconfig),
		cmocka_unit_test(two_bootconfigs),
		cmocka_unit_test(checksum_wrong),
		cmocka_unit_test(size_past_the_beginning),
		cmocka_unit_test(size_highest),
		cmocka_unit_test(size_over_what_kernels_take),
		cmocka_unit_test(shorter_than_a_trailer),
		cmocka_unit_test(offsets_that_overflow),
		cmocka_unit_test(each_format_is_unpacked),
		cmocka_unit_test(nothing_is_unpacked_unless_asked),
		cmocka_unit_test(microcode_stays_first),
		cmocka_unit_test(each_of_a_concatenation_is_unpacked),
		cmocka_unit_test(misaligned_archive_ends_the_search),
		cmocka_unit_test(bootconfig_stays_behind_what_was_unpacked),
		cmocka_unit_test(damaged_is_left),
		cmocka_unit_test(truncated_is_left),
		cmocka_unit_test(too_large_is_left),
		cmocka_unit_test(second_that_does_not_fit_is_left),
		cmocka_unit_test(other_content_is_passed_as_it_is),
		cmocka_unit_test(more_archives_than_the_cap_are_left),
		cmocka_unit_test(broken_plain_archives),
		cmocka_unit_test(how_much_may_be_unpacked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
