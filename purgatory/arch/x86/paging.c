// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Intel SDM 3A, 4.5: 4-level and 5-level paging. Pages of 1 GiB would need CPUID, which may fault
 * here.
 */
#include "purgatory/arch/x86/paging.h"
#include "base/overflow.h"

enum { PRESENT = 1 << 0, WRITABLE = 1 << 1, ACCESSED = 1 << 5, DIRTY = 1 << 6, LARGE = 1 << 7 };

#define LARGE_PAGE_SIZE (UINT64_C(1) << 21)
#define TABLE_SIZE 4096

/*
 * One-to-one mapping takes an address twice: as canonical linear address, and as physical one of at
 * most 52 bits.
 */
static uint64_t address_end(const struct kx_paging *paging)
{
	uint64_t end = UINT64_C(1) << (paging->levels == 5 ? 52 : 47);

	return paging->enc_mask && paging->enc_mask < end ? paging->enc_mask : end;
}

static uint64_t *new_table(struct kx_paging *paging)
{
	uint64_t *table;

	if (paging->used == paging->count)
		return NULL;
	table = paging->pool[paging->used++];
	for (unsigned i = 0; i < 512; i++)
		table[i] = 0;
	return table;
}

static uint64_t *next_table(struct kx_paging *paging, uint64_t *entry)
{
	uint64_t *table;

	if (*entry)
		return (uint64_t *)(uintptr_t)(kx_align_down(*entry, TABLE_SIZE) &
					       ~paging->enc_mask);
	table = new_table(paging);
	if (table)
		*entry = (uintptr_t)table | paging->enc_mask | PRESENT | WRITABLE | ACCESSED;
	return table;
}

/* The table that maps the GiB around @page. */
static uint64_t *leaf_table(struct kx_paging *paging, uint64_t page)
{
	uint64_t *table = paging->pool[0];

	for (unsigned level = paging->levels; table && level > 2; level--)
		table = next_table(paging, &table[page >> (3 + 9 * level) & 511]);
	return table;
}

/* From @page up to @end, or to where the table ends; returns where that is. */
static uint64_t map_pages(uint64_t *table, uint64_t page, uint64_t end, uint64_t attributes)
{
	uint64_t *entry = &table[page >> 21 & 511], *last = &table[511];

	attributes |= PRESENT | WRITABLE | ACCESSED | DIRTY | LARGE;
	for (; page < end && entry <= last; page += LARGE_PAGE_SIZE, entry++)
		if (!*entry)
			*entry = page | attributes;
	return page;
}

const char *kx_paging_map(struct kx_paging *paging, uint64_t start, uint64_t size,
			  uint64_t attributes)
{
	uint64_t end, page = kx_align_down(start, LARGE_PAGE_SIZE);

	if (kx_add_overflow(start, size, &end) || end > address_end(paging))
		return "a range ends past what page tables can map";
	if (!(attributes & KX_PAGE_UNCACHED))
		attributes |= paging->enc_mask;
	if (!paging->used && !new_table(paging))
		return "no page tables";
	while (page < end) {
		uint64_t *table = leaf_table(paging, page);

		if (!table)
			return "the ranges need more page tables than there are";
		page = map_pages(table, page, end, attributes);
	}
	return NULL;
}
