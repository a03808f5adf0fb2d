// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hints.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmdline.h"
#include "plan.h"
#include "util.h"

/* The hints that @cmdline says nothing about yet. */
static void choose(struct kx_plan *plan, const struct kx_hint *hints)
{
	struct kx_word word;

	for (; hints->word && plan->hint_count < KX_PLAN_HINT_MAX; hints++)
		if (!kx_cmdline_find(plan->cmdline, hints->word, &word))
			plan->hints[plan->hint_count++] = hints;
}

/* "one two kexec.hints=one,two " */
static void write_words(FILE *out, const struct kx_plan *plan)
{
	for (size_t i = 0; i < plan->hint_count; i++)
		fprintf(out, "%s ", plan->hints[i]->word);
	for (size_t i = 0; i < plan->hint_count; i++)
		fprintf(out, "%s%s", i ? "," : KX_HINTS_MARK "=", plan->hints[i]->word);
}

int kx_hints_add(struct kx_plan *plan, const struct kx_hint *hints, struct kx_error *err)
{
	_cleanup_free_ char *words = NULL;
	char *line = NULL;
	size_t size = 0;
	FILE *out;
	bool ok;

	choose(plan, hints);
	if (!plan->hint_count)
		return 0;
	out = open_memstream(&words, &size);
	if (out) {
		write_words(out, plan);
		ok = !ferror(out);
		if (fclose(out) == 0 && ok)
			line = kx_cmdline_insert(plan->cmdline, words);
	}
	if (!line)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	plan->plain_cmdline = plan->cmdline;
	plan->cmdline = line;
	return 0;
}

void kx_hints_fit(struct kx_plan *plan, size_t max)
{
	if (!plan->hint_count || strlen(plan->cmdline) <= max)
		return;
	kx_plan_warn(plan,
		     "no hints are added, although asked for: with them the command line has %zu "
		     "bytes, this kernel takes %zu; shorten it",
		     strlen(plan->cmdline), max);
	free(plan->cmdline);
	plan->cmdline = kx_steal(plan->plain_cmdline);
	plan->hint_count = 0;
}
