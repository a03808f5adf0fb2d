// SPDX-License-Identifier: GPL-2.0-or-later
/* The memory map that the next kernel is told. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "arch/x86/boot_params.h"
#include "base/endian.h"
#include "fixture_machine.h"

static void assert_map(const struct kx_memmap *map, size_t count, const struct kx_mem *want)
{
	assert_int_equal(map->count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(map->v[i].start, want[i].start);
		assert_int_equal(map->v[i].end, want[i].end);
		assert_int_equal(map->v[i].type, want[i].type);
	}
}

static void assert_next(struct fixture_machine *f, size_t count, const struct kx_mem *want)
{
	struct kx_memmap map = { 0 };

	assert_int_equal(kx_x86_next_memmap(&f->m, &map), 0);
	assert_map(&map, count, want);
	kx_memmap_clear(&map);
	fixture_machine_clear(f);
}

/* So that a chain of jumps ends with the map that it began with. */
static void firmware_map_is_handed_on_as_it_was(void **state)
{
	struct fixture_machine f;

	fixture_machine_init(&f);
	fixture_usual_iomem(&f);
	assert_next(&f, f.m.firmware_map.count, f.m.firmware_map.v);
}

static void ram_that_the_kernel_carved_out_is_reserved(void **state)
{
	struct fixture_machine f;

	fixture_machine_init(&f);
	fixture_iomem(&f, 0, 0x1000, 0, "Reserved");
	fixture_iomem(&f, MIB, 512 * MIB, 0, "System RAM");
	fixture_iomem(&f, 16 * MIB, 32 * MIB, 1, "Kernel code");
	fixture_iomem(&f, 512 * MIB, 513 * MIB, 0, "Reserved");
	fixture_iomem(&f, 513 * MIB, GIB - 2 * MIB, 0, "System RAM");
	assert_next(&f, 7,
		    (struct kx_mem[]){ { 0, 0xa0000, KX_MEM_RAM },
				       { 0xf0000, 0x100000, KX_MEM_RESERVED },
				       { MIB, 512 * MIB, KX_MEM_RAM },
				       { 512 * MIB, 513 * MIB, KX_MEM_RESERVED },
				       { 513 * MIB, GIB - 2 * MIB, KX_MEM_RAM },
				       { GIB - 2 * MIB, GIB - MIB, KX_MEM_ACPI },
				       { GIB - MIB, GIB, KX_MEM_NVS } });
}

static void memory_of_a_driver_is_not_carved_out(void **state)
{
	struct fixture_machine f;

	fixture_machine_init(&f);
	fixture_iomem(&f, MIB, 512 * MIB, 0, "System RAM");
	fixture_iomem(&f, 512 * MIB, GIB - 2 * MIB, 0, "System RAM (virtio_mem)");
	assert_next(&f, f.m.firmware_map.count, f.m.firmware_map.v);
}

/* mem= hides RAM from this kernel; it is RAM all the same. */
static void ram_that_the_kernel_does_not_mention_stays_ram(void **state)
{
	struct fixture_machine f;

	fixture_machine_init(&f);
	fixture_iomem(&f, MIB, 512 * MIB, 0, "System RAM");
	assert_next(&f, f.m.firmware_map.count, f.m.firmware_map.v);
}

/* What memmap= reserved is the user's to keep or to give back by the next command line. */
static void ram_that_the_user_carved_out_stays_ram(void **state)
{
	struct fixture_machine f;

	fixture_machine_init(&f);
	fixture_iomem(&f, MIB, 256 * MIB, 0, "System RAM");
	fixture_iomem(&f, 256 * MIB, 320 * MIB, 0, "Reserved");
	fixture_iomem(&f, 320 * MIB, 512 * MIB, 0, "System RAM");
	fixture_iomem(&f, 512 * MIB, 768 * MIB, 0, "Persistent Memory (legacy)");
	f.m.cmdline =
		(char *)(uintptr_t) "memmap=64M$0x10000000,256M!512M memmap=bad memmap=1G$ memmap";
	assert_next(&f, f.m.firmware_map.count, f.m.firmware_map.v);
}

