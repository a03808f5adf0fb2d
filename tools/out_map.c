// SPDX-License-Identifier: GPL-2.0-or-later
/* The memory map with the segments on it: a bar as wide as the terminal, and a list in the order of
 * addresses. */
#include "tool.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

#define BAR_MAX 200

/* What a column of the bar shows, the most important last. */
enum cell { CELL_HOLE, CELL_OTHER, CELL_RAM, CELL_SEGMENT, CELL_COUNT };

static const char *const cells_ascii[CELL_COUNT] = { " ", "#", ".", "=" };
static const char *const cells_unicode[CELL_COUNT] = { " ", "▒", "░", "█" };
static const char *const cell_colours[CELL_COUNT] = { "", "\033[33m", "\033[2m", "\033[1;32m" };

struct map {
	FILE *out;
	struct kx_style style;
	const struct kx_segment *segments[KX_SEGMENT_MAX]; /* by address */
	size_t segment_count;
	const struct kx_mem **ranges; /* by address */
	size_t range_count;
	int digits;   /* of an address */
	uint64_t top; /* the bar ends here: past the last RAM */
};

/* ---- in the order of addresses --------------------------------------------------------------- */

static int by_dest(const void *a, const void *b)
{
	const struct kx_segment *x = *(const struct kx_segment *const *)a,
				*y = *(const struct kx_segment *const *)b;

	return x->dest < y->dest ? -1 : x->dest > y->dest;
}

static int by_start(const void *a, const void *b)
{
	const struct kx_mem *x = *(const struct kx_mem *const *)a,
			    *y = *(const struct kx_mem *const *)b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void collect(struct map *map, const struct kx_plan *plan)
{
	uint64_t last = 0;

	map->segment_count = kx_plan_segment_count(plan);
	for (size_t i = 0; i < map->segment_count; i++)
		map->segments[i] = kx_plan_segment(plan, i);
	qsort(map->segments, map->segment_count, sizeof(map->segments[0]), by_dest);
	if (!map->ranges)
		return;
	map->range_count = kx_plan_mem_count(plan);
	for (size_t i = 0; i < map->range_count; i++) {
		const struct kx_mem *mem = kx_plan_mem(plan, i);

		map->ranges[i] = mem;
		last = mem->end > last ? mem->end : last;
		if (mem->type == KX_MEM_RAM && mem->end > map->top)
			map->top = mem->end;
	}
	qsort(map->ranges, map->range_count, sizeof(map->ranges[0]), by_start);
	map->digits = snprintf(NULL, 0, "%" PRIx64, last ? last - 1 : 0);
	map->digits = map->digits < 8 ? 8 : map->digits;
}

/* ---- the bar --------------------------------------------------------------------------------- */

struct bar {
	unsigned width;
	uint64_t per_column;
	enum cell cells[BAR_MAX];
	char letters[BAR_MAX + 1];
};

static void paint(struct bar *bar, uint64_t start, uint64_t end, enum cell cell, char letter)
{
	for (uint64_t c = start / bar->per_column; start < end && c <= (end - 1) / bar->per_column;
	     c++) {
		if (c >= bar->width)
			return;
		if (cell > bar->cells[c])
			bar->cells[c] = cell;
		if (letter)
			bar->letters[c] = bar->letters[c] == ' ' ? letter : '+';
	}
}

static void print_cells(const struct map *map, const struct bar *bar)
{
	const char *const *signs = map->style.unicode ? cells_unicode : cells_ascii;

	for (unsigned c = 0; c < bar->width; c++)
		if (map->style.colour)
			fprintf(map->out, "%s%s\033[0m", cell_colours[bar->cells[c]],
				signs[bar->cells[c]]);
		else
			fputs(signs[bar->cells[c]], map->out);
	fprintf(map->out, "\n%s\n", bar->letters);
}

static void print_bar(const struct map *map)
{
	struct bar bar = { .width = map->style.width > BAR_MAX ? BAR_MAX : map->style.width };

	bar.per_column = (map->top - 1) / bar.width + 1;
	memset(bar.letters, ' ', bar.width);
	for (size_t i = 0; i < map->range_count; i++)
		paint(&bar, map->ranges[i]->start, map->ranges[i]->end,
		      map->ranges[i]->type == KX_MEM_RAM ? CELL_RAM : CELL_OTHER, 0);
	for (size_t i = 0; i < map->segment_count; i++) {
		const struct kx_segment *segment = map->segments[i];

		paint(&bar, segment->dest, segment->dest + segment->reserved, CELL_SEGMENT,
		      (char)('a' + i));
	}
	fprintf(map->out, "memory of the next kernel, up to %s; one column is %s\n",
		kx_size_text(map->top).s, kx_size_text(bar.per_column).s);
	print_cells(map, &bar);
}

/* ---- the list -------------------------------------------------------------------------------- */

static void print_range(const struct map *map, const struct kx_mem *mem)
{
	fprintf(map->out, "  0x%0*" PRIx64 "  %10s  %s\n", map->digits, mem->start,
		kx_size_text(mem->end - mem->start).s, kx_mem_type_name(mem->type));
}

static void print_segment(const struct map *map, size_t i)
{
	const struct kx_segment *segment = map->segments[i];
	unsigned used, indent;
	int n;

	n = fprintf(map->out, "%c ", (char)('a' + i));
	if (segment->dest == KX_DEST_UNKNOWN)
		n += fprintf(map->out, "%-*s", map->digits + 2, "unknown");
	else
		n += fprintf(map->out, "0x%0*" PRIx64, map->digits, segment->dest);
	n += fprintf(map->out, "  %10s    ", kx_size_text(segment->reserved).s);
	indent = (unsigned)n;
	if (map->style.colour)
		fputs(cell_colours[CELL_SEGMENT], map->out);
	used = indent + (unsigned)fprintf(map->out, "%s", segment->name);
	if (map->style.colour)
		fputs("\033[0m", map->out);
	fputc(':', map->out);
	kx_text_wrap(map->out, segment->why ? segment->why : "", used + 1, indent,
		     map->style.width);
}

/* Each range, then the segments in it. */
static void print_list(const struct map *map)
{
	size_t next = 0;

	for (size_t i = 0; i < map->range_count; i++) {
		while (next < map->segment_count &&
		       map->segments[next]->dest < map->ranges[i]->start)
			print_segment(map, next++);
		print_range(map, map->ranges[i]);
		while (next < map->segment_count && map->segments[next]->dest < map->ranges[i]->end)
			print_segment(map, next++);
	}
	while (next < map->segment_count)
		print_segment(map, next++);
}

void kx_plan_draw(FILE *out, const struct kx_plan *plan)
{
	struct map map = { .out = out, .style = kx_style_of(out), .digits = 8 };

	map.ranges = calloc(kx_plan_mem_count(plan) + 1, sizeof(struct kx_mem *));
	collect(&map, plan);
	if (map.top && kx_plan_placed(plan))
		print_bar(&map);
	else
		fputs("segments, at places that are not known\n", out);
	print_list(&map);
	free(map.ranges);
}
