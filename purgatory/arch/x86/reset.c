// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ways to reset a PC, each tried in turn; and what else needs I/O ports. */
#include "purgatory/arch/x86/x86.h"
#include "purgatory/purgatory.h"

enum { PORT_DELAY = 0x80, PORT_RESET_CONTROL = 0xcf9, PORT_KEYBOARD = 0x64 };
enum { RESET_SYSTEM = 0x02, RESET_CPU = 0x04 };
enum { KEYBOARD_BUSY = 0x02, KEYBOARD_PULSE_RESET = 0xfe };

uint8_t kx_arch_in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

void kx_arch_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

/* A write to the port for POST codes takes about a microsecond on any PC. */
static void delay(unsigned microseconds)
{
	for (; microseconds; microseconds--)
		kx_arch_out8(PORT_DELAY, 0);
}

void kx_arch_pause(void)
{
	delay(5000000);
}

/* Intel 82371 (PIIX), 4.3.1.2, and every chipset since: a rising edge on RESET_CPU resets. */
static void reset_by_chipset(void)
{
	uint8_t value = kx_arch_in8(PORT_RESET_CONTROL) & (uint8_t) ~(RESET_SYSTEM | RESET_CPU);

	kx_arch_out8(PORT_RESET_CONTROL, value | RESET_SYSTEM);
	delay(50);
	kx_arch_out8(PORT_RESET_CONTROL, value | RESET_SYSTEM | RESET_CPU);
	delay(50000);
}

static void reset_by_keyboard(void)
{
	for (unsigned n = 10000; n && kx_arch_in8(PORT_KEYBOARD) & KEYBOARD_BUSY; n--)
		delay(1);
	kx_arch_out8(PORT_KEYBOARD, KEYBOARD_PULSE_RESET);
	delay(50000);
}

/*
 * With no IDT an exception becomes a double fault and then a shutdown, which chipsets answer with a
 * reset, 6.15.
 */
static _Noreturn void reset_by_triple_fault(void)
{
	kx_load_idt(NULL, 0);
	for (;;)
		__asm__ volatile("ud2");
}

_Noreturn void kx_arch_reset(uint32_t flags)
{
	if (!(flags & KX_HANDOFF_NO_PORT_IO)) {
		reset_by_chipset();
		reset_by_keyboard();
	}
	reset_by_triple_fault();
}
