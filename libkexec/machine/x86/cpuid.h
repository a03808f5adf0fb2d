/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What only the processor itself says; cpuid.c where there is such a processor, cpuid_none.c
 * elsewhere. */
#ifndef KX_MACHINE_CPUID_H
#define KX_MACHINE_CPUID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"

/* Leaf 0x8000001f, "Encrypted Memory Capabilities" (AMD APM volume 3, E.4.17); false where there is
 * none. */
bool kx_cpuid_encryption(uint32_t *ret_eax, uint32_t *ret_ebx);

/* The time stamp counter; 0 where there is none. */
uint64_t kx_cpuid_ticks(void);

/* What takes blocks of this kind, by the fastest means that this processor has; NULL for plain C. */
kx_digest_blocks *kx_cpuid_digest(enum kx_digest_kind kind);

/* Leaf 7, can it do 5-level paging (Intel SDM volume 2, CPUID: ECX bit 16, LA57)? Whether the kernel uses it or not. */
bool kx_cpuid_la57(void);

#endif
