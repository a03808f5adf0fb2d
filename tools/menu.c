// SPDX-License-Identifier: GPL-2.0-or-later
#include "menu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"

#define CTRL(letter) ((letter)&0x1f)

/* ---- keys ------------------------------------------------------------------------------------ */

/* The number of "ESC [ number ~", as the VT220 and those after it have it. */
static int key_of_number(const char *digits)
{
	static const int keys[] = {
		[1] = KX_KEY_HOME,      [3] = KX_KEY_DELETE, [4] = KX_KEY_END, [5] = KX_KEY_PAGE_UP,
		[6] = KX_KEY_PAGE_DOWN, [7] = KX_KEY_HOME,   [8] = KX_KEY_END,
	};
	unsigned long number = strtoul(digits, NULL, 10);

	return number < KX_ARRAY_SIZE(keys) && keys[number] ? keys[number] : KX_KEY_NONE;
}

/* The last byte of "ESC [ byte" or "ESC O byte" (ECMA-48's CUU and so on). */
static int key_of_letter(char letter)
{
	switch (letter) {
	case 'A':
		return KX_KEY_UP;
	case 'B':
		return KX_KEY_DOWN;
	case 'C':
		return KX_KEY_RIGHT;
	case 'D':
		return KX_KEY_LEFT;
	case 'H':
		return KX_KEY_HOME;
	case 'F':
		return KX_KEY_END;
	default:
		return KX_KEY_NONE;
	}
}

/* A sequence's parameters are 0x20 to 0x3f, and it ends with one from 0x40 on (ECMA-48, 5.4). */
static size_t control_sequence(const char *bytes, size_t size, int *ret)
{
	char digits[8] = "";
	size_t i = 2;

	/* Linux's own F1 to F5: console_codes(4). */
	if (size > 2 && bytes[2] == '[') {
		*ret = KX_KEY_NONE;
		return size > 3 ? 4 : 0;
	}
	while (i < size && bytes[i] >= 0x20 && bytes[i] < 0x40)
		i++;
	if (i == size)
		return 0;
	memcpy(digits, bytes + 2, i - 2 < sizeof(digits) ? i - 2 : sizeof(digits) - 1);
	*ret = bytes[i] == '~' ? key_of_number(digits) : key_of_letter(bytes[i]);
	return i + 1;
}

/* One that does not end in so many bytes is none. */
#define SEQUENCE_MAX 16U

size_t kx_key_next(const char *bytes, size_t size, bool more, int *ret)
{
	bool begun = size > 1 && bytes[0] == '\033' && (bytes[1] == '[' || bytes[1] == 'O');
	size_t most = size < SEQUENCE_MAX ? size : SEQUENCE_MAX, used = 0;

	if (!size)
		return 0;
	*ret = (unsigned char)bytes[0];
	if (bytes[0] != '\033')
		return 1;
	if (begun && bytes[1] == '[')
		used = control_sequence(bytes, most, ret);
	else if (begun && size > 2) {
		*ret = key_of_letter(bytes[2]);
		used = 3;
	}
	if (used || (more && (size == 1 || (begun && size < SEQUENCE_MAX))))
		return used;
	*ret = begun ? KX_KEY_NONE : KX_KEY_ESCAPE;
	return begun ? most : 1;
}

/* ---- the list -------------------------------------------------------------------------------- */

/* Title, list, two lines about what is selected, what goes on, keys. */
#define ROOMY_ROWS 7U
#define OTHER_ROWS 5U

bool kx_menu_roomy(const struct kx_menu *menu)
{
	return menu->rows >= ROOMY_ROWS;
}

size_t kx_menu_list_rows(const struct kx_menu *menu)
{
	if (kx_menu_roomy(menu))
		return menu->rows - OTHER_ROWS;
	return menu->rows > 2 ? menu->rows - 1 : 1;
}

size_t kx_menu_text_rows(const struct kx_menu *menu)
{
	return menu->rows > 2 ? menu->rows - 1 : 1;
}

