// SPDX-License-Identifier: GPL-2.0-or-later
/* What people give by mistake, and what they are told. */
#include "fixture_plan.h"

static void say_what_it_is(void **state)
{
	static const struct {
		size_t offset, size;
		const char *bytes, *word;
	} samples[] = {
		{ 0, 4, "BeoB", "Beoboot image" },
		{ 0x38, 4, "ARM\x64", "arm64" },
		{ 0x38, 4, "RSC\x05", "RISC-V" },
		{ 0x24, 4, "\x18\x28\x6f\x01", "32-bit ARM" },
		{ 0, 4, "\x27\x05\x19\x56", "uImage" },
		{ 0, 4, "\xd0\x0d\xfe\xed", "device tree" },
		{ 0x8001, 5, "CD001", "memdisk" },
		{ 0, 6, "070701", "give it by --initrd" },
		{ 0, 8, "!<arch>\n", "Debian package" },
		{ 0, 4, "\xed\xab\xee\xdb", "RPM" },
		{ 257, 5, "ustar", "tar archive" },
		{ 0, 4, "PK\3\4", "ZIP" },
		{ 0, 9, "#!/bin/sh", "script" },
		{ 0, 4, "hsqs", "squashfs" },
		{ 0, 4, "QFI\xfb", "qcow2" },
		{ 0x438, 2, "\x53\xef", "ext4" },
		{ 0, 14, "<!DOCTYPE html", "web page" },
		{ 3, 6, "<HTML>", "web page" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct sample s = sample_new(40000);

		memset(s.data, samples[i].offset == 3 ? ' ' : 0, 16);
		memcpy(s.data + samples[i].offset, samples[i].bytes, samples[i].size);
		set_file(f, s);
		assert_refused(f, -EOPNOTSUPP, samples[i].word);
	}
}

static void disk_images_are_recognised(void **state)
{
	struct fixture *f = *state;

	set_file(f, sample_new(1024));
	memcpy(f->file.data + 510, "\x55\xaa", 2);
	assert_refused(f, -ENOEXEC, "no known kernel format");
	memcpy(f->file.data, "\xeb\x3c\x90", 3);
	assert_refused(f, -EOPNOTSUPP, "boot sector");
	f->file.data[2] = 0;
	f->file.data[446 + 4] = 0x83;
	assert_refused(f, -EOPNOTSUPP, "boot sector");
	f->file.data[446] = 1;
	assert_refused(f, -ENOEXEC, "no known kernel format");
}

static void an_initrd_is_one_in_gzip_too(void **state)
{
	struct fixture *f = *state;

	set_file(f, sample_gzip("070701 and so on", 16));
	assert_refused(f, -EOPNOTSUPP, "file, unpacked from gzip: is an initrd");
}

/* One line for each format. */
static void what_is_unknown_has_every_formats_reason(void **state)
{
	struct fixture *f = *state;

	set_file(f, sample_text(10000));
	assert_refused(f, -ENOEXEC, "file: no known kernel format:\n");
	for (size_t i = 0; kx_format_name(i); i++) {
		char line[64];

		snprintf(line, sizeof(line), "\n  %s: ", kx_format_name(i));
		assert_says(f->err.text, line);
	}
	assert_true(strlen(f->err.text) < KX_ERROR_TEXT_MAX - 1);
	set_file(f, sample_new(1));
	assert_refused(f, -ENOEXEC, "no known kernel format");
}

/* What --type=help is made of. */
static void each_format_has_a_name_and_an_answer(void **state)
{
	struct fixture *f = *state;
	size_t count = 0;

	set_file(f, sample_bzimage());
	for (; kx_format_name(count); count++) {
		int r = kx_format_probe(count, &f->request, &f->err);

		assert_true(*kx_format_name(count) && *kx_format_summary(count));
		for (size_t i = 0; i < count; i++)
			assert_string_not_equal(kx_format_name(i), kx_format_name(count));
		if (!strncmp(kx_format_name(count), "bzImage", 7))
			assert_int_equal(r, 0);
		else
			assert_true(r < 0 && f->err.text[0]);
	}
	assert_true(count > 10);
	assert_null(kx_format_summary(count));
	assert_null(kx_format_name(count + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(say_what_it_is),
		TEST(disk_images_are_recognised),
		TEST(an_initrd_is_one_in_gzip_too),
		TEST(what_is_unknown_has_every_formats_reason),
		TEST(each_format_has_a_name_and_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
