/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for whoever watches the machine: an 8250 serial port, a VGA text screen, both or none. */
#ifndef KX_PURGATORY_CONSOLE_H
#define KX_PURGATORY_CONSOLE_H

#include <stdint.h>
#include "abi/handoff.h"

/**
 * struct kx_console - zero-initialised it prints nowhere
 * @uart: kind KX_CONSOLE_NONE for none
 * @screen: 80x25 cells, or NULL
 * @cell: where the next character goes
 */
struct kx_console {
	struct kx_handoff_console uart;
	volatile uint16_t *screen;
	unsigned cell;
};

/* Adds a serial port, set to @uart->divisor if that is not 0. Its registers must be reachable. */
void kx_console_add_uart(struct kx_console *console, const struct kx_handoff_console *uart);

/* Adds a text screen, which must be mapped. */
void kx_console_add_screen(struct kx_console *console, uint64_t base);

void kx_console_text(struct kx_console *console, const char *text);

/* @bytes as hexadecimal digits, in memory order. */
void kx_console_bytes(struct kx_console *console, const uint8_t *bytes, unsigned count);

/* As 0x and hexadecimal digits without leading zeros. */
void kx_console_number(struct kx_console *console, uint64_t value);

/* Returns when the port has sent everything, or never will. */
void kx_console_drain(struct kx_console *console);

#endif
