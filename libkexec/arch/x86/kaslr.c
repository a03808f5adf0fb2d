// SPDX-License-Identifier: LGPL-2.1-or-later
#include "kaslr.h"

#include <errno.h>
#include <string.h>

#include "base/endian.h"
#include "base/overflow.h"
#include "base/sha256.h"
#include "cmdline.h"

#define GIB (UINT64_C(1) << 30)

/* ---- numbers --------------------------------------------------------------------------------- */

static uint64_t next(struct kx_kaslr_rng *rng)
{
	uint8_t counter[8], digest[KX_SHA256_DIGEST_SIZE];
	struct kx_sha256 hash;

	kx_put_le64(counter, rng->counter++);
	kx_sha256_init(&hash);
	kx_sha256_update(&hash, rng->seed, sizeof(rng->seed));
	kx_sha256_update(&hash, counter, sizeof(counter));
	kx_sha256_final(&hash, digest);
	explicit_bzero(&hash, sizeof(hash)); /* the seed is in it */
	return kx_le64(digest);
}

uint64_t kx_kaslr_below(struct kx_kaslr_rng *rng, uint64_t count)
{
	/* So many values at the bottom would make the small numbers likelier. */
	uint64_t skip = -count % count, value;

	do
		value = next(rng);
	while (value < skip);
	return value % count;
}

/* ---- what the command line says -------------------------------------------------------------- */

static int limit(struct kx_ranges *set, uint64_t size)
{
	return size ? kx_ranges_remove(set, size, UINT64_MAX) : 0;
}

/* nn is mem=nn. nn@ss is RAM; nn with another sign and ss is not, or something else than it was. */
static int obey_part(struct kx_ranges *set, const char *from, const char *end)
{
	uint64_t size, start, last;

	if (!kx_cmdline_size(&from, end, &size))
		return 0;
	if (from == end)
		return limit(set, size);
	if (*from == '@')
		return 0;
	from++;
	if (!kx_cmdline_size(&from, end, &start) || kx_add_overflow(start, size, &last))
		return 0;
	return kx_ranges_remove(set, start, last);
}

/* efi_fake_mem=nn@ss:attribute may keep memory for a driver; whether it does, the kernel finds out for itself. */
static int obey_efi_part(struct kx_ranges *set, const char *from, const char *end)
{
	uint64_t size, start, last;

	if (!kx_cmdline_size(&from, end, &size) || from == end || *from != '@')
		return 0;
	from++;
	if (!kx_cmdline_size(&from, end, &start) || kx_add_overflow(start, size, &last))
		return 0;
	return kx_ranges_remove(set, start, last);
}

static int obey_list(struct kx_ranges *set, const struct kx_word *word,
		     int (*obey)(struct kx_ranges *, const char *, const char *))
{
	const char *from = word->value, *end = from + word->value_size;
	int r = 0;

	while (r == 0 && from < end) {
		const char *comma = memchr(from, ',', (size_t)(end - from));

		r = obey(set, from, comma ? comma : end);
		from = comma ? comma + 1 : end;
	}
	return r;
}

/* Whole gigabytes from the lowest on, which would be cut up by a kernel in their middle. */
static int keep_gigabytes(struct kx_ranges *set, uint64_t count)
{
	for (size_t i = 0; i < set->count && count;) {
		uint64_t start = kx_align_up(set->v[i].start, GIB);
		uint64_t end = kx_align_down(set->v[i].end, GIB);
		uint64_t pages = start < end ? (end - start) / GIB : 0;

		pages = pages < count ? pages : count;
		count -= pages;
		/* After that, what is at i has no whole gigabyte, or no more are asked for. */
		if (!pages)
			i++;
		else if (kx_ranges_remove(set, start, start + pages * GIB) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Documentation/admin-guide/kernel-parameters.txt: hugepages= counts pages of the hugepagesz= before it. */
struct huge_pages {
	bool gigabytes;
	uint64_t count;
};

static void note_huge_pages(struct huge_pages *huge, const struct kx_word *word)
{
	const char *from = word->value, *end = from + word->value_size;
	uint64_t value = 0;

	if (!kx_cmdline_size(&from, end, &value))
		return;
	if (kx_word_is(word, "hugepagesz") || kx_word_is(word, "default_hugepagesz"))
		huge->gigabytes = value == GIB;
	else if (kx_word_is(word, "hugepages") && huge->gigabytes)
		huge->count = value;
}

static int obey_word(struct kx_ranges *set, const struct kx_word *word, struct huge_pages *huge)
{
	const char *from = word->value;
	uint64_t size;

	if (kx_word_is(word, "memmap"))
		return obey_list(set, word, obey_part);
	if (kx_word_is(word, "efi_fake_mem"))
		return obey_list(set, word, obey_efi_part);
	if (kx_word_is(word, "mem") && kx_cmdline_size(&from, from + word->value_size, &size))
		return limit(set, size);
	note_huge_pages(huge, word);
	return 0;
}

int kx_kaslr_obey(const char *cmdline, struct kx_ranges *set)
{
	struct huge_pages huge = { 0 };
	struct kx_word word;
	int r = 0;

	while (r == 0 && kx_cmdline_next(&cmdline, &word))
		if (word.value)
			r = obey_word(set, &word, &huge);
	return r < 0 ? r : keep_gigabytes(set, huge.count);
}

/* ---- choosing -------------------------------------------------------------------------------- */

/* How many aligned places there are in one range, the first in *ret_first. */
static uint64_t count_slots(const struct kx_range *range, const struct kx_place *place,
			    uint64_t *ret_first)
{
	uint64_t start = range->start > place->min ? range->start : place->min;
	uint64_t end = range->end < place->max ? range->end : place->max;

	if (kx_align_up_overflow(start, place->align, &start) || start >= end ||
	    end - start < place->size)
		return 0;
	*ret_first = start;
	return 1 + (end - start - place->size) / place->align;
}

static uint64_t count_all_slots(const struct kx_ranges *set, const struct kx_place *place)
{
	uint64_t count = 0, first;

	for (size_t i = 0; i < set->count; i++)
		count += count_slots(&set->v[i], place, &first);
	return count;
}

int kx_kaslr_physical(const struct kx_ranges *set, const struct kx_ranges *better,
		      const struct kx_place *place, struct kx_kaslr_rng *rng, uint64_t *ret)
{
	uint64_t count = count_all_slots(set, place), count_better, slot, first, here;

	if (!count)
		return -ENOSPC;
	count_better = count_all_slots(better, place);
	if (count_better >= count - count_better) {
		set = better;
		count = count_better;
	}
	slot = kx_kaslr_below(rng, count);
	for (size_t i = 0; i < set->count; i++) {
		here = count_slots(&set->v[i], place, &first);
		if (slot < here) {
			*ret = first + slot * place->align;
			return 0;
		}
		slot -= here;
	}
	return -ENOSPC; /* not reached */
}

uint64_t kx_kaslr_shift(uint64_t start, uint64_t size, uint64_t end, uint64_t align,
			struct kx_kaslr_rng *rng)
{
	if (start >= end || end - start < size)
		return 0;
	return kx_kaslr_below(rng, 1 + (end - start - size) / align) * align;
}
