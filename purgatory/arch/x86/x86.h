/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the x86_64 files of purgatory; sections cited are of the Intel SDM, volume 3A. */
#ifndef KX_PURGATORY_X86_H
#define KX_PURGATORY_X86_H

/* Segment selectors as the 64-bit boot protocol has them: Documentation/x86/boot.rst. */
#define KX_BOOT_CS 0x10
#define KX_BOOT_DS 0x18

/* Selectors for the way to real mode, and the size of the GDT that has them. */
#define KX_CODE16 0x20
#define KX_DATA16 0x28
#define KX_GDT32_SIZE 0x30

#define KX_LOW_PARAMS_SIZE 60

#define KX_EXCEPTIONS 32
#define KX_EXCEPTION_STUB_SIZE 16

#ifndef __ASSEMBLER__

#include <stdint.h>

/*
 * The operand of lidt, 2.4.1, holds an address. It must be made at run time, which the empty asm
 * statement forces: a compiler that knows its value would keep it in initialised data, with a
 * relocation.
 */
static inline void kx_load_idt(const void *base, uint16_t limit)
{
	struct {
		uint16_t limit;
		const void *base;
	} __attribute__((packed)) operand;

	__asm__("" : "+r"(base));
	operand.limit = limit;
	operand.base = base;
	__asm__ volatile("lidt %0" : : "m"(operand));
}

/*
 * What the stubs in entry.S leave on the stack, lowest address first; the CPU pushed the part from
 * error on, 6.14.2.
 */
struct kx_exception_frame {
	uint64_t vector;
	uint64_t error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* From the linker script. */
extern const char kx_blob_start[] __attribute__((visibility("hidden")));
extern const char kx_blob_end[] __attribute__((visibility("hidden")));

#endif
#endif
