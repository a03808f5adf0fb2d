// SPDX-License-Identifier: GPL-2.0-or-later
/* kexec last: how long the jump took that started the running kernel. */
#include "tool.h"

#include <errno.h>
#include <inttypes.h>

#include "json.h"

#define NAME_COLUMN 12

/* What the bars of the drawing are made of, in its units. */
enum { WIDTH = 760, BAR_LEFT = 100, BAR_WIDTH = 500, ROW = 30, BAR_HEIGHT = 20, TOP = 40 };

static const char *const colours[KX_PHASE_COUNT] = { "#8da0cb", "#e78ac3", "#66c2a5", "#fc8d62" };

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static uint64_t total_ns(const struct kx_last *last, bool *ret_all)
{
	uint64_t total = 0;

	*ret_all = true;
	for (size_t i = 0; i < KX_PHASE_COUNT; i++) {
		total += last->phases[i].ns;
		*ret_all &= last->phases[i].known;
	}
	return total;
}

static void print_text(const struct kx_last *last)
{
	bool all;
	uint64_t total = total_ns(last, &all);

	for (size_t i = 0; i < KX_PHASE_COUNT; i++) {
		const struct kx_last_phase *phase = &last->phases[i];

		printf("%-*s", NAME_COLUMN, kx_phase_name((enum kx_phase)i));
		if (phase->known)
			printf("%.3f ms\n", ms(phase->ns));
		else
			printf("unknown: %s\n", phase->why);
	}
	printf("%-*s%s%.3f ms\n", NAME_COLUMN, "in all", all ? "" : "at least ", ms(total));
}

static void print_json(const struct kx_last *last)
{
	struct json_object *json = kx_json_new(), *phases = json_object_new_array();
	bool all;
	uint64_t total = total_ns(last, &all);

	for (size_t i = 0; i < KX_PHASE_COUNT; i++) {
		const struct kx_last_phase *phase = &last->phases[i];
		struct json_object *item = json_object_new_object();

		kx_json_string(item, "name", kx_phase_name((enum kx_phase)i));
		if (phase->known)
			kx_json_size(item, "ns", phase->ns);
		else
			kx_json_string(item, "ns", NULL);
		kx_json_string(item, "why_unknown", phase->why);
		json_object_array_add(phases, item);
	}
	json_object_object_add(json, "phases", phases);
	kx_json_size(json, "known_ns", total);
	kx_json_print(stdout, json);
}

static void draw_phase(const struct kx_last_phase *phase, size_t i, uint64_t before, uint64_t total)
{
	double scale = total ? (double)BAR_WIDTH / (double)total : 0;
	double left = BAR_LEFT + (double)before * scale, width = (double)phase->ns * scale;
	int y = TOP + (int)i * ROW;

	printf("<text x=\"10\" y=\"%d\">%s</text>\n", y + 15, kx_phase_name((enum kx_phase)i));
	if (!phase->known) {
		printf("<text x=\"%.1f\" y=\"%d\" fill=\"#777\">unknown</text>\n", left + 5,
		       y + 15);
		return;
	}
	printf("<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", left, y,
	       width, BAR_HEIGHT, colours[i]);
	printf("<text x=\"%.1f\" y=\"%d\">%.3f ms</text>\n", left + width + 5, y + 15,
	       ms(phase->ns));
}

static void print_svg(const struct kx_last *last)
{
	bool all;
	uint64_t total = total_ns(last, &all), before = 0;

	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
	       "font-family=\"sans-serif\" font-size=\"13\">\n",
	       WIDTH, TOP + KX_PHASE_COUNT * ROW);
	printf("<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n");
	printf("<text x=\"10\" y=\"22\">The last jump: %s%.3f ms</text>\n", all ? "" : "at least ",
	       ms(total));
	for (size_t i = 0; i < KX_PHASE_COUNT; i++) {
		draw_phase(&last->phases[i], i, before, total);
		before += last->phases[i].ns;
	}
	puts("</svg>");
}

int kx_cmd_last(const struct kx_tool *tool, const struct kx_args *args)
{
	struct kx_last last = { 0 };
	struct kx_error err = { 0 };
	bool all;
	int r;

	if (args->operand_count || (args->json && args->svg)) {
		kx_say("kexec last takes no argument, and one of --json and --svg; see `kexec last "
		       "--help`");
		return KX_EXIT_ERROR;
	}
	r = kx_last_read(tool->root, &last, &err);
	if (r < 0) {
		kx_say("%s", err.text);
		return r == -ENODATA ? KX_EXIT_NO : KX_EXIT_ERROR;
	}
	if (args->json)
		print_json(&last);
	else if (args->svg)
		print_svg(&last);
	else
		print_text(&last);
	total_ns(&last, &all);
	return all ? KX_EXIT_YES : KX_EXIT_WARNINGS;
}
