// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdline.h"
#include "machine/machine.h"
#include "util.h"

static void assert_reused(const char *in, bool for_crash, const char *expected)
{
	struct kx_machine machine = { .cmdline = (char *)(uintptr_t)in };
	_cleanup_free_ char *out = NULL;
	struct kx_error err;

	assert_int_equal(kx_cmdline_reuse(&machine, for_crash, &out, &err), 0);
	assert_string_equal(out, expected);
}

static void test_reuse_drops_boot_image(void **state)
{
	assert_reused("BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro", false, "root=/dev/sda1 ro");
	assert_reused("ro BOOT_IMAGE=/vmlinuz quiet", false, "ro quiet");
	assert_reused("ro BOOT_IMAGE=/vmlinuz", false, "ro");
	assert_reused("BOOT_IMAGE=\"/boot/a b\" ro", false, "ro");
	assert_reused("\"BOOT_IMAGE=/boot/a b\" ro", false, "ro");
	assert_reused("BOOT_IMAGE=a", false, "");
	assert_reused("", false, "");
}

static void test_reuse_keeps_the_rest_to_the_byte(void **state)
{
	assert_reused("a=\"b  c\"   d", false, "a=\"b  c\"   d");
	assert_reused("BOOT_IMAGES=1 XBOOT_IMAGE=2 BOOT_IMAGE x", false,
		      "BOOT_IMAGES=1 XBOOT_IMAGE=2 BOOT_IMAGE x");
	assert_reused("a=\"BOOT_IMAGE=x y\" b", false, "a=\"BOOT_IMAGE=x y\" b");
	assert_reused("crashkernel=256M ro", false, "crashkernel=256M ro");
	assert_reused("ro -- BOOT_IMAGE=for-init crashkernel=1", true,
		      "ro -- BOOT_IMAGE=for-init crashkernel=1");
}

static void test_reuse_for_crash_drops_crashkernel(void **state)
{
	assert_reused("BOOT_IMAGE=a crashkernel=256M,high crashkernel=72M,low ro", true, "ro");
	assert_reused("a hugepages=512 hugepagesz=1G default-hugepagesz=1G b", true, "a b");
	assert_reused("elfcorehdr=1 mem=4G memmap=1G$2G cma=64M hugetlb_cma=1G c", true, "c");
	assert_reused("kernelcore=1G movablecore=1G memtest=4 nr_cpus=1 nokaslr", true,
		      "memtest=4 nr_cpus=1 nokaslr");
	assert_reused("hugepages=512 mem=4G", false, "hugepages=512 mem=4G");
}

/* What --fast=hints added for the kernel that runs now. */
static void test_reuse_drops_hints(void **state)
{
	assert_reused(
		"ro cryptomgr.notests no_timer_check kexec.hints=cryptomgr.notests,no_timer_check",
		false, "ro");
	assert_reused("a one b two=2 kexec.hints=one,two=2 c -- one two=2", false,
		      "a b c -- one two=2");
	/* Not listed: the user's own. */
	assert_reused("no_timer_check cryptomgr.notests kexec.hints=cryptomgr.notests", false,
		      "no_timer_check");
	assert_reused("onetwo on one=1 kexec.hints=one", false, "onetwo on one=1");
	assert_reused("one kexec.hints", false, "one kexec.hints");
	assert_reused("one -- kexec.hints=one", false, "one -- kexec.hints=one");
	assert_reused("a kexec.hints=,,", false, "a");
	assert_reused("a kexec.hints=", false, "a");
	assert_reused("one two kexec.hints=one kexec.hints=two", false, "one");
}

static void test_kernel_part(void **state)
{
	assert_int_equal(kx_cmdline_kernel_part(""), 0);
	assert_int_equal(kx_cmdline_kernel_part("a b"), 3);
	assert_int_equal(kx_cmdline_kernel_part("a -- b"), 2);
	assert_int_equal(kx_cmdline_kernel_part("-- b"), 0);
	assert_int_equal(kx_cmdline_kernel_part("a=\"x -- y\" --"), 11);
}

static void test_reuse_of_unknown_command_line(void **state)
{
	struct kx_machine machine = { 0 };
	struct kx_error err = { "" };
	char *out = NULL;

	assert_int_equal(kx_cmdline_reuse(&machine, false, &out, &err), -ENODATA);
	assert_null(out);
	assert_non_null(strstr(err.text, "--command-line"));
}

