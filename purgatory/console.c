// SPDX-License-Identifier: LGPL-2.1-or-later
/* Registers and bits: PC16550D data sheet, section 8. */
#include "purgatory/console.h"
#include "purgatory/purgatory.h"

enum { UART_DATA = 0, UART_DIVISOR_LOW = 0, UART_DIVISOR_HIGH = 1, UART_LCR = 3, UART_LSR = 5 };
enum { LCR_8N1 = 0x03, LCR_DIVISOR_LATCH = 0x80 };
enum { LSR_THR_EMPTY = 0x20, LSR_ALL_SENT = 0x40 };

/*
 * Register reads before a port counts as dead: about a second, a FIFO at 1200 baud being sent in a
 * fraction of it.
 */
#define UART_POLLS 1000000

/* VGA text: 80 columns, 25 rows, white on red. */
enum { SCREEN_WIDTH = 80, SCREEN_CELLS = 80 * 25, SCREEN_COLOUR = 0x4f00 };

static volatile void *uart_register(const struct kx_handoff_console *uart, unsigned reg)
{
	return (volatile void *)(uintptr_t)(uart->base + ((uint64_t)reg << uart->reg_shift));
}

static uint8_t uart_read(const struct kx_handoff_console *uart, unsigned reg)
{
	volatile uint8_t *narrow = uart_register(uart, reg);
	volatile uint32_t *wide = uart_register(uart, reg);

	if (uart->kind == KX_CONSOLE_PORT)
		return kx_arch_in8((uint16_t)(uart->base + reg));
	return uart->reg_width == 4 ? (uint8_t)*wide : *narrow;
}

static void uart_write(const struct kx_handoff_console *uart, unsigned reg, uint8_t value)
{
	volatile uint8_t *narrow = uart_register(uart, reg);
	volatile uint32_t *wide = uart_register(uart, reg);

	if (uart->kind == KX_CONSOLE_PORT)
		kx_arch_out8((uint16_t)(uart->base + reg), value);
	else if (uart->reg_width == 4)
		*wide = value;
	else
		*narrow = value;
}

/* A port that does not get there in time is given up, so that a dead one costs its time once. */
static void uart_wait(struct kx_console *console, uint8_t bits)
{
	for (unsigned n = UART_POLLS; n; n--) {
		if ((uart_read(&console->uart, UART_LSR) & bits) == bits)
			return;
	}
	console->uart.kind = KX_CONSOLE_NONE;
}

static void uart_put(struct kx_console *console, char c)
{
	if (console->uart.kind == KX_CONSOLE_NONE)
		return;
	uart_wait(console, LSR_THR_EMPTY);
	if (console->uart.kind != KX_CONSOLE_NONE)
		uart_write(&console->uart, UART_DATA, (uint8_t)c);
}

static void screen_put(struct kx_console *console, char c)
{
	unsigned end = console->cell + 1;

	if (!console->screen)
		return;
	if (c == '\n') {
		end = (console->cell / SCREEN_WIDTH + 1) * SCREEN_WIDTH;
		c = ' ';
	}
	while (console->cell < end) {
		console->screen[console->cell++] = (uint16_t)(SCREEN_COLOUR | (uint8_t)c);
		c = ' ';
	}
	console->cell %= SCREEN_CELLS;
}

static void put(struct kx_console *console, char c)
{
	if (c == '\n')
		uart_put(console, '\r');
	uart_put(console, c);
	screen_put(console, c);
}

void kx_console_add_uart(struct kx_console *console, const struct kx_handoff_console *uart)
{
	console->uart = *uart;
	if (uart->kind == KX_CONSOLE_NONE || !uart->divisor)
		return;
	uart_write(uart, UART_LCR, LCR_8N1 | LCR_DIVISOR_LATCH);
	uart_write(uart, UART_DIVISOR_LOW, (uint8_t)uart->divisor);
	uart_write(uart, UART_DIVISOR_HIGH, (uint8_t)(uart->divisor >> 8));
	uart_write(uart, UART_LCR, LCR_8N1);
}

void kx_console_add_screen(struct kx_console *console, uint64_t base)
{
	console->screen = (volatile uint16_t *)(uintptr_t)base;
	console->cell = 0;
}

void kx_console_text(struct kx_console *console, const char *text)
{
	for (; *text; text++)
		put(console, *text);
}

static void put_digit(struct kx_console *console, unsigned digit)
{
	put(console, (char)(digit < 10 ? '0' + digit : 'a' + digit - 10));
}

void kx_console_bytes(struct kx_console *console, const uint8_t *bytes, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		put_digit(console, bytes[i] >> 4);
		put_digit(console, bytes[i] & 15);
	}
}

void kx_console_number(struct kx_console *console, uint64_t value)
{
	unsigned shift = 60;

	kx_console_text(console, "0x");
	while (shift && !(value >> shift))
		shift -= 4;
	for (shift += 4; shift; shift -= 4)
		put_digit(console, value >> (shift - 4) & 15);
}

void kx_console_drain(struct kx_console *console)
{
	if (console->uart.kind != KX_CONSOLE_NONE)
		uart_wait(console, LSR_ALL_SENT);
}