static void keep_in_sight(struct kx_menu *menu)
{
	size_t rows = kx_menu_list_rows(menu);

	if (menu->selected < menu->top)
		menu->top = menu->selected;
	if (menu->selected >= menu->top + rows)
		menu->top = menu->selected - rows + 1;
	/* No empty rows while there are entries above. */
	if (menu->top && menu->top + rows > menu->entries->count)
		menu->top = menu->entries->count > rows ? menu->entries->count - rows : 0;
}

/* Where a key takes a position that has @count places and @page of them on the screen. */
static size_t moved(size_t at, size_t count, size_t page, int key)
{
	size_t last = count ? count - 1 : 0;

	switch (key) {
	case KX_KEY_UP:
	case 'k':
		return at ? at - 1 : 0;
	case KX_KEY_DOWN:
	case 'j':
		return at < last ? at + 1 : last;
	case KX_KEY_PAGE_UP:
		return at > page ? at - page : 0;
	case KX_KEY_PAGE_DOWN:
	case ' ':
		return at + page < last ? at + page : last;
	case KX_KEY_HOME:
		return 0;
	case KX_KEY_END:
		return last;
	default:
		return at;
	}
}

const char *kx_menu_problem(const struct kx_menu *menu, size_t index)
{
	const struct kx_boot_entry *entry = &menu->entries->v[index];

	if (entry->problem)
		return entry->problem;
	return entry->kernel ? NULL : "it has no kernel";
}

const char *kx_menu_cmdline(const struct kx_menu *menu, size_t index)
{
	const char *own = menu->entries->v[index].options;

	if (menu->edited[index])
		return menu->edited[index];
	return own ? own : "";
}

void kx_menu_set_cmdline(struct kx_menu *menu, size_t index, char *line)
{
	free(menu->edited[index]);
	menu->edited[index] = line;
}

static int begin_edit(struct kx_menu *menu)
{
	const char *line = kx_menu_cmdline(menu, menu->selected);
	size_t size = strnlen(line, KX_MENU_LINE_MAX);

	menu->line = calloc(KX_MENU_LINE_MAX + 1, 1);
	if (!menu->line)
		return -ENOMEM;
	memcpy(menu->line, line, size);
	menu->size = menu->cursor = size;
	menu->page = KX_MENU_EDIT;
	return 0;
}

static enum kx_menu_act act_of(int key)
{
	switch (key) {
	case '\r':
	case '\n':
		return KX_MENU_BOOT;
	case 'l':
		return KX_MENU_LOAD;
	case 'p':
		return KX_MENU_PLAN;
	case '?':
	case 'h':
		return KX_MENU_HELP;
	case 'q':
	case KX_KEY_ESCAPE:
		return KX_MENU_QUIT;
	default:
		return KX_MENU_NOTHING;
	}
}

static int list_key(struct kx_menu *menu, int key, enum kx_menu_act *ret)
{
	enum kx_menu_act act = act_of(key);
	bool starts = act == KX_MENU_BOOT || act == KX_MENU_LOAD || act == KX_MENU_PLAN;
	bool problem = kx_menu_problem(menu, menu->selected) != NULL;

	/* Its problem is on the screen already. */
	if ((starts || key == 'e') && problem)
		return 0;
	if (key == 'e')
		return begin_edit(menu);
	*ret = act;
	menu->selected = moved(menu->selected, menu->entries->count, kx_menu_list_rows(menu), key);
	keep_in_sight(menu);
	return 0;
}

/* ---- the line that is edited ----------------------------------------------------------------- */

static void end_edit(struct kx_menu *menu)
{
	free(menu->line);
	menu->line = NULL;
	menu->page = KX_MENU_LIST;
}

