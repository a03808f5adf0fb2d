// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which pages the running kernel has free: /proc/kpageflags, Documentation/admin-guide/mm/pagemap.rst. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch/x86/zero_page.h"
#include "base/endian.h"
#include "base/overflow.h"
#include "machine/readers.h"
#include "util.h"

/* Bit 10, BUDDY: in a free block of the allocator, whether or not it is the block's first page. */
#define FLAG_BUDDY (UINT64_C(1) << 10)
#define ENTRY_SIZE 8
#define PFN_MASK ((UINT64_C(1) << 55) - 1)
#define LARGE_PAGE (UINT64_C(2) << 20)
#define PAGE_SHIFT 12
/* Of all that lies above 4 GiB, to tell how much of it is free. */
#define SAMPLES_ABOVE 1024

static bool is_ram(const struct kx_iomem_entry *entry)
{
	return !entry->depth && !strcmp(entry->name, "System RAM");
}

/*
 * A page without any flag is on a processor's own list of free pages, which is looked at first of all; or, which we cannot
 * tell, the kernel has it without a note of what for.
 */
static enum kx_free how_free(int fd, uint64_t address)
{
	uint8_t flags[ENTRY_SIZE];
	off_t at = (off_t)((address >> PAGE_SHIFT) * ENTRY_SIZE);

	if (pread(fd, flags, sizeof(flags), at) != sizeof(flags))
		return KX_FREE_NOT;
	if (!kx_le64(flags))
		return KX_FREE_LATELY;
	return kx_le64(flags) & FLAG_BUDDY ? KX_FREE : KX_FREE_NOT;
}

/* The memory that the running kernel's own initrd came in: given back late, it is handed out early. */
static void mark_old_initrd(const struct kx_machine *machine, struct kx_free_pages *pages)
{
	const uint8_t *params = machine->boot_params;
	uint64_t start, size;

	if (!params)
		return;
	start = kx_le32(params + KX_BP_RAMDISK_IMAGE) |
		(uint64_t)kx_le32(params + KX_BP_EXT_RAMDISK_IMAGE) << 32;
	size = kx_le32(params + KX_BP_RAMDISK_SIZE) |
	       (uint64_t)kx_le32(params + KX_BP_EXT_RAMDISK_SIZE) << 32;
	for (size_t i = start / KX_FREE_STEP; i < pages->count && i * KX_FREE_STEP < start + size;
	     i++)
		if (pages->v[i])
			pages->v[i] = KX_FREE_LATELY;
}

/* One page for each KX_FREE_STEP below 4 GiB. */
static void sample_low(int fd, const struct kx_iomem_entry *entry, struct kx_free_pages *pages)
{
	for (size_t i = kx_align_up(entry->start, KX_FREE_STEP) / KX_FREE_STEP;
	     i < KX_FREE_SAMPLES && i * KX_FREE_STEP < entry->end; i++) {
		pages->v[i] = (uint8_t)how_free(fd, i * KX_FREE_STEP);
		pages->count = i + 1;
	}
}

/* Above that as many as make an estimate. */
static void sample_high(int fd, const struct kx_iomem_entry *entry, uint64_t step,
			struct kx_free_pages *pages)
{
	uint64_t at = entry->start < KX_FREE_END ? KX_FREE_END : entry->start;

	for (; at < entry->end && entry->end - at >= step; at += step)
		if (how_free(fd, at) == KX_FREE)
			pages->above += step;
}

static uint64_t ram_above(const struct kx_iomem *iomem)
{
	uint64_t size = 0;

	for (size_t i = 0; i < iomem->count; i++)
		if (is_ram(&iomem->v[i]) && iomem->v[i].end > KX_FREE_END)
			size += iomem->v[i].end -
				(iomem->v[i].start < KX_FREE_END ? KX_FREE_END : iomem->v[i].start);
	return size;
}

/* Where memory for what is unpacked comes from, by a page that we take and give back: pagemap.rst, PFN in bits 0 to 54. */
static uint64_t next_page(struct kx_root *root)
{
	_cleanup_(kx_closep) int fd = kx_root_file(root, "/proc/self/pagemap");
	uint8_t *room, *page, entry[ENTRY_SIZE];
	uint64_t next = 0;

	if (fd < 0)
		return 0;
	room = mmap(NULL, 2 * LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (room == MAP_FAILED)
		return 0;
	page = room + (kx_align_up((uintptr_t)room, LARGE_PAGE) - (uintptr_t)room);
	madvise(page, LARGE_PAGE, MADV_HUGEPAGE);
	*(volatile uint8_t *)page = 1;
	if (pread(fd, entry, sizeof(entry), (off_t)((uintptr_t)page >> PAGE_SHIFT) * ENTRY_SIZE) ==
	    sizeof(entry))
		next = (kx_le64(entry) & PFN_MASK) << PAGE_SHIFT;
	munmap(room, 2 * LARGE_PAGE);
	return next;
}

int kx_read_free_pages(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	_cleanup_(kx_closep) int fd = kx_root_file(root, "/proc/kpageflags");
	uint64_t step = kx_align_up(ram_above(&machine->iomem) / SAMPLES_ABOVE + 1, KX_FREE_STEP);
	struct kx_free_pages *pages = &machine->free_pages;

	if (fd < 0 || machine->iomem.hidden)
		return 0;
	pages->v = calloc(KX_FREE_SAMPLES, 1);
	if (!pages->v)
		return -ENOMEM;
	for (size_t i = 0; i < machine->iomem.count; i++) {
		if (!is_ram(&machine->iomem.v[i]))
			continue;
		sample_low(fd, &machine->iomem.v[i], pages);
		sample_high(fd, &machine->iomem.v[i], step, pages);
	}
	mark_old_initrd(machine, pages);
	pages->next = next_page(root);
	return 0;
}
