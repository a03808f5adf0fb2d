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

#define MAX_PARTS 4
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
	static const char *const names[MAX_PARTS] = { "first", "second", "third", "fourth" };
	struct kx_error err;

	f->samples[f->count] = s;
	assert_int_equal(
		kx_source_from_memory(names[f->count], s.data, s.size, &f->sources[f->count], &err),
		0);
	f->count++;
}

static int layout(struct fixture *f, uint64_t align, struct kx_error *err)
{
	return kx_initrd_layout((const struct kx_source *const *)f->sources, f->count, align,
				&f->initrd, err);
}

static void laid_out(struct fixture *f, uint64_t align)
{
	struct kx_error err = { 0 };

	if (layout(f, align, &err))
		fail_msg("%s", err.text);
}

static void refused(struct fixture *f, int code, const char *text)
{
	struct kx_error err = { 0 };

	assert_int_equal(layout(f, 4, &err), code);
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
	assert_null(f.initrd.bootconfig);
	done(&f);
}

static void bootconfig_of_the_last_stays(void **state)
{
	struct fixture f = { 0 };

	add(&f, archive(5));
	add(&f, with_bootconfig(101, "a = b\n"));
	laid_out(&f, 4);
	assert_int_equal(f.initrd.count, 2);
	assert_null(f.initrd.bootconfig);
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
		assert_ptr_equal(f.initrd.parts[2].bytes.data, f.initrd.bootconfig);
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
	assert_null(f.initrd.bootconfig);
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
	assert_int_equal(layout(&f, UINT64_C(1) << 63, &err), -EFBIG);
	done(&f);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
