/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What purgatory's portable part and its architecture's part need from each other. */
#ifndef KX_PURGATORY_H
#define KX_PURGATORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "abi/handoff.h"
#include "purgatory/console.h"

/* ---- portable: purgatory.c ------------------------------------------------------------------- */

/*
 * Checks what was loaded, then starts the next kernel or says why not and resets. The only caller
 * is entry.S.
 */
_Noreturn void kx_purgatory_main(const struct kx_handoff *handoff);

/* Why the block cannot be trusted, NULL if it can. Every field is in its bounds afterwards. */
const char *kx_handoff_problem(const struct kx_handoff *handoff);

/*
 * A failure is reported between these two. A failure while another is being reported means that
 * reporting is what fails: kx_failure_begin() then resets at once.
 */
struct kx_console *kx_failure_begin(void);
_Noreturn void kx_failure_end(void);

/* ---- portable: rsdp.c ------------------------------------------------------------------------ */

/*
 * ACPI's root system description pointer in physical @memory, where a BIOS has it; NULL if it is
 * not there.
 */
const uint8_t *kx_rsdp_find(const uint8_t *memory);

/* Gives the next kernel its copies, as the block asks, if there is an RSDP. */
void kx_rsdp_copy(uint8_t *memory, const struct kx_handoff *handoff);

/* ---- the architecture; unit tests bring their own -------------------------------------------- */

/* Enters our own page tables, with all that @handoff names. Returns what is wrong, or NULL. */
const char *kx_arch_map(const struct kx_handoff *handoff);

/* Physical memory, from address 0 on. */
uint8_t *kx_arch_memory(void);

/* Brings a VGA card back into text mode. */
void kx_arch_reset_vga(void);

/* Waits for seconds, so that a text screen can be read before it is gone. */
void kx_arch_pause(void);

/* @flags: KX_HANDOFF_NO_PORT_IO leaves only what needs none. */
_Noreturn void kx_arch_reset(uint32_t flags);

/* @handoff: what kx_handoff_problem() passed. */
_Noreturn void kx_arch_start(const struct kx_handoff *handoff);

/* The time stamp counter; called where the block asks for times only. */
uint64_t kx_arch_ticks(void);

/* What takes blocks of this kind. KX_DIGEST_CRC32C: called only where the block asks for it. */
kx_digest_blocks *kx_arch_digest(enum kx_digest_kind kind);

uint8_t kx_arch_in8(uint16_t port);
void kx_arch_out8(uint16_t port, uint8_t value);

#endif
