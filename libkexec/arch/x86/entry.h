/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where and how the next kernel is entered: what formats tell purgatory.c. */
#ifndef KX_X86_ENTRY_H
#define KX_X86_ENTRY_H

#include "abi/handoff.h"
#include "plan.h"

/**
 * struct kx_x86_entry - the state of the CPU at the next kernel's entry
 * @mode: KX_MODE_*
 * @ip: physical address of the entry; with KX_MODE_16 within @cs * 16 … @cs * 16 + 0xffff
 * @regs: as in struct kx_handoff, host byte order
 * @cs, @ds, @ss: with KX_MODE_16 only
 * @rsdp_tags, @ebda: as in struct kx_handoff
 */
struct kx_x86_entry {
	uint32_t mode;
	uint64_t ip;
	struct kx_handoff_regs regs;
	uint16_t cs, ds, ss;
	uint64_t rsdp_tags, ebda;
};

/* The first address that may be used for a real-mode payload: below live the BIOS's IVT and data, and DOS's. */
#define KX_X86_LOW_MIN 0x3000
/* Ends of what is addressable in real mode's conventional memory, and without paging. */
#define KX_X86_LOW_MAX 0xa0000
#define KX_X86_FOUR_GIB (UINT64_C(1) << 32)

/**
 * kx_x86_purgatory() - add purgatory, which checks all other segments, then enters the next kernel as @entry says
 *
 * To be called last, when all other segments are in the plan.
 *
 * Errors: -ENOSPC when there is no room for it (with KX_MODE_32 below 4 GiB; with KX_MODE_16 also a page between
 * KX_X86_LOW_MIN and KX_X86_LOW_MAX); -EOPNOTSUPP for a mode that this machine cannot be brought to; -ENOMEM.
 */
int kx_x86_purgatory(struct kx_plan *plan, const struct kx_x86_entry *entry, struct kx_error *err);

/**
 * kx_x86_enter() - the same for what plan->enter says, which comes from a process that is not trusted
 *
 * Errors: -EBADMSG when that is not in the plan's segments; as kx_x86_purgatory().
 */
int kx_x86_enter(struct kx_plan *plan, struct kx_error *err);

#endif
