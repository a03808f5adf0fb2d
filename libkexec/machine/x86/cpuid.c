// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cpuid.h>

#include "machine/x86/cpuid.h"

bool kx_cpuid_encryption(uint32_t *ret_eax, uint32_t *ret_ebx)
{
	unsigned eax, ebx, ecx, edx;

	if (!__get_cpuid(0x8000001f, &eax, &ebx, &ecx, &edx))
		return false;
	*ret_eax = eax;
	*ret_ebx = ebx;
	return true;
}

uint64_t kx_cpuid_ticks(void)
{
	return __builtin_ia32_rdtsc();
}

kx_digest_blocks *kx_cpuid_digest(enum kx_digest_kind kind)
{
	unsigned eax, ebx, ecx, edx;

	if (kind != KX_DIGEST_CRC32C)
		return kx_madd_blocks_sse2;
	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_SSE4_2))
		return NULL;
	return kx_crc32c_blocks_sse42;
}

bool kx_cpuid_la57(void)
{
	unsigned eax, ebx, ecx, edx;

	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && ecx & (1 << 16);
}
