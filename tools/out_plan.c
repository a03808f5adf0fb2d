// SPDX-License-Identifier: GPL-2.0-or-later
/* A plan as text. */
#include "tool.h"

#include <inttypes.h>
#include <string.h>

#include "carry.h"
#include "names.h"

#define LABEL_COLUMN 10

static void print_line(FILE *out, const struct kx_style *style, const char *label, const char *text)
{
	fprintf(out, "%-*s", LABEL_COLUMN, label);
	kx_text_wrap(out, text, LABEL_COLUMN, LABEL_COLUMN, style->width);
}

static void print_source(FILE *out, const char *label, const struct kx_source *source,
			 const char *format)
{
	fprintf(out, "%-*s", LABEL_COLUMN, label);
	kx_text_put(out, kx_source_name(source));
	fprintf(out, " (%s%s%s)\n", format ? format : "", format ? ", " : "",
		kx_size_text(kx_source_size(source)).s);
}

/* "/boot/initrd.img: gzip, 38.9 MiB -> 120.1 MiB" */
static void print_archive(FILE *out, const struct kx_archive *archive)
{
	const char *why = kx_archive_left_text(archive->left);

	fprintf(out, "%-*s", LABEL_COLUMN, "archive");
	kx_text_put(out, kx_source_name(archive->source));
	if (why)
		fprintf(out, ": %s, left as it is: %s\n", archive->format, why);
	else
		fprintf(out, ": %s, %s -> %s\n", archive->format, kx_size_text(archive->size).s,
			kx_size_text(archive->unpacked_size).s);
}

/* "bzImage64 in compressed, uki" */
static void print_kernel(FILE *out, const struct kx_plan *plan, const struct kx_source *source)
{
	const char *containers = kx_plan_containers(plan);
	char format[160];

	snprintf(format, sizeof(format), "%s%s%s", kx_plan_format(plan), *containers ? " in " : "",
		 containers);
	print_source(out, "kernel", source, format);
}

static const char *direct_text(const struct kx_plan *plan)
{
	if (!kx_plan_direct(plan))
		return kx_plan_direct_why(plan) ? ", of the kernel's own decompressor: " : "";
	return kx_plan_kaslr(plan) ? ", of the kernel itself, decompressed before the jump; each "
				     "load chooses its place anew (KASLR)"
				   : ", of the kernel itself, decompressed before the jump";
}

static void print_call(FILE *out, const struct kx_style *style, const struct kx_plan *plan)
{
	const char *mode = kx_plan_entry_mode(plan), *why = kx_plan_direct_why(plan);
	char text[KX_ERROR_TEXT_MAX + 32];

	snprintf(text, sizeof(text), "%s: %s", kx_method_name(kx_plan_method(plan)),
		 kx_plan_method_why(plan));
	print_line(out, style, "call", text);
	if (kx_plan_placed(plan)) {
		snprintf(text, sizeof(text), "0x%" PRIx64 "%s%s%s%s", kx_plan_entry(plan),
			 mode ? ", in " : "", mode ? mode : "", direct_text(plan), why ? why : "");
		print_line(out, style, "entry", text);
	} else
		print_line(out, style, "entry",
			   kx_plan_method(plan) == KX_METHOD_FILE_LOAD
				   ? "chosen by the running kernel"
				   : "unknown");
}

static void print_crash(FILE *out, const struct kx_style *style, const struct kx_plan *plan)
{
	uint64_t start, size;
	char text[80];

	if (!kx_plan_crash_region(plan, &start, &size))
		return;
	snprintf(text, sizeof(text), "for a panic, into the %s kept at 0x%" PRIx64,
		 kx_size_text(size).s, start);
	print_line(out, style, "crash", text);
}

/* "no_timer_check: what that does" */
static void print_hint(FILE *out, const struct kx_style *style, const struct kx_hint *hint)
{
	char text[256];

	snprintf(text, sizeof(text), "%s: %s", hint->word, hint->why);
	print_line(out, style, "hint", text);
}

void kx_plan_print(FILE *out, const struct kx_plan *plan, const struct kx_order *order,
		   const struct kx_machine *machine)
{
	const char *release = kx_machine_release(machine);
	struct kx_style style = kx_style_of(out);

	fprintf(out, "%-*s%s, running %s\n", LABEL_COLUMN, "machine", kx_plan_arch(plan),
		release ? release : "an unknown release");
	print_kernel(out, plan, order->kernel);
	for (size_t i = 0; i < order->initrd_count; i++)
		print_source(out, "initrd", order->initrds[i], NULL);
	for (size_t i = 0; i < kx_plan_archive_count(plan); i++)
		print_archive(out, kx_plan_archive(plan, i));
	for (size_t i = 0; i < order->module_count; i++)
		print_source(out, "module", order->module_sources[i], NULL);
	/* Of other files nothing beside them counts. */
	for (size_t i = 0; strstr(kx_plan_containers(plan), "uki") && i < order->companion_count;
	     i++)
		print_source(out, "beside", order->companions[i], NULL);
	if (order->dtb)
		print_source(out, "dtb", order->dtb, NULL);
	kx_carry_print(out, plan);
	print_line(out, &style, "cmdline",
		   *kx_plan_cmdline(plan) ? kx_plan_cmdline(plan) : "(none)");
	for (size_t i = 0; i < kx_plan_hint_count(plan); i++)
		print_hint(out, &style, kx_plan_hint(plan, i));
	print_call(out, &style, plan);
	print_crash(out, &style, plan);
	for (size_t i = 0; i < kx_plan_warning_count(plan); i++)
		print_line(out, &style, "warning", kx_plan_warning(plan, i));
	fputc('\n', out);
	kx_plan_draw(out, plan);
}
