// SPDX-License-Identifier: GPL-2.0-or-later
/* What keys do to `kexec menu`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "menu.h"

#define COUNT 30

static struct kx_boot_entry list[COUNT];
static struct kx_boot_entries entries = { .v = list, .count = COUNT };

static struct kx_menu begin(long seconds)
{
	struct kx_menu menu;

	for (size_t i = 0; i < COUNT; i++)
		list[i] = (struct kx_boot_entry){ .id = (char *)"id",
						  .title = (char *)"title",
						  .kernel = (char *)"/vmlinuz",
						  .options = (char *)"a bc",
						  .is_default = i == 20 };
	list[3].problem = (char *)"no";
	assert_int_equal(kx_menu_init(&entries, seconds, &menu), 0);
	return menu;
}

static enum kx_menu_act press(struct kx_menu *menu, int key)
{
	enum kx_menu_act act;

	assert_int_equal(kx_menu_key(menu, key, &act), 0);
	return act;
}

static void type(struct kx_menu *menu, const char *text)
{
	for (; *text; text++)
		press(menu, (unsigned char)*text);
}

static void test_keys_of_a_terminal(void **state)
{
	static const struct {
		const char *bytes;
		size_t used;
		int key;
	} cases[] = {
		{ "j", 1, 'j' },
		{ "\033[A", 3, KX_KEY_UP },
		{ "\033OB", 3, KX_KEY_DOWN },
		{ "\033[Cx", 3, KX_KEY_RIGHT },
		{ "\033[1~", 4, KX_KEY_HOME },
		{ "\033[H", 3, KX_KEY_HOME },
		{ "\033OF", 3, KX_KEY_END },
		{ "\033[8~", 4, KX_KEY_END },
		{ "\033[5~", 4, KX_KEY_PAGE_UP },
		{ "\033[6~", 4, KX_KEY_PAGE_DOWN },
		{ "\033[3~", 4, KX_KEY_DELETE },
		{ "\033[1;5A", 6, KX_KEY_UP },
		{ "\033[99999999999999~", 16, KX_KEY_NONE },
		{ "\033[2~", 4, KX_KEY_NONE },
		{ "\033[[Ax", 4, KX_KEY_NONE },
		{ "\033\033[A", 1, KX_KEY_ESCAPE },
		{ "\033q", 1, KX_KEY_ESCAPE },
		{ "\033", 0, 0 },
		{ "\033[", 0, 0 },
		{ "\033[1", 0, 0 },
		{ "\033[[", 0, 0 },
		{ "\033O", 0, 0 },
		{ "\377", 1, 0xff },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int key = 0;
		size_t size = strlen(cases[i].bytes);

		assert_int_equal(kx_key_next(cases[i].bytes, size, true, &key), cases[i].used);
		if (cases[i].used)
			assert_int_equal(key, cases[i].key);
		else {
			/* Nothing is left of what has begun and is cut off. */
			assert_int_equal(kx_key_next(cases[i].bytes, size, false, &key), size);
			assert_int_equal(key, size == 1 ? KX_KEY_ESCAPE : KX_KEY_NONE);
		}
	}
}

static void test_default_is_selected_and_in_sight(void **state)
{
	struct kx_menu menu = begin(5);

	assert_int_equal(menu.selected, 20);
	assert_int_equal(menu.seconds, 5);
	assert_int_equal(menu.top, 20 - kx_menu_list_rows(&menu) + 1);
	kx_menu_clear(&menu);
	/* Nothing counts down to what cannot be started. */
	list[20].problem = (char *)"gone";
	assert_int_equal(kx_menu_init(&entries, 5, &menu), 0);
	assert_int_equal(menu.seconds, -1);
	kx_menu_clear(&menu);
	list[20].is_default = false;
	assert_int_equal(kx_menu_init(&entries, 5, &menu), 0);
	assert_int_equal(menu.seconds, -1);
	assert_int_equal(menu.selected, 0);
	kx_menu_clear(&menu);
}

static void test_moving(void **state)
{
	static const size_t heights[] = { 1, 2, 3, 6, 7, 10, 24, 100 };
	static const int keys[] = { KX_KEY_DOWN,      'j',        KX_KEY_END,  KX_KEY_PAGE_UP,
				    KX_KEY_UP,        'k',        KX_KEY_HOME, KX_KEY_UP,
				    KX_KEY_PAGE_DOWN, KX_KEY_DOWN };

	for (size_t i = 0; i < sizeof(heights) / sizeof(heights[0]); i++) {
		struct kx_menu menu = begin(-1);
		size_t rows;

		kx_menu_resize(&menu, heights[i], 40);
		for (size_t k = 0; k < 50; k++) {
			press(&menu, keys[k % 10]);
			assert_true(menu.selected < COUNT);
			assert_in_range(menu.selected, menu.top,
					menu.top + kx_menu_list_rows(&menu) - 1);
			assert_true(menu.top == 0 || menu.top + kx_menu_list_rows(&menu) <= COUNT);
		}
		press(&menu, KX_KEY_HOME);
		assert_int_equal(menu.selected, 0);
		press(&menu, KX_KEY_UP);
		assert_int_equal(menu.selected, 0);
		press(&menu, 'j');
		assert_int_equal(menu.selected, 1);
		press(&menu, 'k');
		press(&menu, KX_KEY_END);
		assert_int_equal(menu.selected, COUNT - 1);
		press(&menu, KX_KEY_DOWN);
		assert_int_equal(menu.selected, COUNT - 1);
		press(&menu, KX_KEY_PAGE_UP);
		rows = kx_menu_list_rows(&menu);
		assert_int_equal(menu.selected, rows < COUNT ? COUNT - 1 - rows : 0);
		press(&menu, KX_KEY_PAGE_DOWN);
		assert_int_equal(menu.selected, COUNT - 1);
		kx_menu_clear(&menu);
	}
}

