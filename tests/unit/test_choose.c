// SPDX-License-Identifier: GPL-2.0-or-later
/* What an argument means, and which entries it is the name of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/overflow.h"
#include "boot/choose.h"

static void words(void **state)
{
	static const struct {
		const char *word;
		enum kx_boot_word is;
	} cases[] = {
		{ "vmlinuz", KX_BOOT_WORD_NAME },
		{ "gnulinux-advanced>gnulinux-6.1", KX_BOOT_WORD_NAME },
		{ "debian.efi@1", KX_BOOT_WORD_NAME },
		{ "c:", KX_BOOT_WORD_NAME },
		{ "--", KX_BOOT_WORD_NAME },
		{ "", KX_BOOT_WORD_NAME },
		{ "./vmlinuz", KX_BOOT_WORD_FILE },
		{ "Debian GNU/Linux", KX_BOOT_WORD_FILE },
		{ "/", KX_BOOT_WORD_FILE },
		{ "c:/kernel", KX_BOOT_WORD_FILE },
		{ "-", KX_BOOT_WORD_FILE },
		{ "https://example.org/kernel", KX_BOOT_WORD_ADDRESS },
		{ "tftp://10.0.0.1", KX_BOOT_WORD_ADDRESS },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(cases); i++)
		assert_int_equal(kx_boot_word(cases[i].word), cases[i].is);
}

#define TEXT(s) ((char[]){ s })

static struct kx_boot_entry entries[] = {
	{ .id = TEXT("one"), .title = TEXT("Linux") },
	{ .id = TEXT("two"), .title = TEXT("one"), .is_default = true },
	{ .id = TEXT("three"), .title = TEXT("Linux") },
	{ .id = TEXT("menu>two"), .title = TEXT("Old") },
	{ .id = TEXT("twin"), .title = TEXT("a") },
	{ .id = TEXT("twin"), .title = TEXT("b") },
};

static size_t match(const char *name, size_t *found)
{
	const struct kx_boot_entries menu = { .v = entries, .count = KX_ARRAY_SIZE(entries) };

	return kx_boot_match(&menu, name, found);
}

static void ids_count_before_titles(void **state)
{
	size_t found[KX_ARRAY_SIZE(entries)];

	assert_int_equal(match("one", found), 1);
	assert_int_equal(found[0], 0);
	assert_int_equal(match("menu>two", found), 1);
	assert_int_equal(found[0], 3);
	assert_int_equal(match("Old", found), 1);
	assert_int_equal(found[0], 3);
}

static void all_of_a_name_are_told(void **state)
{
	size_t found[KX_ARRAY_SIZE(entries)];

	assert_int_equal(match("Linux", found), 2);
	assert_int_equal(found[0], 0);
	assert_int_equal(found[1], 2);
	assert_int_equal(match("twin", found), 2);
	assert_int_equal(found[1], 5);
}

static void names_are_exact(void **state)
{
	size_t found[KX_ARRAY_SIZE(entries)];

	assert_int_equal(match("linux", found), 0);
	assert_int_equal(match("Lin", found), 0);
	assert_int_equal(match("", found), 0);
}

static void the_default(void **state)
{
	const struct kx_boot_entries none = { .v = entries, .count = 1 };
	size_t found[KX_ARRAY_SIZE(entries)];

	assert_int_equal(match(NULL, found), 1);
	assert_int_equal(found[0], 1);
	assert_int_equal(kx_boot_match(&none, NULL, found), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(ids_count_before_titles),
		cmocka_unit_test(all_of_a_name_are_told),
		cmocka_unit_test(names_are_exact),
		cmocka_unit_test(the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
