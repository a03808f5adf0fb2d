// SPDX-License-Identifier: GPL-2.0-or-later
/* Purgatory's flow and console on a pretended machine: its architecture's functions are the fakes
 * below. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Included for its state, which a real machine enters with once. */
#include "base/endian.h"
#include "purgatory/purgatory.c"

enum { PORT = 0x2f8, SEGMENTS = 3 };
enum { EXIT_STARTED = 1, EXIT_RESET };

static struct {
	jmp_buf leave;
	struct kx_handoff handoff;
	uint8_t segments[SEGMENTS][1000];
	/* What the test wants. */
	const char *map_problem;
	uint8_t line_status;
	unsigned fail_while_mapping;
	/* What purgatory did. */
	char output[4096];
	size_t output_size;
	uint16_t base; /* of the port that was used last */
	uint8_t registers[8], divisor[2];
	uint64_t ticks;
	unsigned port_accesses, polls, drains_after_output, pauses, vga_resets, maps;
	uint32_t reset_flags;
	const struct kx_handoff *started;
} m;

/* Physical memory: the first MiB, and where a search could end up reading. */
static uint8_t memory[0x141000];

uint8_t *kx_arch_memory(void)
{
	return memory;
}

const char *kx_arch_map(const struct kx_handoff *handoff)
{
	assert_ptr_equal(handoff, &m.handoff);
	m.maps++;
	for (unsigned i = 0; i < m.fail_while_mapping; i++)
		kx_failure_begin();
	return m.map_problem;
}

void kx_arch_reset_vga(void)
{
	m.vga_resets++;
}

void kx_arch_pause(void)
{
	m.pauses++;
}

uint64_t kx_arch_ticks(void)
{
	return m.ticks += 1000;
}

kx_digest_blocks *kx_arch_digest(enum kx_digest_kind kind)
{
	return NULL;
}

_Noreturn void kx_arch_reset(uint32_t flags)
{
	m.reset_flags = flags;
	longjmp(m.leave, EXIT_RESET);
}

_Noreturn void kx_arch_start(const struct kx_handoff *handoff)
{
	m.started = handoff;
	longjmp(m.leave, EXIT_STARTED);
}

/* Which register of the console @port is. */
static unsigned register_of(uint16_t port)
{
	m.port_accesses++;
	m.base = state.console.uart.kind ? (uint16_t)state.console.uart.base : PORT;
	assert_in_range(port, m.base, m.base + 7);
	return port - m.base;
}

uint8_t kx_arch_in8(uint16_t port)
{
	assert_int_equal(register_of(port), 5);
	m.polls++;
	m.drains_after_output++;
	return m.line_status;
}

void kx_arch_out8(uint16_t port, uint8_t value)
{
	unsigned reg = register_of(port);

	if (m.registers[3] & 0x80 && reg < 2) {
		m.divisor[reg] = value;
	} else if (reg == 0) {
		assert_true(m.output_size < sizeof(m.output) - 1);
		m.output[m.output_size++] = (char)value;
		m.drains_after_output = 0;
	} else {
		m.registers[reg] = value;
	}
}

/* ---- what libkexec does ---------------------------------------------------------------------- */

static void add_region(const void *start, size_t size)
{
	m.handoff.regions[m.handoff.region_count++] =
		(struct kx_handoff_range){ (uintptr_t)start, size };
}

static void seal(void)
{
	struct kx_digest digest;

	kx_digest_init(&digest, (enum kx_digest_kind)m.handoff.check, NULL);
	for (uint32_t i = 0; i < m.handoff.region_count; i++)
		kx_digest_region(&digest, (void *)(uintptr_t)m.handoff.regions[i].start,
				 m.handoff.regions[i].size);
	kx_digest_final(&digest, m.handoff.digest);
	m.handoff.sum = kx_handoff_sum(&m.handoff);
}

