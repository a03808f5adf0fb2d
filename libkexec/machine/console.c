// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A serial port that purgatory can print on, from whatever names one first: console= and its
 * relatives on the command line (Documentation/admin-guide/kernel-parameters.txt), /proc/consoles,
 * ACPI's SPCR.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "cmdline.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

/* io_type of include/linux/serial_core.h, as /sys/class/tty/ttySN/io_type shows it. */
enum { UPIO_PORT = 0, UPIO_MEM = 2, UPIO_MEM32 = 3, UPIO_MEM16 = 7 };

/* Where PCs have their first four ports (arch/x86/include/asm/serial.h). */
static const uint16_t pc_ports[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };

/* "115200n8" */
static uint32_t baud_of(struct kx_view options)
{
	uint64_t baud = 0;
	size_t digits = 0;

	while (digits < options.size && options.data[digits] >= '0' && options.data[digits] <= '9')
		digits++;
	kx_text_u64(kx_view_of(options.data, digits), 10, &baud);
	return baud <= 4000000 ? (uint32_t)baud : 0;
}

static bool tty_value(struct kx_root *root, unsigned tty, const char *name, uint64_t *ret)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/tty/ttyS%u/%s", tty, name);
	return kx_root_u64(root, path, ret) >= 0;
}

static bool uart_set_mmio(struct kx_uart *uart, uint64_t io_type)
{
	switch (io_type) {
	case UPIO_MEM:
		uart->access_width = 1;
		break;
	case UPIO_MEM16:
		uart->access_width = 2;
		break;
	case UPIO_MEM32:
		uart->access_width = 4;
		break;
	default:
		return false;
	}
	uart->kind = KX_UART_MMIO;
	return true;
}

/* What the driver says of ttyS@tty. Without it, where PCs have that port. */
static bool uart_of_tty(struct kx_root *root, const struct kx_machine *machine, unsigned tty,
			struct kx_uart *uart)
{
	uint64_t io_type, base, shift = 0;

	if (!tty_value(root, tty, "io_type", &io_type)) {
		if (machine->arch != KX_ARCH_X86_64 && machine->arch != KX_ARCH_I386)
			return false;
		if (tty >= KX_ARRAY_SIZE(pc_ports))
			return false;
		uart->kind = KX_UART_IO;
		uart->base = pc_ports[tty];
		uart->access_width = 1;
		return true;
	}
	if (!tty_value(root, tty, io_type == UPIO_PORT ? "port" : "iomem_base", &base) || !base)
		return false;
	tty_value(root, tty, "iomem_reg_shift", &shift);
	if (shift > 4)
		return false;
	uart->base = base;
	uart->reg_shift = (uint32_t)shift;
	if (io_type != UPIO_PORT)
		return uart_set_mmio(uart, io_type);
	uart->kind = KX_UART_IO;
	uart->access_width = 1;
	return base <= 0xffff;
}

/* "ttyS0,115200n8" */
static bool uart_of_name(struct kx_root *root, const struct kx_machine *machine,
			 struct kx_view text, struct kx_uart *ret)
{
	struct kx_uart uart = { 0 };
	struct kx_view name, number;
	uint64_t tty;

	if (!kx_text_field(&text, ',', &name) || !kx_text_starts(name, "ttyS") ||
	    !kx_view_from(name, 4, &number) || !kx_text_u64(number, 10, &tty) || tty > 255)
		return false;
	if (!uart_of_tty(root, machine, (unsigned)tty, &uart))
		return false;
	uart.baud = baud_of(text);
	*ret = uart;
	return true;
}

struct io_name {
	const char *name;
	enum kx_uart_kind kind;
	uint32_t access_width, reg_shift;
};

/* earlycon's words for a port, and the distance of registers that each implies
 * (drivers/tty/serial/earlycon.c). */
static const struct io_name io_names[] = {
	{ "io", KX_UART_IO, 1, 0 },
	{ "mmio", KX_UART_MMIO, 1, 0 },
	{ "mmio16", KX_UART_MMIO, 2, 1 },
	{ "mmio32", KX_UART_MMIO, 4, 2 },
	{ "mmio32native", KX_UART_MMIO, 4, 2 },
};

