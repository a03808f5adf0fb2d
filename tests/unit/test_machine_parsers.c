// SPDX-License-Identifier: GPL-2.0-or-later
/* The parsers of what the kernel and firmware print, with malformed samples named by their defect. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/overflow.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

/* A copy of exactly its size, so that AddressSanitizer sees a read past the end. */
static struct kx_view tight(const void *data, size_t size, uint8_t **ret_copy)
{
	*ret_copy = malloc(size ? size : 1);
	memcpy(*ret_copy, data, size);
	return kx_view_of(*ret_copy, size);
}

/* ---- /proc/iomem ----------------------------------------------------------------------------- */

static void test_iomem_levels(void **state)
{
	_cleanup_(kx_iomem_clear) struct kx_iomem iomem = { 0 };
	struct kx_error err;

	assert_int_equal(kx_iomem_parse(kx_text_of("00001000-0009fbff : System RAM\n"
						   "  00002000-00002fff : a : b\n"
						   "    00002000-00002000 :  x\n"
						   "100000000-ffffffffffff : System RAM (kmem)\n"),
					&iomem, &err),
			 0);
	assert_int_equal(iomem.count, 4);
	assert_false(iomem.hidden);
	assert_int_equal(iomem.v[0].start, 0x1000);
	assert_int_equal(iomem.v[0].end, 0x9fc00);
	assert_string_equal(iomem.v[1].name, "a : b");
	assert_int_equal(iomem.v[1].depth, 1);
	assert_string_equal(iomem.v[2].name, " x");
	assert_int_equal(iomem.v[2].depth, 2);
	assert_int_equal(iomem.v[2].end, 0x2001);
	assert_int_equal(iomem.v[3].depth, 0);
	assert_true(iomem.v[3].end == 0x1000000000000);
	assert_string_equal(iomem.v[3].name, "System RAM (kmem)");
}

static void test_iomem_hidden(void **state)
{
	_cleanup_(kx_iomem_clear) struct kx_iomem iomem = { 0 };
	struct kx_error err;

	assert_int_equal(kx_iomem_parse(kx_text_of("00000000-00000000 : Reserved\n"
						   "  00000000-00000000 : System RAM\n"),
					&iomem, &err),
			 0);
	assert_true(iomem.hidden);
	assert_int_equal(iomem.v[0].end, 0);
}

static const struct {
	const char *defect, *text;
} bad_iomem[] = {
	{ "empty", "" },
	{ "truncated in a name", "00001000-0009fbff : System R" },
	{ "truncated before the name", "00001000-0009fbff : \n" },
	{ "blank line", "\n" },
	{ "no separator", "00001000 0009fbff : System RAM\n" },
	{ "no end", "00001000- : System RAM\n" },
	{ "no start", "-0009fbff : System RAM\n" },
	{ "no colon", "00001000-0009fbff System RAM\n" },
	{ "no blank before the colon", "00001000-0009fbff: System RAM\n" },
	{ "end below start", "00001000-00000fff : System RAM\n" },
	{ "end at the top", "00001000-ffffffffffffffff : System RAM\n" },
	{ "65 bits", "00001000-10000000000000000 : System RAM\n" },
	{ "not hexadecimal", "0000100g-0009fbff : System RAM\n" },
	{ "odd indentation", "00001000-0009fbff : a\n 00001000-00001fff : b\n" },
	{ "first line indented", "  00001000-0009fbff : a\n" },
	{ "two levels at once", "00001000-0009fbff : a\n    00001000-00001fff : b\n" },
	{ "tab instead of blanks", "\t00001000-0009fbff : a\n" },
	{ "negative", "-1--1 : a\n" },
};