static int set_up(void **unused)
{
	memset(&m, 0, sizeof(m));
	m.line_status = 0x60;
	m.handoff = (struct kx_handoff){
		.magic = KX_HANDOFF_MAGIC,
		.version = KX_HANDOFF_VERSION,
		.size = KX_HANDOFF_SIZE,
		.entry = 0x1000200,
		.check = KX_DIGEST_SHA256,
		.regs = { .si = 0x90000 },
		.console = { .kind = KX_CONSOLE_PORT, .base = PORT },
	};
	for (unsigned i = 0; i < SEGMENTS; i++) {
		memset(m.segments[i], 'a' + (int)i, sizeof(m.segments[i]));
		add_region(m.segments[i], sizeof(m.segments[i]) - i);
	}
	/* As libkexec does with the blob: all of the block but its unhashed end. */
	add_region(&m.handoff, KX_HANDOFF_UNHASHED_OFFSET);
	seal();
	return 0;
}

/* Runs purgatory; returns how it ended. */
static int run(void)
{
	int how;

	memset(&state, 0, sizeof(state));
	memset(m.output, 0, sizeof(m.output));
	m.output_size = 0;
	m.reset_flags = UINT32_MAX;
	how = setjmp(m.leave);
	if (!how)
		kx_purgatory_main(&m.handoff);
	return how;
}

static void assert_refused(const char *words)
{
	assert_int_equal(run(), EXIT_RESET);
	assert_int_equal(m.reset_flags, m.handoff.flags);
	if (!strstr(m.output, words))
		fail_msg("\"%s\" is not in \"%s\"", words, m.output);
	assert_true(!strncmp(m.output, "\r\nkexec: purgatory: ", 20));
	assert_non_null(strstr(m.output, "; resetting the machine\r\n"));
}

static void assert_started(void)
{
	assert_int_equal(run(), EXIT_STARTED);
	assert_ptr_equal(m.started, &m.handoff);
}

/* ---- the check ------------------------------------------------------------------------------- */

static void test_starts_silently(void **unused)
{
	assert_started();
	assert_string_equal(m.output, "");
	assert_int_equal(m.port_accesses, 0);
	assert_int_equal(m.maps, 1);
	assert_int_equal(m.vga_resets, 0);
}

/* Behind the check, when nothing else can go wrong; outside of what is checked. */
static void test_times_are_noted(void **unused)
{
	struct kx_times times = { .magic = KX_TIMES_MAGIC, .loaded = 500 };

	m.handoff.times = (uintptr_t)&times;
	seal();
	assert_started();
	assert_int_equal(times.magic, KX_TIMES_MAGIC);
	assert_int_equal(times.loaded, 500);
	assert_int_equal(times.entered, 1000);
	assert_int_equal(times.left, 2000);
	times = (struct kx_times){ 0 };
	m.segments[0][0] ^= 1;
	assert_refused("mismatch");
	assert_int_equal(times.entered, 0);
}

static void test_no_times(void **unused)
{
	assert_started();
	assert_int_equal(m.ticks, 0);
}

static void test_reports_progress_when_asked(void **unused)
{
	m.handoff.flags = KX_HANDOFF_PROGRESS;
	seal();
	assert_started();
	assert_string_equal(m.output, "\r\nkexec: purgatory: checking what was loaded\r\n"
				      "kexec: purgatory: starting the next kernel\r\n");
	assert_int_not_equal(m.drains_after_output, 0);
}

static void test_any_changed_bit_is_caught(void **unused)
{
	for (unsigned i = 0; i < SEGMENTS; i++) {
		for (size_t at = 0; at < m.handoff.regions[i].size; at += 37) {
			m.segments[i][at] ^= 1 << at % 8;
			assert_refused("checksum mismatch");
			m.segments[i][at] ^= 1 << at % 8;
		}
	}
	assert_started();
}

/* The last region is two bytes shorter than its segment: padding is not looked at. */
static void test_bytes_outside_regions_do_not_count(void **unused)
{
	m.segments[2][998] ^= 0xff;
	assert_started();
	m.segments[2][997] ^= 0xff;
	assert_refused("checksum mismatch");
}

