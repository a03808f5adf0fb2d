// SPDX-License-Identifier: LGPL-2.1-or-later
#include "elf_load.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "util.h"

static uint64_t first_page(const struct kx_piece *piece)
{
	return kx_align_down(piece->start, KX_PAGE_SIZE);
}

static uint64_t end(const struct kx_piece *piece)
{
	return piece->start + piece->size;
}

static int by_start(const void *a, const void *b)
{
	const struct kx_piece *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* How many of the first pieces share pages one after the other. */
static size_t count_neighbours(const struct kx_piece *pieces, size_t count)
{
	size_t n = 1;

	while (n < count && first_page(&pieces[n]) < kx_align_up(end(&pieces[n - 1]), KX_PAGE_SIZE))
		n++;
	return n;
}

/* The bytes of @count neighbours, from the first one's page on; zero-copy where that is possible. */
static int gather(struct kx_plan *plan, const struct kx_piece *pieces, size_t count,
		  struct kx_segment *segment, struct kx_error *err)
{
	const struct kx_piece *last = &pieces[count - 1];
	uint64_t start = first_page(pieces);
	uint8_t *copy;

	segment->bufsz = last->start - start + last->bytes.size;
	if (count == 1 && pieces->start == start) {
		segment->buf = pieces->bytes.data;
		return 0;
	}
	copy = kx_plan_alloc(plan, segment->bufsz, err);
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (pieces[i].bytes.size)
			memcpy(copy + (pieces[i].start - start), pieces[i].bytes.data,
			       pieces[i].bytes.size);
	segment->buf = copy;
	return 0;
}

/* No larger machine would help, so more is to be said than that there is no room. */
static int check_place(const struct kx_plan *plan, uint64_t start, uint64_t last,
		       struct kx_error *err)
{
	_cleanup_(kx_ranges_clear) struct kx_ranges ram = { 0 };

	if (!plan->placed || kx_ranges_contain(&plan->free, start, last))
		return 0;
	if (kx_memmap_of_type(&plan->machine->firmware_map, KX_MEM_RAM, &ram) < 0)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	return kx_fail(err, ENOSPC,
		       "no room for kernel: the file says that it runs at 0x%" PRIx64
		       " to 0x%" PRIx64 ", %s",
		       start, last - 1,
		       kx_ranges_contain(&ram, start, last)
			       ? "which the running kernel keeps for something else"
			       : "where this machine has no RAM; it is made for a ROM or another "
				 "machine");
}

static int place(struct kx_plan *plan, const struct kx_piece *pieces, size_t count,
		 struct kx_error *err)
{
	uint64_t start = first_page(pieces), size = end(&pieces[count - 1]) - start;
	struct kx_segment segment = { .name = "kernel", .memsz = size };
	struct kx_place at = { .size = size,
			       .align = KX_PAGE_SIZE,
			       .min = start,
			       .max = kx_align_up(start + size, KX_PAGE_SIZE) };
	int r = check_place(plan, start, at.max, err);

	if (r == 0)
		r = kx_plan_place(plan, "kernel", &at, &segment.dest, err);
	if (r == 0)
		r = gather(plan, pieces, count, &segment, err);
	return r < 0 ? r : kx_plan_add(plan, &segment, err, "the file says so");
}

int kx_place_pieces(struct kx_plan *plan, struct kx_piece *pieces, size_t count,
		    struct kx_error *err)
{
	uint64_t last;
	size_t n;
	int r = 0;

	if (!count)
		return kx_fail(err, EBADMSG, "nothing in the file is to be loaded");
	/* With room to round up to a page. */
	for (size_t i = 0; i < count; i++)
		if (kx_add_overflow(pieces[i].start, pieces[i].size, &last) ||
		    last > UINT64_MAX - KX_PAGE_SIZE)
			return kx_fail(err, EBADMSG, "kernel ends past the address space");
	qsort(pieces, count, sizeof(*pieces), by_start);
	for (size_t i = 0; r == 0 && i < count; i += n) {
		n = count_neighbours(pieces + i, count - i);
		r = place(plan, pieces + i, n, err);
	}
	return r;
}

int kx_elf_place(struct kx_plan *plan, struct kx_view file, const struct kx_elf *elf,
		 struct kx_error *err)
{
	struct kx_piece pieces[KX_ELF_PHDR_MAX];
	size_t count = 0;

	for (size_t i = 0; i < elf->phdr_count; i++) {
		const struct kx_elf_phdr *ph = &elf->phdrs[i];

		if (ph->type != PT_LOAD || !ph->memsz)
			continue;
		pieces[count] = (struct kx_piece){ .start = ph->paddr, .size = ph->memsz };
		/* Within the file, as kx_elf_parse() found. */
		if (ph->filesz)
			kx_view_sub(file, ph->offset, ph->filesz, &pieces[count].bytes);
		count++;
	}
	return kx_place_pieces(plan, pieces, count, err);
}

static uint64_t largest_align(const struct kx_elf *elf)
{
	uint64_t align = KX_PAGE_SIZE;

	for (size_t i = 0; i < elf->phdr_count; i++) {
		const struct kx_elf_phdr *ph = &elf->phdrs[i];

		if (ph->type == PT_LOAD && ph->memsz && ph->align > align)
			align = ph->align;
	}
	return align;
}

/* All that is loaded: [*ret_start, *ret_end), from a multiple of @align on; false if there is nothing, or too much. */
static bool extent(const struct kx_elf *elf, uint64_t align, uint64_t *ret_start, uint64_t *ret_end)
{
	uint64_t start = UINT64_MAX, last = 0, phdr_end;

	for (size_t i = 0; i < elf->phdr_count; i++) {
		const struct kx_elf_phdr *ph = &elf->phdrs[i];

		if (ph->type != PT_LOAD || !ph->memsz)
			continue;
		if (kx_add_overflow(ph->paddr, ph->memsz, &phdr_end))
			return false;
		start = ph->paddr < start ? ph->paddr : start;
		last = phdr_end > last ? phdr_end : last;
	}
	*ret_start = kx_align_down(start, align);
	return start < last && !kx_align_up_overflow(last, KX_PAGE_SIZE, ret_end);
}

uint64_t kx_elf_load_base(const struct kx_elf *elf)
{
	uint64_t base = UINT64_MAX;

	for (size_t i = 0; i < elf->phdr_count; i++) {
		const struct kx_elf_phdr *ph = &elf->phdrs[i];

		if (ph->type == PT_LOAD && ph->memsz && ph->paddr < base)
			base = ph->paddr;
	}
	return base;
}

int kx_elf_relocate(struct kx_plan *plan, struct kx_elf *elf, const struct kx_place *where,
		    struct kx_error *err)
{
	struct kx_place place = { .min = 0x100000, .max = UINT64_C(1) << 32, .low_first = true };
	uint64_t start, end_at, at, align = where ? KX_PAGE_SIZE : largest_align(elf);

	if ((elf->type != ET_DYN && !where) || !plan->placed)
		return 0;
	if (where)
		place = *where;
	if (!extent(elf, align, &start, &end_at))
		return kx_fail(err, EBADMSG,
			       "malformed ELF file: its segments do not fit the address space");
	if ((!where || (start >= where->min && end_at <= where->max)) &&
	    kx_ranges_contain(&plan->free, start, end_at))
		return 0;
	place.size = end_at - start;
	place.align = align > place.align ? align : place.align;
	if (kx_ranges_place(&plan->free, &place, &at) < 0)
		return kx_plan_no_room(plan, "kernel", &place, err);
	for (size_t i = 0; i < elf->phdr_count; i++) {
		elf->phdrs[i].paddr += at - start;
		elf->phdrs[i].vaddr += at - start;
	}
	elf->entry += at - start;
	return 0;
}

int kx_elf_physical_entry(const struct kx_elf *elf, uint64_t *ret, struct kx_error *err)
{
	bool physical = false;

	for (size_t i = 0; i < elf->phdr_count; i++) {
		const struct kx_elf_phdr *ph = &elf->phdrs[i];

		if (ph->type != PT_LOAD)
			continue;
		if (elf->entry >= ph->vaddr && elf->entry - ph->vaddr < ph->memsz) {
			*ret = ph->paddr + (elf->entry - ph->vaddr);
			return 0;
		}
		physical |= elf->entry >= ph->paddr && elf->entry - ph->paddr < ph->memsz;
	}
	if (!physical)
		return kx_fail(err, EBADMSG,
			       "malformed ELF file: no segment holds its entry 0x%" PRIx64,
			       elf->entry);
	*ret = elf->entry;
	return 0;
}