static void test_iomem_malformed(void **state)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(bad_iomem); i++) {
		struct kx_iomem iomem = { .count = 77 };
		struct kx_error err = { "" };
		uint8_t *copy;
		struct kx_view v = tight(bad_iomem[i].text, strlen(bad_iomem[i].text), &copy);

		if (kx_iomem_parse(v, &iomem, &err) != -EBADMSG)
			fail_msg("%s: was taken", bad_iomem[i].defect);
		assert_non_null(strstr(err.text, "/proc/iomem"));
		assert_null(strchr(err.text, '\n'));
		assert_int_equal(iomem.count, 77);
		free(copy);
	}
}

static void test_iomem_nul_in_name(void **state)
{
	struct kx_iomem iomem = { 0 };
	struct kx_error err;

	assert_int_equal(kx_iomem_parse(kx_view_of("0-1 : a\0b\n", 10), &iomem, &err), -EBADMSG);
}

static void test_iomem_error_names_the_line(void **state)
{
	struct kx_iomem iomem;
	struct kx_error err;

	kx_iomem_parse(kx_text_of("0-1 : a\n0-1 : b\n\x1b[31m-x\n"), &iomem, &err);
	assert_non_null(strstr(err.text, "line 3 is \"?[31m-x\""));
}

static void test_iomem_too_many_lines(void **state)
{
	const char line[] = "0-1 : a\n";
	size_t size = (sizeof(line) - 1) * (KX_IOMEM_MAX + 1);
	_cleanup_free_ char *text = malloc(size);
	struct kx_iomem iomem;
	struct kx_error err;

	for (size_t i = 0; i < size; i++)
		text[i] = line[i % (sizeof(line) - 1)];
	assert_int_equal(kx_iomem_parse(kx_view_of(text, size), &iomem, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "more than 262144 lines"));
}

/* ---- /sys/firmware/memmap -------------------------------------------------------------------- */

static int memmap_add(struct kx_memmap *map, const char *start, const char *end, const char *type)
{
	struct kx_error err = { "" };
	int r = kx_firmware_memmap_parse(kx_text_of(start), kx_text_of(end), kx_text_of(type), map,
					 &err);

	assert_true(r == 0 || strstr(err.text, "/sys/firmware/memmap"));
	return r;
}

static void test_memmap_types(void **state)
{
	static const struct {
		const char *name;
		enum kx_mem_type type;
	} types[] = {
		{ "System RAM\n", KX_MEM_RAM },
		{ "Reserved\n", KX_MEM_RESERVED },
		{ "reserved\n", KX_MEM_RESERVED },
		{ "ACPI Tables\n", KX_MEM_ACPI },
		{ "ACPI Non-volatile Storage\n", KX_MEM_NVS },
		{ "Unusable memory\n", KX_MEM_UNUSABLE },
		{ "Persistent Memory\n", KX_MEM_PMEM },
		{ "Persistent Memory (legacy)\n", KX_MEM_PRAM },
		{ "Soft Reserved\n", KX_MEM_SOFT_RESERVED },
		{ "Unknown E820 type\n", KX_MEM_UNKNOWN },
		{ "System RAM (kmem)\n", KX_MEM_UNKNOWN },
		{ "system ram\n", KX_MEM_UNKNOWN },
		{ "System\n", KX_MEM_UNKNOWN },
		{ "", KX_MEM_UNKNOWN },
	};
	_cleanup_(kx_memmap_clear) struct kx_memmap map = { 0 };

	for (size_t i = 0; i < KX_ARRAY_SIZE(types); i++) {
		assert_int_equal(memmap_add(&map, "0x1000\n", "0x1fff\n", types[i].name), 0);
		assert_int_equal(map.v[i].type, types[i].type);
		assert_int_equal(map.v[i].start, 0x1000);
		assert_int_equal(map.v[i].end, 0x2000);
	}
}