/* "mmio32,0xfe034000,115200" */
static bool uart_of_io(struct kx_view text, struct kx_uart *ret)
{
	struct kx_view io, address;
	uint64_t base;

	if (!kx_text_field(&text, ',', &io) || !kx_text_field(&text, ',', &address) ||
	    !kx_text_u64(address, 0, &base) || !base)
		return false;
	for (size_t i = 0; i < KX_ARRAY_SIZE(io_names); i++) {
		const struct io_name *name = &io_names[i];

		if (!kx_text_is(io, name->name) || (name->kind == KX_UART_IO && base > 0xffff))
			continue;
		*ret = (struct kx_uart){ .kind = name->kind,
					 .base = base,
					 .reg_shift = name->reg_shift,
					 .access_width = name->access_width,
					 .baud = baud_of(text) };
		return true;
	}
	return false;
}

/* "uart8250,io,0x3f8,115200n8", also "uart,..." */
static bool uart_of_earlycon(struct kx_view text, struct kx_uart *ret)
{
	struct kx_view driver;

	return kx_text_field(&text, ',', &driver) &&
	       (kx_text_is(driver, "uart8250") || kx_text_is(driver, "uart")) &&
	       uart_of_io(text, ret);
}

/* "serial,ttyS0,115200", "serial,0x3f8,115200", "ttyS0,115200", "serial":
 * arch/x86/kernel/early_printk.c */
static bool uart_of_earlyprintk(struct kx_root *root, const struct kx_machine *machine,
				struct kx_view text, struct kx_uart *ret)
{
	struct kx_view word, rest = text;
	uint64_t port;

	if (!kx_text_field(&rest, ',', &word))
		return false;
	if (!kx_text_is(word, "serial"))
		return uart_of_name(root, machine, text, ret);
	text = rest.size ? rest : kx_text_of("ttyS0");
	if (uart_of_name(root, machine, text, ret))
		return true;
	if (!kx_text_field(&text, ',', &word) || !kx_text_u64(word, 16, &port) || !port ||
	    port > 0xffff)
		return false;
	*ret = (struct kx_uart){
		.kind = KX_UART_IO, .base = port, .access_width = 1, .baud = baud_of(text)
	};
	return true;
}

/* The parameter's name when it gives a port, NULL when it does not. */
static const char *uart_of_word(struct kx_root *root, const struct kx_machine *machine,
				const struct kx_word *word, struct kx_uart *ret)
{
	struct kx_view value = kx_view_of(word->value, word->value_size);

	if (!word->value)
		return NULL;
	if (kx_word_is(word, "console") &&
	    (uart_of_name(root, machine, value, ret) || uart_of_earlycon(value, ret)))
		return "console=";
	if (kx_word_is(word, "earlycon") && uart_of_earlycon(value, ret))
		return "earlycon=";
	if (kx_word_is(word, "earlyprintk") && uart_of_earlyprintk(root, machine, value, ret))
		return "earlyprintk=";
	return NULL;
}

/* The last console= wins, as it does for /dev/console; earlycon= and earlyprintk= count when there
 * is none. */
static bool uart_of_cmdline(struct kx_root *root, struct kx_machine *machine)
{
	const char *pos = machine->cmdline ? machine->cmdline : "";
	bool from_console = false;
	struct kx_word word;

	while (kx_cmdline_next(&pos, &word)) {
		bool console = kx_word_is(&word, "console");
		struct kx_uart uart = { 0 };

		if (from_console && !console)
			continue;
		uart.found = uart_of_word(root, machine, &word, &uart);
		if (!uart.found)
			continue;
		machine->uart = uart;
		from_console = console;
	}
	return machine->uart.kind != KX_UART_NONE;
}

/* Lines as "ttyS0                -W- (EC  p a)    4:64" (fs/proc/consoles.c). */
static bool uart_of_consoles(struct kx_root *root, struct kx_machine *machine)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_view rest, line, name;

	if (kx_root_read(root, "/proc/consoles", KX_CAP_VALUE, &blob) < 0)
		return false;
	rest = kx_blob_view(&blob);
	while (kx_text_line(&rest, &line)) {
		if (!kx_text_word(&line, &name) ||
		    !uart_of_name(root, machine, name, &machine->uart))
			continue;
		machine->uart.found = "/proc/consoles";
		return true;
	}
	return false;
}

/* Firmware's mistakes in this table are common, and no reason to fail. */
static bool uart_of_spcr(struct kx_root *root, struct kx_machine *machine)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_error ignored;

	return kx_root_read(root, "/sys/firmware/acpi/tables/SPCR", KX_CAP_VALUE, &blob) >= 0 &&
	       kx_spcr_parse(kx_blob_view(&blob), &machine->uart, &ignored) >= 0;
}

int kx_read_console(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	if (!uart_of_cmdline(root, machine) && !uart_of_consoles(root, machine))
		uart_of_spcr(root, machine);
	return 0;
}
