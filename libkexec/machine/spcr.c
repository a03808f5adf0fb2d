// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Serial Port Console Redirection table: Microsoft's specification of that name, revision 2 on; the
 * register's address is a Generic Address Structure (ACPI 6.5, 5.2.3.2), the header a System
 * Description Table's (5.2.6).
 */
#include <errno.h>

#include "machine/readers.h"

enum {
	SPCR_LENGTH = 4,
	SPCR_INTERFACE = 36,
	SPCR_SPACE = 40,
	SPCR_BIT_WIDTH = 41,
	SPCR_ACCESS_WIDTH = 43,
	SPCR_ADDRESS = 44,
	SPCR_BAUD = 58,
	SPCR_SIZE = 80,
};

/* Debug Port Table 2, "debug port subtypes": full 16550, 16450 subset, 16550 described by the
 * address structure. */
static bool spcr_is_16550(uint8_t interface)
{
	return interface == 0x00 || interface == 0x01 || interface == 0x12;
}

static uint32_t spcr_baud(uint8_t code)
{
	static const uint32_t bauds[] = { [3] = 9600, [4] = 19200, [6] = 57600, [7] = 115200 };

	return code < sizeof(bauds) / sizeof(bauds[0]) ? bauds[code] : 0;
}

static uint8_t spcr_sum(struct kx_view table)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < table.size; i++)
		sum = (uint8_t)(sum + table.data[i]);
	return sum;
}

/* Registers of a memory-mapped port are as far apart as they are wide: as for earlycon's mmio,
 * mmio16 and mmio32. */
static bool spcr_set_mmio(struct kx_view table, struct kx_uart *uart)
{
	uint8_t width = 0, access = 0;

	kx_view_u8(table, SPCR_BIT_WIDTH, &width);
	kx_view_u8(table, SPCR_ACCESS_WIDTH, &access);
	/* Access size: 1 byte, 2 word, 3 dword, 0 not said. */
	if (access > 3)
		return false;
	uart->kind = KX_UART_MMIO;
	uart->access_width = access ? 1U << (access - 1) : 1;
	uart->reg_shift = width == 32 || access == 3 ? 2 : width == 16 || access == 2 ? 1 : 0;
	return true;
}

static bool spcr_set_port(struct kx_view table, struct kx_uart *uart)
{
	uint8_t space = 0;

	kx_view_le64(table, SPCR_ADDRESS, &uart->base);
	kx_view_u8(table, SPCR_SPACE, &space);
	if (space == 0)
		return uart->base && spcr_set_mmio(table, uart);
	if (space != 1 || !uart->base || uart->base > 0xfff8)
		return false;
	uart->kind = KX_UART_IO;
	uart->access_width = 1;
	return true;
}

int kx_spcr_parse(struct kx_view table, struct kx_uart *ret, struct kx_error *err)
{
	struct kx_uart uart = { .found = "SPCR" };
	uint8_t interface, baud = 0;
	uint32_t length;

	if (!kx_view_equals(table, 0, "SPCR", 4))
		return kx_fail(err, ENOEXEC, "not an SPCR table");
	if (!kx_view_le32(table, SPCR_LENGTH, &length) || length < SPCR_SIZE ||
	    !kx_view_sub(table, 0, length, &table))
		return kx_fail(err, EBADMSG, "SPCR: the table has %zu bytes, need %u", table.size,
			       SPCR_SIZE);
	if (spcr_sum(table))
		return kx_fail(err, EBADMSG, "SPCR: the checksum is wrong");
	kx_view_u8(table, SPCR_INTERFACE, &interface);
	if (!spcr_is_16550(interface) || !spcr_set_port(table, &uart))
		return kx_fail(err, EOPNOTSUPP, "SPCR: interface type 0x%02x is not a 16550",
			       interface);
	kx_view_u8(table, SPCR_BAUD, &baud);
	uart.baud = spcr_baud(baud);
	*ret = uart;
	return 0;
}