static void test_mismatch_shows_both_digests(void **unused)
{
	char expected[64];

	snprintf(expected, sizeof(expected), "loaded was %02x%02x%02x%02x", m.handoff.digest[0],
		 m.handoff.digest[1], m.handoff.digest[2], m.handoff.digest[3]);
	m.segments[1][0] ^= 1;
	assert_refused(expected);
	assert_refused("; load it again");
}

static void test_each_byte_of_the_digest_counts(void **unused)
{
	for (unsigned i = 0; i < KX_DIGEST_SIZE; i++) {
		m.handoff.digest[i] ^= 1;
		m.handoff.sum = kx_handoff_sum(&m.handoff);
		assert_refused("checksum mismatch");
		m.handoff.digest[i] ^= 1;
	}
}

static void test_order_of_regions_counts(void **unused)
{
	struct kx_handoff_range first = m.handoff.regions[0];

	m.handoff.region_count--; /* the block itself is going to change */
	seal();
	m.handoff.regions[0] = m.handoff.regions[1];
	m.handoff.regions[1] = first;
	m.handoff.sum = kx_handoff_sum(&m.handoff);
	assert_refused("checksum mismatch");
}

static void test_each_kind_of_check(void **unused)
{
	static const char *const names[] = { "none", "memory has sha256 ", "memory has crc32c ",
					     "memory has madd " };

	for (uint16_t kind = KX_DIGEST_SHA256; kind < KX_DIGEST_KINDS; kind++) {
		m.handoff.check = kind;
		seal();
		assert_started();
		m.segments[1][500] ^= 4;
		assert_refused(names[kind]);
		m.segments[1][500] ^= 4;
	}
}

static void test_no_check(void **unused)
{
	m.handoff.check = KX_DIGEST_NONE;
	seal();
	m.segments[0][0] ^= 1;
	assert_started();
}

/* ---- the hand-off block ---------------------------------------------------------------------- */