static void add_efi_memmap_adds_the_kernels_ram(void **state)
{
	struct fixture_machine f;
	struct kx_memmap map = { 0 };

	fixture_machine_init(&f);
	fixture_usual_iomem(&f);
	fixture_iomem(&f, 4 * GIB, 6 * GIB, 0, "System RAM");
	f.m.cmdline = (char *)(uintptr_t) "quiet add_efi_memmap";
	assert_int_equal(kx_x86_next_memmap(&f.m, &map), 0);
	assert_int_equal(map.count, f.m.firmware_map.count + 1);
	assert_int_equal(map.v[map.count - 1].start, 4 * GIB);
	assert_int_equal(map.v[map.count - 1].end, 6 * GIB);
	assert_int_equal(map.v[map.count - 1].type, KX_MEM_RAM);
	kx_memmap_clear(&map);
	f.m.cmdline = (char *)(uintptr_t) "quiet";
	assert_int_equal(kx_x86_next_memmap(&f.m, &map), 0);
	assert_int_equal(map.count, f.m.firmware_map.count);
	kx_memmap_clear(&map);
	fixture_machine_clear(&f);
}

static void every_type_keeps_its_e820_number(void **state)
{
	static const uint32_t want[KX_MEM_TYPE_COUNT] = { 2, 1, 2, 3, 4, 5, 7, 12, 0xefffffff };
	uint8_t buf[KX_BOOT_PARAMS_SIZE] = { 0 };
	struct kx_boot_block block = { .buf = buf, .room = sizeof(buf), .used = sizeof(buf) };
	struct kx_memmap map = { 0 };
	struct kx_error err;

	for (unsigned type = 0; type < KX_MEM_TYPE_COUNT; type++)
		kx_memmap_add(&map, type * GIB, type * GIB + MIB, (enum kx_mem_type)type);
	assert_int_equal(kx_x86_e820_write(&block, &map, &err), 0);
	assert_int_equal(buf[KX_BP_E820_ENTRIES], KX_MEM_TYPE_COUNT);
	for (unsigned type = 0; type < KX_MEM_TYPE_COUNT; type++) {
		const uint8_t *entry = buf + KX_BP_E820_TABLE + type * KX_E820_ENTRY_SIZE;

		assert_int_equal(kx_le64(entry), type * GIB);
		assert_int_equal(kx_le64(entry + 8), MIB);
		assert_int_equal(kx_le32(entry + 16), want[type]);
	}
	kx_memmap_clear(&map);
}

static void more_than_128_entries_go_through_setup_data(void **state)
{
	static uint8_t buf[2 * KX_BOOT_PARAMS_SIZE];
	struct kx_boot_block block = { .buf = buf, .dest = 0x7000000, .used = KX_BOOT_PARAMS_SIZE };
	struct kx_memmap map = { 0 };
	struct kx_error err;
	uint64_t at;

	for (unsigned i = 0; i < KX_E820_MAX + 3; i++)
		kx_memmap_add(&map, i * MIB, i * MIB + 1, KX_MEM_RAM);
	block.room = sizeof(buf);
	assert_int_equal(kx_x86_e820_write(&block, &map, &err), 0);
	assert_int_equal(buf[KX_BP_E820_ENTRIES], 128);
	at = kx_le64(buf + KX_BP_SETUP_DATA) - block.dest;
	assert_int_equal(at, KX_BOOT_PARAMS_SIZE);
	assert_int_equal(kx_le64(buf + at), 0);
	assert_int_equal(kx_le32(buf + at + 8), KX_SETUP_E820_EXT);
	assert_int_equal(kx_le32(buf + at + 12), 3 * KX_E820_ENTRY_SIZE);
	assert_int_equal(kx_le64(buf + at + 16 + 2 * KX_E820_ENTRY_SIZE), 130 * MIB);

	block.room = block.used = KX_BOOT_PARAMS_SIZE;
	assert_int_equal(kx_x86_e820_write(&block, &map, &err), -ENOSPC);
	kx_memmap_clear(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(firmware_map_is_handed_on_as_it_was),
		cmocka_unit_test(ram_that_the_kernel_carved_out_is_reserved),
		cmocka_unit_test(memory_of_a_driver_is_not_carved_out),
		cmocka_unit_test(ram_that_the_kernel_does_not_mention_stays_ram),
		cmocka_unit_test(ram_that_the_user_carved_out_stays_ram),
		cmocka_unit_test(add_efi_memmap_adds_the_kernels_ram),
		cmocka_unit_test(every_type_keeps_its_e820_number),
		cmocka_unit_test(more_than_128_entries_go_through_setup_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