static void test_memmap_malformed(void **state)
{
	_cleanup_(kx_memmap_clear) struct kx_memmap map = { 0 };

	assert_int_equal(memmap_add(&map, "", "0x1fff\n", "System RAM\n"), -EBADMSG);
	assert_int_equal(memmap_add(&map, "0x1000\n", "\n", "System RAM\n"), -EBADMSG);
	assert_int_equal(memmap_add(&map, "0x\n", "0x1fff\n", "System RAM\n"), -EBADMSG);
	assert_int_equal(memmap_add(&map, "0x2000\n", "0x1fff\n", "System RAM\n"), -EBADMSG);
	assert_int_equal(memmap_add(&map, "0x0\n", "0xffffffffffffffff\n", "Reserved\n"), -EBADMSG);
	assert_int_equal(memmap_add(&map, "0x10000000000000000\n", "0x1\n", "Reserved\n"),
			 -EBADMSG);
	assert_int_equal(memmap_add(&map, "0x1000 x\n", "0x1fff\n", "System RAM\n"), -EBADMSG);
	assert_int_equal(map.count, 0);
}

/* ---- EFI ------------------------------------------------------------------------------------- */

static void test_systab(void **state)
{
	struct kx_efi efi = { 0 };
	struct kx_error err;

	assert_int_equal(kx_efi_systab_parse(kx_text_of("ACPI20=0x7f77d014\nACPI=0x7f77d000\n"
							"SMBIOS3=0x1\n\nSMBIOS=0x2\nUV=0x3\nx\n"),
					     &efi, &err),
			 0);
	assert_int_equal(efi.acpi20, 0x7f77d014);
	assert_int_equal(efi.acpi, 0x7f77d000);
	assert_int_equal(efi.smbios, 2);
}

static void test_systab_malformed(void **state)
{
	struct kx_efi efi = { 0 };
	struct kx_error err;

	assert_int_equal(kx_efi_systab_parse(kx_text_of("ACPI20=\n"), &efi, &err), -EBADMSG);
	assert_int_equal(kx_efi_systab_parse(kx_text_of("ACPI20\n"), &efi, &err), -EBADMSG);
	assert_int_equal(kx_efi_systab_parse(kx_text_of("SMBIOS=none\n"), &efi, &err), -EBADMSG);
}

/* ---- SPCR ------------------------------------------------------------------------------------ */

static void spcr_seal(uint8_t table[80])
{
	uint8_t sum = 0;

	table[9] = 0;
	for (unsigned i = 0; i < 80; i++)
		sum = (uint8_t)(sum + table[i]);
	table[9] = (uint8_t)-sum;
}

/* COM1 on a PC. */
static void spcr_make(uint8_t table[80])
{
	memset(table, 0, 80);
	memcpy(table, "SPCR", 4);
	kx_put_le32(table + 4, 80);
	table[8] = 2;
	table[40] = 1; /* I/O */
	table[41] = 8;
	kx_put_le64(table + 44, 0x3f8);
	table[58] = 7; /* 115200 */
	spcr_seal(table);
}

static int spcr_parse(uint8_t table[80], struct kx_uart *uart)
{
	struct kx_error err = { "" };
	uint8_t *copy;
	int r = kx_spcr_parse(tight(table, 80, &copy), uart, &err);

	assert_true(r == 0 || strstr(err.text, "SPCR"));
	free(copy);
	return r;
}

static void test_spcr_port(void **state)
{
	struct kx_uart uart = { 0 };
	uint8_t table[80];

	spcr_make(table);
	assert_int_equal(spcr_parse(table, &uart), 0);
	assert_int_equal(uart.kind, KX_UART_IO);
	assert_int_equal(uart.base, 0x3f8);
	assert_int_equal(uart.access_width, 1);
	assert_int_equal(uart.baud, 115200);
	assert_string_equal(uart.found, "SPCR");
}

