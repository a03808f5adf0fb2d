/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Page tables for x86_64 that map memory one to one, as a computation: nothing here touches the
 * CPU.
 */
#ifndef KX_PURGATORY_X86_PAGING_H
#define KX_PURGATORY_X86_PAGING_H

#include <stddef.h>
#include <stdint.h>

/*
 * Attributes for kx_paging_map(). PCD and PWT together select PAT entry 3, uncached at reset and
 * under Linux.
 */
#define KX_PAGE_UNCACHED 0x18

typedef uint64_t kx_page_table[512];

/**
 * struct kx_paging - tables being built
 * @pool: @count page-aligned tables, mapped one to one; the root becomes the first
 * @used: how many are in use; start with 0
 * @levels: 4 or 5
 * @enc_mask: see struct kx_handoff
 */
struct kx_paging {
	kx_page_table *pool;
	unsigned count;
	unsigned used;
	unsigned levels;
	uint64_t enc_mask;
};

/**
 * kx_paging_map() - map the 2-MiB pages that hold a byte of [@start, @start + @size)
 * @attributes: 0 for memory, KX_PAGE_UNCACHED for device registers, which are never encrypted
 *
 * A page that is mapped already stays as it is, so memory comes before devices.
 *
 * Return: NULL, or what is wrong.
 */
const char *kx_paging_map(struct kx_paging *paging, uint64_t start, uint64_t size,
			  uint64_t attributes);

#endif
