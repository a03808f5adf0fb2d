// SPDX-License-Identifier: LGPL-2.1-or-later
#include "purgatory/purgatory.h"

/* Intel SDM 3A, 2.5; 13.1, what SSE needs. */
#define CR0_EM (UINT64_C(1) << 2)
#define CR0_TS (UINT64_C(1) << 3)
#define CR4_OSFXSR (UINT64_C(1) << 9)

static uint64_t read_cr0(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static uint64_t read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static void write_cr0(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static void write_cr4(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

/* The old kernel has switched SSE off, and the next one finds it so: relocate_kernel_64.S. */
static void madd(uint64_t lanes[KX_DIGEST_LANES], const uint8_t *p, size_t count)
{
	uint64_t cr0 = read_cr0(), cr4 = read_cr4();

	write_cr0(cr0 & ~(CR0_EM | CR0_TS));
	write_cr4(cr4 | CR4_OSFXSR);
	kx_madd_blocks_sse2(lanes, p, count);
	write_cr4(cr4);
	write_cr0(cr0);
}

kx_digest_blocks *kx_arch_digest(enum kx_digest_kind kind)
{
	return kind == KX_DIGEST_CRC32C ? kx_crc32c_blocks_sse42 : madd;
}