/* Bytes of UTF-8 after a character's first. */
static bool continues(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

static size_t before(const struct kx_menu *menu)
{
	size_t at = menu->cursor;

	while (at && continues(menu->line[--at]))
		;
	return at;
}

static size_t after(const struct kx_menu *menu)
{
	size_t at = menu->cursor;

	if (at < menu->size)
		at++;
	while (at < menu->size && continues(menu->line[at]))
		at++;
	return at;
}

static void take_out(struct kx_menu *menu, size_t from, size_t to)
{
	memmove(menu->line + from, menu->line + to, menu->size - to + 1);
	menu->size -= to - from;
	menu->cursor = from;
}

static void put_in(struct kx_menu *menu, int key)
{
	if (key < ' ' || key == 0x7f || key > 0xff || menu->size == KX_MENU_LINE_MAX)
		return;
	memmove(menu->line + menu->cursor + 1, menu->line + menu->cursor,
		menu->size - menu->cursor + 1);
	menu->line[menu->cursor++] = (char)key;
	menu->size++;
}

static int accept_edit(struct kx_menu *menu)
{
	char *line = strdup(menu->line);

	if (!line)
		return -ENOMEM;
	kx_menu_set_cmdline(menu, menu->selected, line);
	end_edit(menu);
	return 0;
}

static int edit_key(struct kx_menu *menu, int key)
{
	switch (key) {
	case '\r':
	case '\n':
		return accept_edit(menu);
	case KX_KEY_ESCAPE:
		end_edit(menu);
		break;
	case KX_KEY_LEFT:
		menu->cursor = before(menu);
		break;
	case KX_KEY_RIGHT:
		menu->cursor = after(menu);
		break;
	case KX_KEY_HOME:
	case CTRL('a'):
		menu->cursor = 0;
		break;
	case KX_KEY_END:
	case CTRL('e'):
		menu->cursor = menu->size;
		break;
	case 0x7f:
	case '\b':
		take_out(menu, before(menu), menu->cursor);
		break;
	case KX_KEY_DELETE:
		take_out(menu, menu->cursor, after(menu));
		break;
	case CTRL('u'):
		take_out(menu, 0, menu->cursor);
		break;
	case CTRL('k'):
		take_out(menu, menu->cursor, menu->size);
		break;
	default:
		put_in(menu, key);
	}
	return 0;
}

/* ---- a text ---------------------------------------------------------------------------------- */

void kx_menu_show(struct kx_menu *menu, char *text)
{
	free(menu->text);
	menu->text = text;
	menu->text_top = 0;
	menu->line_count = 0;
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		menu->line_count++;
	menu->page = KX_MENU_TEXT;
}

static void text_key(struct kx_menu *menu, int key)
{
	size_t rows = kx_menu_text_rows(menu), count = menu->line_count;

	if (act_of(key) == KX_MENU_QUIT || act_of(key) == KX_MENU_BOOT)
		menu->page = KX_MENU_LIST;
	menu->text_top = moved(menu->text_top, count > rows ? count - rows + 1 : 1, rows, key);
}

/* ---- all of it ------------------------------------------------------------------------------- */

int kx_menu_key(struct kx_menu *menu, int key, enum kx_menu_act *ret)
{
	*ret = KX_MENU_NOTHING;
	if (key == CTRL('l')) {
		*ret = KX_MENU_REDRAW;
		return 0;
	}
	if (menu->page == KX_MENU_EDIT)
		return edit_key(menu, key);
	if (menu->page == KX_MENU_LIST)
		return list_key(menu, key, ret);
	text_key(menu, key);
	return 0;
}

void kx_menu_resize(struct kx_menu *menu, size_t rows, size_t columns)
{
	menu->rows = rows;
	menu->columns = columns;
	keep_in_sight(menu);
}

size_t kx_menu_default(const struct kx_boot_entries *entries)
{
	size_t i = 0;

	while (i < entries->count && !entries->v[i].is_default)
		i++;
	return i;
}

int kx_menu_init(const struct kx_boot_entries *entries, long seconds, struct kx_menu *ret)
{
	size_t chosen = kx_menu_default(entries);

	*ret = (struct kx_menu){ .entries = entries, .rows = 24, .columns = 80 };
	ret->edited = calloc(entries->count, sizeof(*ret->edited));
	if (!ret->edited)
		return -ENOMEM;
	ret->selected = chosen < entries->count ? chosen : 0;
	ret->seconds = chosen < entries->count && !kx_menu_problem(ret, chosen) ? seconds : -1;
	keep_in_sight(ret);
	return 0;
}

void kx_menu_clear(struct kx_menu *menu)
{
	for (size_t i = 0; menu->edited && i < menu->entries->count; i++)
		free(menu->edited[i]);
	free(menu->edited);
	free(menu->line);
	free(menu->text);
	*menu = (struct kx_menu){ 0 };
}
