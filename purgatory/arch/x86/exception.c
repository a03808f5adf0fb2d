// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An exception here would be a silent reset, or a hang, without an IDT: report it. Intel SDM 3A,
 * 6.14.
 */
#include "purgatory/arch/x86/x86.h"
#include "purgatory/purgatory.h"

#define INTERRUPT_GATE 0x8e

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t stack;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

extern const char kx_exception_stubs[] __attribute__((visibility("hidden")));

void kx_exceptions_init(void);
_Noreturn void kx_exception(const struct kx_exception_frame *frame);

static struct gate idt[KX_EXCEPTIONS];

/* It stays loaded when the next kernel starts, and serves until that has loaded its own. */
void kx_exceptions_init(void)
{
	uintptr_t stub = (uintptr_t)kx_exception_stubs;

	for (unsigned i = 0; i < KX_EXCEPTIONS; i++, stub += KX_EXCEPTION_STUB_SIZE) {
		idt[i].offset_low = (uint16_t)stub;
		idt[i].offset_middle = (uint16_t)(stub >> 16);
		idt[i].offset_high = (uint32_t)(stub >> 32);
		idt[i].selector = KX_BOOT_CS;
		idt[i].type = INTERRUPT_GATE;
	}
	kx_load_idt(idt, sizeof(idt) - 1);
}

static void report_place(struct kx_console *console, uint64_t rip)
{
	uint64_t offset = rip - (uintptr_t)kx_blob_start;

	kx_console_text(console, " at ");
	kx_console_number(console, rip);
	if (offset >= (uint64_t)(kx_blob_end - kx_blob_start)) {
		kx_console_text(console, " (in the next kernel)");
		return;
	}
	kx_console_text(console, " (purgatory+");
	kx_console_number(console, offset);
	kx_console_text(console, ")");
}

_Noreturn void kx_exception(const struct kx_exception_frame *frame)
{
	struct kx_console *console = kx_failure_begin();
	uint64_t cr2;

	__asm__("mov %%cr2, %0" : "=r"(cr2));
	kx_console_text(console, "exception ");
	kx_console_number(console, frame->vector);
	kx_console_text(console, ", error code ");
	kx_console_number(console, frame->error);
	report_place(console, frame->rip);
	kx_console_text(console, ", cr2 ");
	kx_console_number(console, cr2);
	kx_failure_end();
}
