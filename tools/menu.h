/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `kexec menu` shows and how keys change it. No I/O: cmd_menu.c and terminal.c have that. */
#ifndef KX_MENU_H
#define KX_MENU_H

#include <stdbool.h>
#include <stddef.h>

#include "boot/boot.h"

struct kx_frame;

/* Keys that are no byte of text, as a terminal of the VT100's family sends them. */
enum kx_key {
	KX_KEY_NONE = 256, /* a sequence that means nothing here */
	KX_KEY_UP,
	KX_KEY_DOWN,
	KX_KEY_LEFT,
	KX_KEY_RIGHT,
	KX_KEY_HOME,
	KX_KEY_END,
	KX_KEY_PAGE_UP,
	KX_KEY_PAGE_DOWN,
	KX_KEY_DELETE,
	KX_KEY_ESCAPE,
};

/**
 * kx_key_next() - the first key of what was read
 * @more: there may be more to come, so that an escape alone is not known to be one; else what has begun and not ended is
 * none, so that of an arrow on a bad line no escape is left
 * @ret: an enum kx_key, or a byte
 *
 * Return: how many bytes it has; 0 when more must be read to know.
 */
size_t kx_key_next(const char *bytes, size_t size, bool more, int *ret);

/* What is on the screen. */
enum kx_menu_page { KX_MENU_LIST, KX_MENU_EDIT, KX_MENU_TEXT };

/* What is to be done with the entry that is selected. */
enum kx_menu_act {
	KX_MENU_NOTHING,
	KX_MENU_BOOT,
	KX_MENU_LOAD,
	KX_MENU_PLAN,
	KX_MENU_HELP,
	KX_MENU_REDRAW,
	KX_MENU_QUIT,
};

/**
 * struct kx_menu - a menu, as far as keys change it
 * @entries: not the menu's own; at least one
 * @rows, @columns: of the terminal
 * @selected, @top: which entry; the first one on the screen
 * @edited: for each entry its command line, or NULL for the entry's own
 * @seconds: until the default is started; -1 for never
 * @line, @size, @cursor: what is edited, in bytes
 * @text, @line_count, @text_top: what is read, and the first line of it on the screen
 */
struct kx_menu {
	const struct kx_boot_entries *entries;
	size_t rows, columns;
	size_t selected, top;
	char **edited;
	long seconds;
	enum kx_menu_page page;
	char *line;
	size_t size, cursor;
	char *text;
	size_t line_count, text_top;
};

/* The longest command line that can be typed: more than any kernel takes. */
#define KX_MENU_LINE_MAX 65535U

/**
 * kx_menu_init() - a menu with the default selected
 * @seconds: until that is started, -1 for never; without a default that can be started it is never
 * @ret: to be cleared with kx_menu_clear()
 *
 * Errors: -ENOMEM.
 */
int kx_menu_init(const struct kx_boot_entries *entries, long seconds, struct kx_menu *ret);
void kx_menu_clear(struct kx_menu *menu);

/* The entry that a normal reboot would start; the count of entries when there is none. */
size_t kx_menu_default(const struct kx_boot_entries *entries);

/* How many rows are there for the list, or for a text; where there is room, others tell more. */
size_t kx_menu_list_rows(const struct kx_menu *menu);
size_t kx_menu_text_rows(const struct kx_menu *menu);
bool kx_menu_roomy(const struct kx_menu *menu);

void kx_menu_resize(struct kx_menu *menu, size_t rows, size_t columns);

/**
 * kx_menu_key() - what a key does
 * @ret: what is to be done by the caller
 *
 * Errors: -ENOMEM; the key has then done nothing.
 */
int kx_menu_key(struct kx_menu *menu, int key, enum kx_menu_act *ret);

/* NULL when it can be started, else why not. */
const char *kx_menu_problem(const struct kx_menu *menu, size_t index);

/* The command line that an entry is started with; "" for none. */
const char *kx_menu_cmdline(const struct kx_menu *menu, size_t index);

/* Takes over @line, allocated, as the command line of an entry. */
void kx_menu_set_cmdline(struct kx_menu *menu, size_t index, char *line);

/* Shows @text, allocated, which it takes over, until a key leaves it. */
void kx_menu_show(struct kx_menu *menu, char *text);

/* Into a frame of the menu's size; @reverse: the selected entry is shown so, too. */
void kx_menu_draw(const struct kx_menu *menu, bool reverse, struct kx_frame *frame);

#endif
