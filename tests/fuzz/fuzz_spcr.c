// SPDX-License-Identifier: GPL-2.0-or-later
/* ACPI's SPCR, as it is, and with signature, length and checksum put right: no fuzzer would find these three. */
#include <errno.h>

#include "fuzz.h"
#include "machine/readers.h"

#define TABLE_SIZE 80

static void fuzz_spcr(struct kx_view table)
{
	struct kx_uart uart = { 0 };
	struct kx_error err = { 0 };
	int r = kx_spcr_parse(table, &uart, &err);

	if (r < 0) {
		require(r == -ENOEXEC || r == -EBADMSG || r == -EOPNOTSUPP);
		require_message(&err);
		return;
	}
	require(table.size >= 80 && uart.base);
	require(uart.kind == KX_UART_MMIO || (uart.kind == KX_UART_IO && uart.base <= 0xffff));
	require(uart.access_width == 1 || uart.access_width == 2 || uart.access_width == 4);
	require(uart.reg_shift <= 2);
}

static void seal(uint8_t table[TABLE_SIZE])
{
	uint8_t sum = 0;

	memcpy(table, "SPCR", 4);
	kx_put_le32(table + 4, TABLE_SIZE);
	table[9] = 0;
	for (unsigned i = 0; i < TABLE_SIZE; i++)
		sum = (uint8_t)(sum + table[i]);
	table[9] = (uint8_t)-sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t table[TABLE_SIZE] = { 0 };

	fuzz_spcr(kx_view_of(data, size));
	memcpy(table, data, size < TABLE_SIZE ? size : TABLE_SIZE);
	seal(table);
	fuzz_spcr(kx_view_of(table, TABLE_SIZE));
	return 0;
}
