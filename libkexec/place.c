// SPDX-License-Identifier: LGPL-2.1-or-later
#include "place.h"

#include <errno.h>
#include <stdlib.h>

#include "base/overflow.h"
#include "util.h"

/* Below this the next kernel's devices have their memory (ZONE_DMA). */
#define LOWEST (UINT64_C(16) << 20)

/* So many times what is to be placed must be free above 4 GiB: the command itself takes memory, too. */
#define ENOUGH_ABOVE 4

/*
 * How much worse what was freed last is than what is just free: it is handed out first of all, the other only when its turn
 * comes, which is as unlikely as there is more of it than is needed.
 */
static uint32_t lately_weight(const struct kx_free_pages *pages, uint64_t size)
{
	uint32_t all = 0;

	for (size_t i = 0; i < KX_FREE_SAMPLES; i++)
		all += pages->v[i] != KX_FREE_NOT;
	return 2 + (uint32_t)(all / (size / KX_FREE_STEP + 1));
}

/* Then nothing below is handed out. */
static bool is_above(const struct kx_free_pages *pages, uint64_t size)
{
	return pages->above / ENOUGH_ABOVE >= size;
}

/* Of the samples' weights, before each; one more than there are samples. */
static uint32_t *sum_up(const struct kx_free_pages *pages, uint64_t size)
{
	const uint32_t weights[] = {
		[KX_FREE] = 1,
		[KX_FREE_LATELY] = lately_weight(pages, size),
	};
	uint32_t *sums = calloc(KX_FREE_SAMPLES + 1, sizeof(*sums));

	for (size_t i = 0; sums && i < KX_FREE_SAMPLES; i++)
		sums[i + 1] = sums[i] + (is_above(pages, size) ? 0 : weights[pages->v[i]]);
	return sums;
}

struct search {
	const uint32_t *sums;
	uint64_t size, align;
	uint64_t best;
	uint32_t cost;
};

static void consider(struct search *s, uint64_t at)
{
	uint64_t last = (at + s->size - 1) / KX_FREE_STEP;
	uint32_t cost = s->sums[last + 1] - s->sums[at / KX_FREE_STEP];

	if (cost >= s->cost)
		return;
	s->cost = cost;
	s->best = at;
}

/* From the highest down, in steps of the samples. */
static void search_range(struct search *s, uint64_t start, uint64_t end)
{
	uint64_t at, step = s->align > KX_FREE_STEP ? s->align : KX_FREE_STEP;

	if (kx_align_up_overflow(start, s->align, &start) || start >= end || end - start < s->size)
		return;
	at = kx_align_down(end - s->size, s->align);
	consider(s, at);
	for (at = kx_align_down(at, step); at >= start && at >= step; at -= step)
		consider(s, at);
	consider(s, start);
}

int kx_place_quiet(const struct kx_free_pages *pages, const struct kx_ranges *set,
		   const struct kx_place *place, uint64_t *ret)
{
	_cleanup_free_ uint32_t *sums = NULL;
	struct search s = { .size = place->size, .align = place->align, .cost = UINT32_MAX };
	uint64_t min = place->min < LOWEST ? LOWEST : place->min;
	uint64_t max = place->max < KX_FREE_END ? place->max : KX_FREE_END;

	if (!pages->v)
		return -ENODATA;
	s.sums = sums = sum_up(pages, place->size);
	if (!sums)
		return -ENODATA;
	for (size_t i = set->count; i-- > 0;)
		search_range(&s, set->v[i].start > min ? set->v[i].start : min,
			     set->v[i].end < max ? set->v[i].end : max);
	if (s.cost == UINT32_MAX)
		return -ENOSPC;
	*ret = s.best;
	return 0;
}

/* A sample is taken from what is left of *@bytes. */
static bool takes(uint64_t *bytes)
{
	bool any = *bytes > 0;

	*bytes -= *bytes < KX_FREE_STEP ? *bytes : KX_FREE_STEP;
	return any;
}

int kx_place_avoid_next(const struct kx_free_pages *pages, uint64_t made, uint64_t loaded,
			struct kx_ranges *set)
{
	int r = 0;

	if (!pages->v || is_above(pages, made + loaded))
		return 0;
	for (size_t i = 0; r == 0 && i < pages->count; i++) {
		bool after = pages->next && i >= pages->next / KX_FREE_STEP;

		if (pages->v[i] == KX_FREE_LATELY ||
		    (after && pages->v[i] == KX_FREE && !takes(&made) && takes(&loaded)))
			r = kx_ranges_remove(set, i * KX_FREE_STEP, (i + 1) * KX_FREE_STEP);
	}
	return r;
}
