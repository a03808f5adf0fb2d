// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Virtual addresses of an x86 kernel: its own image by phys_base (Linux Documentation/arch/x86/x86_64/mm.rst,
 * Documentation/admin-guide/kdump/vmcoreinfo.rst), everything else by its page tables (Intel SDM volume 3, chapter 4).
 */
#include <elf.h>

#include "core.h"
#include "vmcoreinfo.h"

/* __START_KERNEL_map, and the most that KERNEL_IMAGE_SIZE is. */
#define IMAGE_START UINT64_C(0xffffffff80000000)
#define IMAGE_SIZE (UINT64_C(1) << 30)
/* PAGE_OFFSET of a 32-bit kernel, as all distributions have it, and the end of what it maps for good. */
#define LOW_START UINT64_C(0xc0000000)
#define LOW_END UINT64_C(0xf8000000)

#define PRESENT UINT64_C(0x1)
#define LARGE UINT64_C(0x80)
#define ADDRESS UINT64_C(0x000ffffffffff000)
#define PAGE_BITS 12
#define LEVEL_BITS 9

/* Of the kernel's image; false elsewhere. */
static bool image_address(const struct kx_vmcore *core, uint64_t va, uint64_t *ret)
{
	if (!core->has_phys_base || va < IMAGE_START || va - IMAGE_START >= IMAGE_SIZE)
		return false;
	*ret = va - IMAGE_START + core->phys_base;
	return true;
}

void kx_x86_prepare(struct kx_vmcore *core)
{
	uint64_t tables, five = 0, encrypted = 0;

	if (core->machine != EM_X86_64 && core->machine != EM_386)
		return;
	/* A compressed dump's header may have said it before. */
	if (kx_vmcoreinfo_number(core->info, "NUMBER", "phys_base", &core->phys_base))
		core->has_phys_base = true;
	if (core->word != 8 ||
	    !kx_vmcoreinfo_number(core->info, "SYMBOL", "swapper_pg_dir", &tables))
		return;
	if (!image_address(core, tables, &core->page_tables))
		return;
	kx_vmcoreinfo_number(core->info, "NUMBER", "pgtable_l5_enabled", &five);
	kx_vmcoreinfo_number(core->info, "NUMBER", "sme_mask", &encrypted);
	core->levels = five ? 5 : 4;
	core->address_mask = ADDRESS & ~encrypted;
}

static bool walk(struct kx_vmcore *core, uint64_t va, uint64_t *ret_pa, uint64_t *ret_run)
{
	uint64_t table = core->page_tables, entry, size;

	for (unsigned level = core->levels; level; level--) {
		unsigned shift = PAGE_BITS + LEVEL_BITS * (level - 1);
		uint64_t index = va >> shift & ((1 << LEVEL_BITS) - 1);
		uint8_t bytes[8];

		if (kx_vmcore_read_phys(core, table + index * sizeof(bytes), bytes, sizeof(bytes)) <
		    0)
			return false;
		entry = kx_vmcore_decode(core, bytes, sizeof(bytes));
		if (!(entry & PRESENT))
			return false;
		table = entry & core->address_mask;
		if (level > 1 && (level > 3 || !(entry & LARGE)))
			continue;
		size = UINT64_C(1) << shift;
		*ret_pa = (table & ~(size - 1)) + (va & (size - 1));
		*ret_run = size - (va & (size - 1));
		return true;
	}
	return false;
}

bool kx_x86_translate(struct kx_vmcore *core, uint64_t va, uint64_t *ret_pa, uint64_t *ret_run)
{
	if (core->machine != EM_X86_64 && core->machine != EM_386)
		return false;
	if (core->word == 4 && va >= LOW_START && va < LOW_END) {
		*ret_pa = va - LOW_START;
		*ret_run = LOW_END - va;
		return true;
	}
	if (core->word == 8 && image_address(core, va, ret_pa)) {
		*ret_run = IMAGE_SIZE - (va - IMAGE_START);
		return true;
	}
	return core->levels && walk(core, va, ret_pa, ret_run);
}