static void assert_word(const char **pos, const char *name, const char *value)
{
	struct kx_word word;

	assert_true(kx_cmdline_next(pos, &word));
	assert_int_equal(word.name_size, strlen(name));
	assert_memory_equal(word.name, name, word.name_size);
	if (!value) {
		assert_null(word.value);
		return;
	}
	assert_non_null(word.value);
	assert_int_equal(word.value_size, strlen(value));
	assert_memory_equal(word.value, value, word.value_size);
}

static void test_words_as_the_kernel_cuts_them(void **state)
{
	const char *pos = "  a b=c d=\"e f\" \"g=h i\"\tj=\"k\" =l =m=n o= p=\"q \"\xa0r=\"s";
	struct kx_word word;

	assert_word(&pos, "a", NULL);
	assert_word(&pos, "b", "c");
	assert_word(&pos, "d", "e f");
	assert_word(&pos, "g", "h i");
	assert_word(&pos, "j", "k");
	assert_word(&pos, "=l", NULL);
	assert_word(&pos, "=m", "n");
	assert_word(&pos, "o", "");
	assert_word(&pos, "p", "q ");
	assert_word(&pos, "r", "s"); /* the quote is never closed */
	assert_false(kx_cmdline_next(&pos, &word));
	pos = "\"";
	assert_word(&pos, "", NULL);
	pos = "a=\"";
	assert_word(&pos, "a", "");
}

static void test_find_takes_the_last(void **state)
{
	struct kx_word word;

	assert_true(kx_cmdline_find("kho=on a kho=off -- kho=3", "kho", &word));
	assert_true(kx_word_has_value(&word, "off"));
	assert_false(kx_word_has_value(&word, "of"));
	assert_true(kx_cmdline_find("acpi-rsdp=1", "acpi_rsdp", &word));
	assert_false(kx_cmdline_find("khoo=1", "kho", &word));
	assert_false(kx_cmdline_find("-- kho=1", "kho", &word));
	assert_false(kx_cmdline_find(NULL, "kho", &word));
}

static void test_bare_words_as_decompressors_find_them(void **state)
{
	assert_true(kx_cmdline_has_bare("nokaslr", "nokaslr"));
	assert_true(kx_cmdline_has_bare(" a  -- b\tnokaslr ", "nokaslr"));
	assert_true(kx_cmdline_has_bare("a=\"b nokaslr c\"", "nokaslr"));
	assert_false(kx_cmdline_has_bare("\"nokaslr\"", "nokaslr"));
	assert_false(kx_cmdline_has_bare("nokaslr=1 nokasl nokaslrr nokaslr\xa0", "nokaslr"));
	assert_false(kx_cmdline_has_bare("", "nokaslr"));
}

static void test_flags_as_the_kernel_reads_them(void **state)
{
	assert_true(kx_cmdline_flag("k=on", "k", false));
	assert_true(kx_cmdline_flag("k=1", "k", false));
	assert_true(kx_cmdline_flag("k=yes", "k", false));
	assert_true(kx_cmdline_flag("k=True", "k", false));
	assert_true(kx_cmdline_flag("k=ON", "k", false));
	assert_false(kx_cmdline_flag("k=off", "k", true));
	assert_false(kx_cmdline_flag("k=OFF", "k", true));
	assert_false(kx_cmdline_flag("k=0", "k", true));
	assert_false(kx_cmdline_flag("k=n", "k", true));
	assert_true(kx_cmdline_flag("k=ox", "k", true));
	assert_false(kx_cmdline_flag("k=o", "k", false));
	assert_true(kx_cmdline_flag("k=", "k", true));
	assert_true(kx_cmdline_flag("k", "k", true));
	assert_false(kx_cmdline_flag("k=maybe", "k", false));
	assert_true(kx_cmdline_flag("", "k", true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reuse_drops_boot_image),
		cmocka_unit_test(test_reuse_keeps_the_rest_to_the_byte),
		cmocka_unit_test(test_reuse_for_crash_drops_crashkernel),
		cmocka_unit_test(test_reuse_drops_hints),
		cmocka_unit_test(test_kernel_part),
		cmocka_unit_test(test_reuse_of_unknown_command_line),
		cmocka_unit_test(test_words_as_the_kernel_cuts_them),
		cmocka_unit_test(test_find_takes_the_last),
		cmocka_unit_test(test_bare_words_as_decompressors_find_them),
		cmocka_unit_test(test_flags_as_the_kernel_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