static void test_spcr_mmio(void **state)
{
	struct kx_uart uart = { 0 };
	uint8_t table[80];

	spcr_make(table);
	table[36] = 0x12;
	table[40] = 0;
	table[41] = 32;
	table[43] = 3;
	table[58] = 0;
	kx_put_le64(table + 44, 0xfedc9000);
	spcr_seal(table);
	assert_int_equal(spcr_parse(table, &uart), 0);
	assert_int_equal(uart.kind, KX_UART_MMIO);
	assert_int_equal(uart.base, 0xfedc9000);
	assert_int_equal(uart.reg_shift, 2);
	assert_int_equal(uart.access_width, 4);
	assert_int_equal(uart.baud, 0);
	table[41] = 16;
	table[43] = 2;
	spcr_seal(table);
	assert_int_equal(spcr_parse(table, &uart), 0);
	assert_int_equal(uart.reg_shift, 1);
	assert_int_equal(uart.access_width, 2);
	table[41] = 8;
	table[43] = 0;
	table[58] = 200;
	spcr_seal(table);
	assert_int_equal(spcr_parse(table, &uart), 0);
	assert_int_equal(uart.reg_shift, 0);
	assert_int_equal(uart.access_width, 1);
	assert_int_equal(uart.baud, 0);
}

static int spcr_changed(unsigned at, uint8_t value)
{
	struct kx_uart uart = { .base = 77 };
	uint8_t table[80];
	int r;

	spcr_make(table);
	table[at] = value;
	spcr_seal(table);
	r = spcr_parse(table, &uart);
	if (r < 0)
		assert_int_equal(uart.base, 77);
	return r;
}

static void test_spcr_malformed(void **state)
{
	struct kx_uart uart;
	struct kx_error err;
	uint8_t table[80];

	assert_int_equal(spcr_changed(0, 'X'), -ENOEXEC);
	assert_int_equal(spcr_changed(4, 79), -EBADMSG);
	assert_int_equal(spcr_changed(4, 81), -EBADMSG);
	assert_int_equal(spcr_changed(7, 0x80), -EBADMSG);
	assert_int_equal(spcr_changed(36, 3), -EOPNOTSUPP); /* an ARM PL011 */
	assert_int_equal(spcr_changed(40, 2), -EOPNOTSUPP); /* PCI configuration space */
	assert_int_equal(spcr_changed(46, 1), -EOPNOTSUPP); /* port 0x103f8 */
	spcr_make(table);
	kx_put_le64(table + 44, 0);
	spcr_seal(table);
	assert_int_equal(spcr_parse(table, &uart), -EOPNOTSUPP);
	spcr_make(table);
	table[40] = 0;
	table[43] = 4; /* 64 bits an access */
	spcr_seal(table);
	assert_int_equal(spcr_parse(table, &uart), -EOPNOTSUPP);
	spcr_make(table);
	table[58] ^= 1; /* the checksum does not know */
	assert_int_equal(spcr_parse(table, &uart), -EBADMSG);
	for (size_t size = 0; size < 80; size++) {
		uint8_t *copy;

		spcr_make(table);
		assert_true(kx_spcr_parse(tight(table, size, &copy), &uart, &err) < 0);
		free(copy);
	}
}

/* ---- /proc/cpuinfo, the kernel's configuration ----------------------------------------------- */

static void test_cpuinfo_flags(void **state)
{
	struct kx_view flags = kx_cpuinfo_flags(kx_text_of("processor\t: 0\nvmx flags\t: ept\n"
							   "flags\t\t: fpu la57\nflags\t: x\n"));

	assert_true(kx_text_has_word(flags, "la57"));
	assert_true(kx_text_has_word(flags, "fpu"));
	assert_false(kx_text_has_word(flags, "la5"));
	assert_false(kx_text_has_word(flags, "x"));
	assert_false(kx_text_has_word(flags, "ept"));
	assert_int_equal(kx_cpuinfo_flags(kx_text_of("processor: 0\n\n")).size, 0);
	assert_int_equal(kx_cpuinfo_flags(kx_text_of("")).size, 0);
}

