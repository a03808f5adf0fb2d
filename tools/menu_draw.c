// SPDX-License-Identifier: GPL-2.0-or-later
/* What of a menu is on the screen. */
#include "menu.h"
#include "terminal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

static void draw_entry(const struct kx_menu *menu, size_t index, size_t row, bool reverse,
		       struct kx_frame *frame)
{
	const struct kx_boot_entry *entry = &menu->entries->v[index];
	bool selected = index == menu->selected;
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%c %c %s%s%s%s", selected ? '>' : ' ', entry->is_default ? '*' : ' ',
		     entry->menu ? entry->menu : "", entry->menu ? " > " : "", entry->title,
		     kx_menu_problem(menu, index) ? "  (cannot be started)" : "") < 0) {
		text = NULL;
		return;
	}
	kx_frame_put(frame, row, text, 0, selected && reverse);
}

/* What the selected entry is, in as many rows as there are. */
static void draw_details(const struct kx_menu *menu, size_t row, size_t rows,
			 struct kx_frame *frame)
{
	const char *problem = kx_menu_problem(menu, menu->selected);
	const char *line = problem ? problem : kx_menu_cmdline(menu, menu->selected);
	const char *label = problem                        ? "cannot be started: "
			    : menu->edited[menu->selected] ? "edited: "
							   : "options: ";
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s%s", label, line) < 0) {
		text = NULL;
		return;
	}
	for (size_t i = 0; i < rows; i++)
		kx_frame_put(frame, row + i, text, i * kx_terminal_width(frame->columns), false);
}

static void draw_status(const struct kx_menu *menu, size_t row, struct kx_frame *frame)
{
	char text[80];

	snprintf(text, sizeof(text), "the default starts in %ld s; any key stops that",
		 menu->seconds);
	if (menu->seconds >= 0)
		kx_frame_put(frame, row, text, 0, false);
}

static void draw_list(const struct kx_menu *menu, bool reverse, struct kx_frame *frame)
{
	size_t rows = kx_menu_list_rows(menu), first = kx_menu_roomy(menu) ? 1 : 0;
	char text[80];

	for (size_t i = 0; i < rows && menu->top + i < menu->entries->count; i++)
		draw_entry(menu, menu->top + i, first + i, reverse, frame);
	if (first) {
		snprintf(text, sizeof(text), "kexec: what to start (%zu of %zu)",
			 menu->selected + 1, menu->entries->count);
		kx_frame_put(frame, 0, text, 0, false);
		draw_details(menu, first + rows, 2, frame);
		draw_status(menu, first + rows + 2, frame);
		kx_frame_put(frame, first + rows + 3,
			     "Enter start  e edit  p plan  l load  ? help  q quit", 0, false);
	} else if (menu->seconds >= 0)
		draw_status(menu, rows, frame);
	else
		draw_details(menu, rows, 1, frame);
	kx_frame_cursor(frame, first + menu->selected - menu->top, 0, false);
}

/* Columns of the text before the cursor. */
static size_t cursor_column(const struct kx_menu *menu)
{
	_cleanup_free_ char *before = strndup(menu->line, menu->cursor);
	_cleanup_free_ char *ignored = NULL;
	size_t size, columns = 0;
	FILE *nowhere = before ? open_memstream(&ignored, &size) : NULL;

	if (!nowhere)
		return 0;
	columns = kx_put_text(nowhere, before, 0, SIZE_MAX / 2);
	fclose(nowhere);
	return columns;
}

static void draw_edit(const struct kx_menu *menu, struct kx_frame *frame)
{
	size_t row = menu->rows > 2 ? 1 : 0, column = cursor_column(menu);
	size_t room = kx_terminal_width(frame->columns);
	/* Half of what is there moves at a time. */
	size_t half = room > 1 ? room / 2 : 1;
	size_t skip = column < room ? 0 : (column - room) / half * half + half;

	if (row)
		kx_frame_put(frame, 0, menu->entries->v[menu->selected].title, 0, false);
	kx_frame_put(frame, row, menu->line, skip, false);
	if (menu->rows > 3)
		kx_frame_put(frame, menu->rows - 1, "Enter accept  Esc leave it as it was", 0,
			     false);
	kx_frame_cursor(frame, row, column - skip, true);
}

static void draw_text(const struct kx_menu *menu, struct kx_frame *frame)
{
	const char *line = menu->text;
	size_t rows = kx_menu_text_rows(menu), row = 0;
	char text[80];

	for (size_t i = 0; i < menu->text_top; i++)
		line += strcspn(line, "\n") + 1;
	for (; row < rows && *line; row++) {
		size_t size = strcspn(line, "\n");
		_cleanup_free_ char *one = strndup(line, size);

		kx_frame_put(frame, row, one ? one : "", 0, false);
		line += size + (line[size] == '\n');
	}
	snprintf(text, sizeof(text), "lines %zu to %zu of %zu; q goes back", menu->text_top + 1,
		 menu->text_top + row, menu->line_count);
	if (menu->rows > 1)
		kx_frame_put(frame, menu->rows - 1, text, 0, false);
	kx_frame_cursor(frame, menu->rows - 1, 0, false);
}

void kx_menu_draw(const struct kx_menu *menu, bool reverse, struct kx_frame *frame)
{
	if (menu->page == KX_MENU_LIST)
		draw_list(menu, reverse, frame);
	else if (menu->page == KX_MENU_EDIT)
		draw_edit(menu, frame);
	else
		draw_text(menu, frame);
}
