// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Enters our own page tables: the old kernel's map memory, but not what consoles need, and not for
 * long.
 */
#include "purgatory/arch/x86/paging.h"
#include "purgatory/arch/x86/x86.h"
#include "purgatory/purgatory.h"

#define CR4_LA57 (1 << 12)
#define SCREEN_SIZE 4096

/* Each is cleared when it is used. */
static kx_page_table pool[KX_HANDOFF_PAGE_TABLES]
	__attribute__((aligned(4096), section(".bss.uncleared")));

static const char *map_ranges(struct kx_paging *paging, const struct kx_handoff_range *ranges,
			      uint32_t count)
{
	const char *problem = NULL;

	for (uint32_t i = 0; i < count && !problem; i++)
		problem = kx_paging_map(paging, ranges[i].start, ranges[i].size, 0);
	return problem;
}

static const char *map_memory(struct kx_paging *paging, const struct kx_handoff *handoff)
{
	const char *problem = kx_paging_map(paging, (uintptr_t)kx_blob_start,
					    (uint64_t)(kx_blob_end - kx_blob_start), 0);

	if (!problem)
		problem = map_ranges(paging, handoff->maps, handoff->map_count);
	if (!problem)
		problem = map_ranges(paging, handoff->regions, handoff->region_count);
	return problem;
}

static const char *map_devices(struct kx_paging *paging, const struct kx_handoff *handoff)
{
	const char *problem = NULL;

	if (handoff->flags & KX_HANDOFF_VGA_TEXT)
		problem = kx_paging_map(paging, handoff->vga_base, SCREEN_SIZE, KX_PAGE_UNCACHED);
	if (!problem && handoff->console.kind == KX_CONSOLE_MMIO)
		problem =
			kx_paging_map(paging, handoff->console.base,
				      UINT64_C(8) << handoff->console.reg_shift, KX_PAGE_UNCACHED);
	return problem;
}

/* Mapped one to one, address 0 included. */
uint8_t *kx_arch_memory(void)
{
	return NULL;
}

const char *kx_arch_map(const struct kx_handoff *handoff)
{
	struct kx_paging paging = {
		.pool = pool,
		.count = KX_HANDOFF_PAGE_TABLES,
		.enc_mask = handoff->enc_mask,
	};
	const char *problem;
	uint64_t cr4;

	__asm__("mov %%cr4, %0" : "=r"(cr4));
	paging.levels = cr4 & CR4_LA57 ? 5 : 4;
	problem = map_memory(&paging, handoff);
	if (!problem)
		problem = map_devices(&paging, handoff);
	if (!problem)
		__asm__ volatile("mov %0, %%cr3"
				 :
				 : "r"((uintptr_t)pool | paging.enc_mask)
				 : "memory");
	return problem;
}