static void test_config(void **state)
{
	struct kx_config config = { 0 };
	struct kx_error err;

	assert_int_equal(kx_config_parse(kx_text_of("#\n# Kernel configuration\n#\n"
						    "CONFIG_KEXEC=y\nCONFIG_KEXEC_FILES=y\n"
						    "# CONFIG_KEXEC_FILE is not set\n"
						    "CONFIG_KEXEC_SIG=n\n"
						    " CONFIG_IMA=y\n"
						    "CONFIG_SECURITY_LOCKDOWN_LSM=y"),
					 &config, &err),
			 0);
	assert_int_equal(config.kexec, KX_YES);
	assert_int_equal(config.kexec_file, KX_NO);
	assert_int_equal(config.kexec_sig, KX_NO);
	assert_int_equal(config.ima, KX_NO);
	assert_int_equal(config.lockdown, KX_YES);
	assert_int_equal(config.kho, KX_NO);
}

static void test_config_that_is_none(void **state)
{
	static const char *const texts[] = {
		"", "\n\n", "KEXEC=y\n", "# CONFIG\n", "#\n", "CONFIG"
	};
	struct kx_config config = { 0 };
	struct kx_error err;

	for (size_t i = 0; i < KX_ARRAY_SIZE(texts); i++)
		assert_int_equal(kx_config_parse(kx_text_of(texts[i]), &config, &err), -EBADMSG);
	assert_int_equal(config.kexec, KX_UNKNOWN);
}

static void test_config_lines_that_count(void **state)
{
	assert_true(kx_config_line_counts(kx_text_of("CONFIG_KEXEC=y")));
	assert_true(kx_config_line_counts(kx_text_of("# CONFIG_KEXEC is not set")));
	assert_false(kx_config_line_counts(kx_text_of("CONFIG_LOCALVERSION=\"-secret\"")));
	assert_false(kx_config_line_counts(kx_text_of("# KEXEC")));
	assert_false(kx_config_line_counts(kx_text_of("# ")));
	assert_false(kx_config_line_counts(kx_text_of("")));
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void test_numbers(void **state)
{
	uint64_t v = 77;

	assert_true(kx_text_u64(kx_text_of("0"), 0, &v) && v == 0);
	assert_true(kx_text_u64(kx_text_of("0x1F"), 0, &v) && v == 0x1f);
	assert_true(kx_text_u64(kx_text_of("1f"), 16, &v) && v == 0x1f);
	assert_true(kx_text_u64(kx_text_of("18446744073709551615"), 10, &v) && v == UINT64_MAX);
	v = 77;
	assert_false(kx_text_u64(kx_text_of("18446744073709551616"), 10, &v));
	assert_false(kx_text_u64(kx_text_of("18446744073709551620"), 10, &v));
	assert_false(kx_text_u64(kx_text_of("1f"), 0, &v));
	assert_false(kx_text_u64(kx_text_of("0x1"), 10, &v));
	assert_false(kx_text_u64(kx_text_of("1@"), 16, &v));
	assert_false(kx_text_u64(kx_text_of("1`"), 16, &v));
	assert_false(kx_text_u64(kx_text_of("-1"), 10, &v));
	assert_false(kx_text_u64(kx_text_of(""), 10, &v));
	assert_int_equal(v, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iomem_levels),
		cmocka_unit_test(test_iomem_hidden),
		cmocka_unit_test(test_iomem_malformed),
		cmocka_unit_test(test_iomem_nul_in_name),
		cmocka_unit_test(test_iomem_error_names_the_line),
		cmocka_unit_test(test_iomem_too_many_lines),
		cmocka_unit_test(test_memmap_types),
		cmocka_unit_test(test_memmap_malformed),
		cmocka_unit_test(test_systab),
		cmocka_unit_test(test_systab_malformed),
		cmocka_unit_test(test_spcr_port),
		cmocka_unit_test(test_spcr_mmio),
		cmocka_unit_test(test_spcr_malformed),
		cmocka_unit_test(test_cpuinfo_flags),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_config_that_is_none),
		cmocka_unit_test(test_config_lines_that_count),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