static void test_any_changed_bit_of_the_block_is_caught(void **unused)
{
	uint8_t *block = (uint8_t *)&m.handoff;

	/* But for balance, the last field, which the first instructions check. */
	for (size_t i = 0; i < 8 * offsetof(struct kx_handoff, balance); i++) {
		block[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(run(), EXIT_RESET);
		assert_non_null(strstr(m.output, "the hand-off block is damaged: "));
		assert_int_equal(m.maps, 0);
		block[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

static void assert_block_refused(const char *why)
{
	m.handoff.sum = kx_handoff_sum(&m.handoff);
	assert_string_equal(kx_handoff_problem(&m.handoff), why);
	assert_int_equal(run(), EXIT_RESET);
	assert_non_null(strstr(m.output, why));
	assert_int_equal(m.maps, 0);
	set_up(NULL);
}

static void test_fields_out_of_bounds(void **unused)
{
	m.handoff.magic++;
	assert_block_refused("wrong magic number");
	m.handoff.version++;
	assert_block_refused("wrong version or size");
	m.handoff.size--;
	assert_block_refused("wrong version or size");
	m.handoff.flags = KX_HANDOFF_FLAGS + 1;
	assert_block_refused("unknown flag");
	m.handoff.map_count = KX_HANDOFF_MAPS + 1;
	assert_block_refused("too many ranges");
	m.handoff.region_count = KX_HANDOFF_REGIONS + 1;
	assert_block_refused("too many ranges");
	m.handoff.check = KX_DIGEST_KINDS;
	assert_block_refused("unknown kind of check");
	m.handoff.maps[0] = (struct kx_handoff_range){ UINT64_MAX, 2 };
	m.handoff.map_count = 1;
	assert_block_refused("a range past the end of the address space");
	m.handoff.regions[SEGMENTS].size = UINT64_MAX;
	assert_block_refused("a range past the end of the address space");
	m.handoff.rsdp = UINT64_MAX - 35;
	assert_block_refused("a place for ACPI's pointer where it cannot be");
	m.handoff.rsdp_tags = UINT64_MAX - 79;
	assert_block_refused("a place for ACPI's pointer where it cannot be");
	m.handoff.ebda = 0x9f008;
	assert_block_refused("a place for ACPI's pointer where it cannot be");
	m.handoff.ebda = 0xa0000;
	assert_block_refused("a place for ACPI's pointer where it cannot be");
	m.handoff.backup = 0x9ffff;
	assert_block_refused("a place for conventional memory where it cannot be");
	m.handoff.backup = UINT64_MAX - 0x9fffe;
	assert_block_refused("a place for conventional memory where it cannot be");
}

/* ---- ACPI's pointer -------------------------------------------------------------------------- */

#define TAGS 0x80000

static void make_sum_zero(uint8_t *p, unsigned sum_at, unsigned size)
{
	p[sum_at] = 0;
	for (unsigned i = 0; i < size; i++)
		if (i != sum_at)
			p[sum_at] = (uint8_t)(p[sum_at] - p[i]);
}

static uint8_t *put_rsdp(uint32_t at, uint8_t revision)
{
	uint8_t *p = memory + at;

	memcpy(p, "RSD PTR ?maker.", 15);
	p[15] = revision;
	memcpy(p + 16, "RSDT\x24\0\0\0XSDTxsdt?...", 20);
	make_sum_zero(p, 8, 20);
	make_sum_zero(p, 32, 36);
	return p;
}

/* As libkexec has it: a row of tags that end the information. */
static int clear_memory(void **unused)
{
	memset(memory, 0, sizeof(memory));
	for (unsigned i = 0; i < KX_HANDOFF_RSDP_TAGS_SIZE + 8; i += 8)
		kx_put_le32(memory + TAGS + i + 4, 8);
	return set_up(unused);
}

static void assert_tag(uint32_t at, uint32_t type, uint32_t size, const uint8_t *content)
{
	assert_int_equal(kx_le32(memory + at), type);
	assert_int_equal(kx_le32(memory + at + 4), size);
	assert_memory_equal(memory + at + 8, content, size - 8);
}

static void test_rsdp_is_where_a_bios_has_it(void **unused)
{
	assert_null(kx_rsdp_find(memory));
	put_rsdp(0xffff0, 0);
	assert_ptr_equal(kx_rsdp_find(memory), memory + 0xffff0);
	put_rsdp(0xe0000, 0);
	assert_ptr_equal(kx_rsdp_find(memory), memory + 0xe0000);
	memory[0xe0000 + 19] ^= 1; /* the old part's sum */
	assert_ptr_equal(kx_rsdp_find(memory), memory + 0xffff0);
	put_rsdp(0xe0008, 0);
	assert_ptr_equal(kx_rsdp_find(memory), memory + 0xffff0);
	put_rsdp(0x9fc00 + 1008, 0);
	assert_ptr_equal(kx_rsdp_find(memory), memory + 0xffff0);
	kx_put_le16(memory + 0x40e, 0x9fc0);
	assert_ptr_equal(kx_rsdp_find(memory), memory + 0x9fc00 + 1008);
	memory[0x9fc00 + 1008] = 'r';
	put_rsdp(0x9fc00 + 1024, 0);
	assert_ptr_equal(kx_rsdp_find(memory), memory + 0xffff0);
	/* Not a segment of an EBDA, but what else is in the first page. */
	put_rsdp(0x3f0, 0);
	kx_put_le16(memory + 0x40e, 0x3f);
	assert_ptr_equal(kx_rsdp_find(memory), memory + 0xffff0);
}

static void test_rsdp_becomes_tags(void **unused)
{
	uint8_t *rsdp = put_rsdp(0xf0000, 0);

	m.handoff.rsdp_tags = TAGS;
	add_region(memory + TAGS, KX_HANDOFF_RSDP_TAGS_SIZE + 8);
	seal();
	assert_started();
	assert_tag(TAGS, 14, 28, rsdp);
	for (unsigned i = 32; i < KX_HANDOFF_RSDP_TAGS_SIZE + 8; i += 8)
		assert_tag(TAGS + i, 0, 8, NULL);
	/* It was checked before it was changed. */
	assert_refused("checksum mismatch");

	clear_memory(NULL);
	m.handoff.rsdp_tags = TAGS;
	m.handoff.rsdp = 0x12340; /* counts before what would be found */
	seal();
	rsdp = put_rsdp(0x12340, 2);
	put_rsdp(0xf0000, 0);
	assert_started();
	assert_tag(TAGS, 14, 28, rsdp);
	assert_tag(TAGS + 32, 15, 44, rsdp);
	assert_tag(TAGS + 80, 0, 8, NULL);
}

static void test_rsdp_that_is_not_whole(void **unused)
{
	uint8_t *rsdp = put_rsdp(0x12340, 2);

	m.handoff.rsdp_tags = TAGS;
	m.handoff.rsdp = 0x12340;
	seal();
	rsdp[35]++; /* only the new part's sum */
	assert_started();
	assert_tag(TAGS, 14, 28, rsdp);
	assert_tag(TAGS + 32, 0, 8, NULL);

	clear_memory(NULL);
	m.handoff.rsdp_tags = TAGS;
	m.handoff.rsdp = 0x12340;
	m.handoff.ebda = 0x9f000;
	seal();
	assert_started();
	assert_tag(TAGS, 0, 8, NULL);
	assert_int_equal(kx_le16(memory + 0x40e), 0);
}

static void test_rsdp_gets_an_ebda(void **unused)
{
	put_rsdp(0x12340, 2);
	m.handoff.rsdp = 0x12340;
	m.handoff.ebda = 0x9f000;
	seal();
	assert_started();
	assert_int_equal(memory[0x9f000], 1);
	assert_ptr_equal(kx_rsdp_find(memory), memory + 0x9f010);
	assert_memory_equal(memory + 0x9f010, memory + 0x12340, 36);
	assert_tag(TAGS, 0, 8, NULL);
}

/* ---- conventional memory, of a kernel that is to be dumped ----------------------------------- */

static void test_conventional_memory_is_backed_up(void **unused)
{
	for (size_t i = 0; i < KX_HANDOFF_LOW_SIZE; i++)
		memory[i] = (uint8_t)(i * 7 + (i >> 8));
	m.handoff.backup = 0xa0000;
	seal();
	assert_started();
	assert_memory_equal(memory + 0xa0000, memory, KX_HANDOFF_LOW_SIZE);
	assert_int_equal(memory[0x140000], 0);
}

static void test_nobody_asks_for_a_backup(void **unused)
{
	memset(memory, 1, KX_HANDOFF_LOW_SIZE);
	seal();
	assert_started();
	assert_int_equal(memory[0xa0000], 0);
}

static void test_nobody_asks_for_the_rsdp(void **unused)
{
	put_rsdp(0xf0000, 2);
	m.handoff.rsdp = 0xf0000;
	seal();
	assert_started();
	assert_tag(TAGS, 0, 8, NULL);
	assert_int_equal(kx_le16(memory + 0x40e), 0);
}

/* ---- more of the block ----------------------------------------------------------------------- */

/* The report goes to where a PC has its first port then. */
static void assert_console_refused(struct kx_handoff_console console)
{
	m.handoff.console = console;
	m.handoff.sum = kx_handoff_sum(&m.handoff);
	assert_int_equal(run(), EXIT_RESET);
	assert_non_null(strstr(m.output, "damaged: unknown kind of console"));
	assert_int_equal(m.base, 0x3f8);
}

static void test_consoles_out_of_bounds(void **unused)
{
	assert_console_refused((struct kx_handoff_console){ .kind = KX_CONSOLE_MMIO + 1 });
	assert_console_refused(
		(struct kx_handoff_console){ .kind = KX_CONSOLE_PORT, .base = 0xfff9 });
	assert_console_refused((struct kx_handoff_console){
		.kind = KX_CONSOLE_PORT, .base = PORT, .reg_shift = 255 });
	assert_console_refused(
		(struct kx_handoff_console){ .kind = KX_CONSOLE_MMIO, .reg_width = 2 });
	assert_console_refused((struct kx_handoff_console){
		.kind = KX_CONSOLE_MMIO, .reg_width = 1, .reg_shift = 4 });
}

/* Of each mode the first and the last address that it reaches, and those beyond. */
static void test_entries_are_bounded(void **unused)
{
	static const struct {
		uint32_t mode;
		uint16_t cs;
		uint64_t entry, low_page;
		bool sane;
	} cases[] = {
		{ KX_MODE_64, 0, UINT64_MAX, 0, true },
		{ KX_MODE_32, 0, UINT32_MAX, 0, true },
		{ KX_MODE_32, 0, UINT64_C(1) << 32, 0, false },
		{ KX_MODE_16, 0x1000, 0x10000, 0x3000, true },
		{ KX_MODE_16, 0x1000, 0x1ffff, 0x9f000, true },
		{ KX_MODE_16, 0x1000, 0xffff, 0x3000, false },
		{ KX_MODE_16, 0x1000, 0x20000, 0x3000, false },
		{ KX_MODE_16, 0x1000, 0x10000, 0, false },
		{ KX_MODE_16, 0x1000, 0x10000, 0x3001, false },
		{ KX_MODE_16, 0x1000, 0x10000, 0xa0000, false },
		{ KX_MODE_16 + 1, 0x1000, 0x10000, 0x3000, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		m.handoff.mode = cases[i].mode;
		m.handoff.cs = cases[i].cs;
		m.handoff.entry = cases[i].entry;
		m.handoff.low_page = cases[i].low_page;
		m.handoff.sum = kx_handoff_sum(&m.handoff);
		assert_int_equal(!kx_handoff_problem(&m.handoff), cases[i].sane);
	}
}

static void test_damage_is_reported_on_the_console_of_the_block(void **unused)
{
	m.handoff.entry++;
	assert_int_equal(run(), EXIT_RESET);
	assert_int_equal(m.base, PORT);
	m.handoff.console.kind = KX_CONSOLE_NONE;
	assert_int_equal(run(), EXIT_RESET);
	assert_int_equal(m.base, 0x3f8);
}

static void test_full_lists_are_accepted(void **unused)
{
	m.handoff.map_count = KX_HANDOFF_MAPS;
	while (m.handoff.region_count < KX_HANDOFF_REGIONS)
		add_region(m.segments[0], 1);
	seal();
	assert_started();
}

/* ---- failing --------------------------------------------------------------------------------- */

static void test_unmappable_is_reported(void **unused)
{
	m.map_problem = "because";
	assert_refused("cannot map what was loaded: because");
}

/* An exception while a failure is being reported: no more reporting, no more ports. */
static void test_failure_while_failing_resets_at_once(void **unused)
{
	m.fail_while_mapping = 2;
	assert_int_equal(run(), EXIT_RESET);
	assert_int_equal(m.reset_flags, KX_HANDOFF_NO_PORT_IO);
	assert_string_equal(m.output, "\r\nkexec: purgatory: ");
}

static void test_guest_without_port_io(void **unused)
{
	m.handoff.flags = KX_HANDOFF_NO_PORT_IO | KX_HANDOFF_RESET_VGA | KX_HANDOFF_PROGRESS;
	seal();
	assert_started();
	m.segments[0][0] ^= 1;
	assert_int_equal(run(), EXIT_RESET);
	assert_int_equal(m.reset_flags, m.handoff.flags);
	assert_int_equal(m.port_accesses, 0);
	assert_int_equal(m.vga_resets, 0);
}

/* Device memory would trap in the same way. */
static void test_guest_without_port_io_has_no_device_memory(void **unused)
{
	uint8_t narrow[8] = { [5] = 0x60 };
	uint16_t screen[80 * 25] = { 0 };

	m.handoff.flags = KX_HANDOFF_NO_PORT_IO | KX_HANDOFF_VGA_TEXT;
	m.handoff.vga_base = (uintptr_t)screen;
	m.handoff.console = (struct kx_handoff_console){
		.kind = KX_CONSOLE_MMIO, .reg_width = 1, .divisor = 1, .base = (uintptr_t)narrow
	};
	seal();
	m.segments[0][0] ^= 1;
	assert_int_equal(run(), EXIT_RESET);
	assert_int_equal(narrow[0], 0);
	assert_int_equal(narrow[3], 0);
	assert_int_equal(screen[80], 0);
}

/* ---- consoles -------------------------------------------------------------------------------- */

static void test_port_keeps_its_speed_by_default(void **unused)
{
	m.segments[0][0] ^= 1;
	assert_refused("mismatch");
	assert_int_equal(m.registers[3], 0);
	assert_int_equal(m.divisor[0], 0);
}

static void test_port_is_programmed(void **unused)
{
	m.handoff.console.divisor = 0x180;
	seal();
	m.segments[0][0] ^= 1;
	assert_refused("mismatch");
	assert_int_equal(m.registers[3], 3);
	assert_int_equal(m.divisor[0], 0x80);
	assert_int_equal(m.divisor[1], 1);
}

static void test_dead_port_is_given_up_once(void **unused)
{
	m.line_status = 0;
	m.segments[0][0] ^= 1;
	assert_int_equal(run(), EXIT_RESET);
	assert_int_equal(m.output_size, 0);
	assert_in_range(m.polls, 1, 1000000);
}

static void test_port_that_never_drains(void **unused)
{
	m.line_status = 0x20;
	m.segments[0][0] ^= 1;
	assert_refused("mismatch");
	assert_in_range(m.drains_after_output, 1000, 1000000);
}

static void test_report_is_sent_before_the_reset(void **unused)
{
	m.segments[0][0] ^= 1;
	assert_refused("mismatch");
	assert_int_equal(m.drains_after_output, 1);
}

static void test_port_in_memory(void **unused)
{
	uint32_t wide[8] = { [5] = 0x60 };
	uint8_t narrow[8] = { [5] = 0x60 };

	m.handoff.console = (struct kx_handoff_console){
		.kind = KX_CONSOLE_MMIO, .reg_shift = 2, .reg_width = 4, .base = (uintptr_t)wide
	};
	seal();
	m.segments[0][0] ^= 1;
	assert_int_equal(run(), EXIT_RESET);
	assert_int_equal(wide[0], '\n');
	m.handoff.console = (struct kx_handoff_console){
		.kind = KX_CONSOLE_MMIO, .reg_width = 1, .base = (uintptr_t)narrow, .divisor = 0x201
	};
	m.handoff.sum = kx_handoff_sum(&m.handoff);
	assert_int_equal(run(), EXIT_RESET);
	assert_int_equal(narrow[0], '\n');
	assert_int_equal(narrow[1], 2);
	assert_int_equal(narrow[3], 3);
	assert_int_equal(m.port_accesses, 0);
}

/* Memory is not mapped yet when mapping fails. */
static void test_port_in_memory_is_not_used_unmapped(void **unused)
{
	uint8_t narrow[8] = { [5] = 0x60 };

	m.handoff.console = (struct kx_handoff_console){ .kind = KX_CONSOLE_MMIO,
							 .reg_width = 1,
							 .base = (uintptr_t)narrow };
	m.handoff.flags = KX_HANDOFF_VGA_TEXT;
	seal();
	m.map_problem = "because";
	assert_int_equal(run(), EXIT_RESET);
	assert_int_equal(narrow[0], 0);
}

static void test_text_screen(void **unused)
{
	uint16_t screen[80 * 25 + 1] = { [80 * 25] = 0xdead };
	char row[80];

	m.handoff.flags = KX_HANDOFF_VGA_TEXT | KX_HANDOFF_RESET_VGA;
	m.handoff.vga_base = (uintptr_t)screen;
	seal();
	m.segments[0][0] ^= 1;
	assert_refused("mismatch");
	for (unsigned i = 0; i < 80; i++) {
		assert_int_equal(screen[i], 0x4f20);
		assert_int_equal(screen[80 + i] >> 8, 0x4f);
		row[i] = (char)screen[80 + i];
	}
	assert_memory_equal(row, "kexec: purgatory: checksum mismatch: ", 37);
	assert_int_equal(screen[80 * 25], 0xdead);
	assert_int_equal(m.pauses, 1);
	assert_int_equal(m.vga_resets, 1);
}

static void test_text_screen_starts_again_at_its_top(void **unused)
{
	uint16_t screen[80 * 25 + 1] = { [80 * 25] = 0xdead };
	struct kx_console console = { 0 };

	kx_console_add_screen(&console, (uintptr_t)screen);
	for (unsigned i = 0; i < 25; i++)
		kx_console_text(&console, "x\n");
	kx_console_text(&console, "yz");
	assert_int_equal(screen[0], 0x4f00 | 'y');
	assert_int_equal(screen[1], 0x4f00 | 'z');
	assert_int_equal(screen[80], 0x4f00 | 'x');
	assert_int_equal(screen[80 * 25], 0xdead);
}

static void test_numbers(void **unused)
{
	struct kx_console console = { 0 };
	const uint8_t bytes[] = { 0x0a, 0xf0 };

	kx_console_add_uart(&console, &m.handoff.console);
	kx_console_number(&console, 0);
	kx_console_text(&console, " ");
	kx_console_number(&console, 0x10);
	kx_console_text(&console, " ");
	kx_console_number(&console, 0xfedcba9876543210);
	kx_console_text(&console, " ");
	kx_console_bytes(&console, bytes, sizeof(bytes));
	assert_string_equal(m.output, "0x0 0x10 0xfedcba9876543210 0af0");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_starts_silently),
		TEST(test_times_are_noted),
		TEST(test_no_times),
		TEST(test_reports_progress_when_asked),
		TEST(test_any_changed_bit_is_caught),
		TEST(test_bytes_outside_regions_do_not_count),
		TEST(test_mismatch_shows_both_digests),
		TEST(test_each_byte_of_the_digest_counts),
		TEST(test_order_of_regions_counts),
		TEST(test_each_kind_of_check),
		TEST(test_no_check),
		TEST(test_any_changed_bit_of_the_block_is_caught),
		TEST(test_fields_out_of_bounds),
		TEST(test_consoles_out_of_bounds),
		TEST(test_entries_are_bounded),
		cmocka_unit_test_setup(test_rsdp_is_where_a_bios_has_it, clear_memory),
		cmocka_unit_test_setup(test_rsdp_becomes_tags, clear_memory),
		cmocka_unit_test_setup(test_rsdp_that_is_not_whole, clear_memory),
		cmocka_unit_test_setup(test_rsdp_gets_an_ebda, clear_memory),
		cmocka_unit_test_setup(test_conventional_memory_is_backed_up, clear_memory),
		cmocka_unit_test_setup(test_nobody_asks_for_a_backup, clear_memory),
		cmocka_unit_test_setup(test_nobody_asks_for_the_rsdp, clear_memory),
		TEST(test_damage_is_reported_on_the_console_of_the_block),
		TEST(test_full_lists_are_accepted),
		TEST(test_unmappable_is_reported),
		TEST(test_failure_while_failing_resets_at_once),
		TEST(test_guest_without_port_io),
		TEST(test_guest_without_port_io_has_no_device_memory),
		TEST(test_port_keeps_its_speed_by_default),
		TEST(test_port_is_programmed),
		TEST(test_dead_port_is_given_up_once),
		TEST(test_port_that_never_drains),
		TEST(test_report_is_sent_before_the_reset),
		TEST(test_port_in_memory),
		TEST(test_port_in_memory_is_not_used_unmapped),
		TEST(test_text_screen),
		TEST(test_text_screen_starts_again_at_its_top),
		TEST(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
