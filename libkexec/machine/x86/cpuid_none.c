// SPDX-License-Identifier: LGPL-2.1-or-later
#include "machine/x86/cpuid.h"

bool kx_cpuid_encryption(uint32_t *ret_eax, uint32_t *ret_ebx)
{
	(void)ret_eax;
	(void)ret_ebx;
	return false;
}

uint64_t kx_cpuid_ticks(void)
{
	return 0;
}

kx_digest_blocks *kx_cpuid_digest(enum kx_digest_kind kind)
{
	return NULL;
}

bool kx_cpuid_la57(void)
{
	return false;
}
