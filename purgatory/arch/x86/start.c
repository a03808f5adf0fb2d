// SPDX-License-Identifier: LGPL-2.1-or-later
/* The last steps: the mode, and the state, that the next kernel wants to be entered in. */
#include "purgatory/arch/x86/x86.h"
#include "purgatory/purgatory.h"

#define HIDDEN __attribute__((visibility("hidden")))
#define PAGE_SIZE 4096

/* What popal takes from the stack, lowest address first. */
struct registers {
	uint32_t di, si, bp, skipped, bx, dx, cx, ax;
};

/* modes.S knows the offsets of this, */
struct kx_frame_32 {
	struct registers regs;
	uint32_t entry;
	uint32_t sp;
};

/* and of this: far pointers to its own real-mode half and to the next kernel, and registers. */
struct kx_low_params {
	uint16_t real_ip, real_cs;
	struct registers regs;
	uint16_t ds, es, fs, gs;
	uint32_t sp;
	uint16_t ss, padding;
	uint16_t ip, cs;
	uint16_t set_text_mode, unused;
};

_Static_assert(offsetof(struct kx_frame_32, sp) == 36, "modes.S has it");
_Static_assert(offsetof(struct kx_low_params, sp) == 44, "modes.S has it");
_Static_assert(offsetof(struct kx_low_params, ip) == 52, "modes.S has it");
_Static_assert(offsetof(struct kx_low_params, set_text_mode) == 56, "modes.S has it");
_Static_assert(sizeof(struct kx_low_params) == KX_LOW_PARAMS_SIZE, "modes.S has it");

/* entry.S */
_Noreturn void kx_start_64(uint64_t entry, const struct kx_handoff_regs *regs);

/* modes.S */
_Noreturn void kx_enter_32(const void *gdt, uint64_t eip, uint32_t ebx, void *esp);
extern const char kx_leave_32[] HIDDEN, kx_low_start[] HIDDEN, kx_low_end[] HIDDEN;
extern const char kx_low_gdt[] HIDDEN, kx_low_params[] HIDDEN;

/* Room below for kx_enter_32(), and above for whoever is entered without a stack of its own. */
static struct {
	uint64_t below[64];
	struct kx_frame_32 frame;
	uint64_t above[64];
} stack;

enum { PIC1 = 0x20, PIC2 = 0xa0, PIT_COUNTER_0 = 0x40, PIT_CONTROL = 0x43 };

uint64_t kx_arch_ticks(void)
{
	return __builtin_ia32_rdtsc();
}

static void write_pic(uint16_t port, uint8_t vector, uint8_t wiring, uint8_t mask)
{
	kx_arch_out8(port, 0x11); /* ICW1: edge triggered, cascaded, ICW4 follows */
	kx_arch_out8(port + 1, vector);
	kx_arch_out8(port + 1, wiring);
	kx_arch_out8(port + 1, 0x01); /* ICW4: 8086 mode */
	kx_arch_out8(port + 1, mask);
}

/*
 * Linux has masked the 8259s, moved their vectors, and programmed the PIT otherwise. A BIOS whose
 * clock stands waits forever: for a key with a timeout, for a floppy's motor. Intel 8259A and 8254
 * data sheets; values as after the BIOS's own start.
 */
static void restore_interrupts(const struct kx_handoff *handoff)
{
	if (handoff->flags & KX_HANDOFF_NO_PORT_IO)
		return;
	write_pic(PIC1, 0x08, 0x04, 0xb8);
	write_pic(PIC2, 0x70, 0x02, 0x8e);
	kx_arch_out8(PIT_CONTROL, 0x36); /* counter 0, low and high byte, mode 3 */
	kx_arch_out8(PIT_COUNTER_0, 0);
	kx_arch_out8(PIT_COUNTER_0, 0);
}

static struct registers registers_of(const struct kx_handoff_regs *regs)
{
	return (struct registers){
		.di = (uint32_t)regs->di,
		.si = (uint32_t)regs->si,
		.bp = (uint32_t)regs->bp,
		.bx = (uint32_t)regs->bx,
		.dx = (uint32_t)regs->dx,
		.cx = (uint32_t)regs->cx,
		.ax = (uint32_t)regs->ax,
	};
}

static _Noreturn void start_32(const struct kx_handoff *handoff)
{
	stack.frame = (struct kx_frame_32){
		.regs = registers_of(&handoff->regs),
		.entry = (uint32_t)handoff->entry,
		.sp = (uint32_t)handoff->regs.sp,
	};
	kx_enter_32(kx_low_gdt, (uintptr_t)kx_leave_32, 0, &stack.frame);
}

static void fill_low_params(struct kx_low_params *params, const struct kx_handoff *handoff)
{
	params->real_cs = (uint16_t)(handoff->low_page >> 4);
	params->regs = registers_of(&handoff->regs);
	params->ds = params->es = params->fs = params->gs = handoff->ds;
	params->sp = (uint32_t)handoff->regs.sp;
	params->ss = handoff->ss;
	params->ip = (uint16_t)(handoff->entry - ((uint32_t)handoff->cs << 4));
	params->cs = handoff->cs;
	params->set_text_mode = handoff->flags & KX_HANDOFF_TEXT_MODE ? 1 : 0;
}

static _Noreturn void start_16(const struct kx_handoff *handoff)
{
	char *page = (char *)(uintptr_t)handoff->low_page;
	char *gdt = page + (kx_low_gdt - kx_low_start);
	uint64_t *code16 = (uint64_t *)(void *)(gdt + KX_CODE16);

	__builtin_memcpy(page, kx_low_start, (size_t)(kx_low_end - kx_low_start));
	*code16 |= handoff->low_page << 16; /* base, bits 23:0, at bit 16 of the descriptor */
	fill_low_params((struct kx_low_params *)(void *)(page + (kx_low_params - kx_low_start)),
			handoff);
	kx_enter_32(gdt, handoff->low_page, (uint32_t)handoff->low_page, &stack.frame);
}

_Noreturn void kx_arch_start(const struct kx_handoff *handoff)
{
	if (handoff->mode == KX_MODE_64)
		kx_start_64(handoff->entry, &handoff->regs);
	restore_interrupts(handoff);
	kx_load_idt(NULL, 0);
	if (handoff->mode == KX_MODE_32)
		start_32(handoff);
	start_16(handoff);
}