static void test_acts(void **state)
{
	struct kx_menu menu = begin(-1);

	assert_int_equal(press(&menu, KX_KEY_NONE), KX_MENU_NOTHING);
	assert_int_equal(press(&menu, '\r'), KX_MENU_BOOT);
	assert_int_equal(press(&menu, 'l'), KX_MENU_LOAD);
	assert_int_equal(press(&menu, 'p'), KX_MENU_PLAN);
	assert_int_equal(press(&menu, '?'), KX_MENU_HELP);
	assert_int_equal(press(&menu, 'q'), KX_MENU_QUIT);
	assert_int_equal(press(&menu, KX_KEY_ESCAPE), KX_MENU_QUIT);
	assert_int_equal(press(&menu, '\f'), KX_MENU_REDRAW);
	menu.selected = 3;
	for (const char *key = "\r\nlpe"; *key; key++) {
		assert_int_equal(press(&menu, *key), KX_MENU_NOTHING);
		assert_int_equal(menu.page, KX_MENU_LIST);
	}
	assert_int_equal(press(&menu, 'q'), KX_MENU_QUIT);
	kx_menu_clear(&menu);
}

static void test_edit(void **state)
{
	struct kx_menu menu = begin(-1);

	press(&menu, 'e');
	assert_int_equal(menu.page, KX_MENU_EDIT);
	type(&menu, " q\xc3\xa4\001");
	assert_string_equal(menu.line, "a bc q\xc3\xa4");
	assert_int_equal(menu.cursor, 0);
	press(&menu, KX_KEY_END);
	press(&menu, KX_KEY_LEFT);
	press(&menu, KX_KEY_LEFT);
	press(&menu, KX_KEY_DELETE);
	assert_string_equal(menu.line, "a bc \xc3\xa4");
	press(&menu, KX_KEY_DELETE);
	press(&menu, KX_KEY_DELETE);
	press(&menu, KX_KEY_RIGHT);
	assert_string_equal(menu.line, "a bc ");
	type(&menu, "\xc3\xa4\177");
	assert_string_equal(menu.line, "a bc ");
	press(&menu, KX_KEY_HOME);
	press(&menu, KX_KEY_LEFT);
	press(&menu, 0x7f);
	press(&menu, KX_KEY_RIGHT);
	type(&menu, "X\033\r");
	assert_int_equal(menu.page, KX_MENU_LIST);
	assert_string_equal(kx_menu_cmdline(&menu, 20), "aX bc ");
	assert_string_equal(kx_menu_cmdline(&menu, 19), "a bc");
	press(&menu, 'e');
	type(&menu, "\025thrown away");
	press(&menu, KX_KEY_ESCAPE);
	assert_string_equal(kx_menu_cmdline(&menu, 20), "aX bc ");
	press(&menu, 'e');
	type(&menu, "\001\013\r");
	assert_string_equal(kx_menu_cmdline(&menu, 20), "");
	kx_menu_clear(&menu);
}

static void test_edit_ends_somewhere(void **state)
{
	struct kx_menu menu = begin(-1);

	press(&menu, 'e');
	for (size_t i = 0; i < KX_MENU_LINE_MAX + 10; i++)
		press(&menu, 'x');
	assert_int_equal(menu.size, KX_MENU_LINE_MAX);
	assert_int_equal(strlen(menu.line), KX_MENU_LINE_MAX);
	kx_menu_clear(&menu);
}

static void test_text(void **state)
{
	struct kx_menu menu = begin(-1);

	kx_menu_resize(&menu, 4, 40);
	kx_menu_show(&menu, strdup("1\n2\n3\n4\n\n6"));
	assert_int_equal(menu.line_count, 6);
	press(&menu, KX_KEY_PAGE_DOWN);
	assert_int_equal(menu.text_top, 3);
	press(&menu, KX_KEY_DOWN);
	assert_int_equal(menu.text_top, 3);
	press(&menu, KX_KEY_UP);
	assert_int_equal(menu.text_top, 2);
	assert_int_equal(menu.selected, 20);
	assert_int_equal(press(&menu, 'q'), KX_MENU_NOTHING);
	assert_int_equal(menu.page, KX_MENU_LIST);
	kx_menu_clear(&menu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_of_a_terminal),
		cmocka_unit_test(test_default_is_selected_and_in_sight),
		cmocka_unit_test(test_moving),
		cmocka_unit_test(test_acts),
		cmocka_unit_test(test_edit),
		cmocka_unit_test(test_edit_ends_somewhere),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
