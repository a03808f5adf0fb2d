// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The next kernel's memory map: what firmware said, less what the running kernel has carved out of RAM since, so that
 * what EFI's ESRT and the like live in is not trampled on two jumps later.
 */
#include "boot_params.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "cmdline.h"
#include "crash/crash.h"

static int by_name(const char *name)
{
	for (int type = KX_MEM_RAM; type < KX_MEM_TYPE_COUNT; type++)
		if (strcmp(name, kx_mem_type_name((enum kx_mem_type)type)) == 0)
			return type;
	return KX_MEM_RESERVED;
}

/*
 * Each kernel takes page 0 out of RAM by itself (trim_bios_range() in arch/x86/kernel/setup.c), and a map that has
 * it reserved would not be firmware's map any more. A driver's "System RAM (…)" is not in firmware's RAM.
 */
static bool is_carved(const struct kx_iomem_entry *entry)
{
	return !entry->depth && entry->start >= KX_PAGE_SIZE &&
	       strncmp(entry->name, KX_IOMEM_RAM, strlen(KX_IOMEM_RAM)) != 0;
}

/*
 * memmap= on the running command line takes RAM out too, but by the user's word, which the next command line repeats or
 * takes back: nn[KMG]$ss, nn[KMG]#ss, nn[KMG]!ss (Documentation/admin-guide/kernel-parameters.txt). Comma-separated.
 */
static int add_users_range(struct kx_ranges *set, const char *from, const char *end)
{
	uint64_t size, start;

	if (!kx_cmdline_size(&from, end, &size) || from == end || !strchr("$#!", *from))
		return 0;
	from++;
	if (!kx_cmdline_size(&from, end, &start) || size > UINT64_MAX - start)
		return 0;
	return kx_ranges_add(set, start, start + size);
}

static int users_ranges(const char *cmdline, struct kx_ranges *ret)
{
	struct kx_ranges set = { 0 };
	struct kx_word word;
	int r = 0;

	while (r == 0 && cmdline && kx_cmdline_next(&cmdline, &word)) {
		const char *from = word.value, *end;

		if (!from || !kx_word_is(&word, "memmap"))
			continue;
		end = from + word.value_size;
		while (r == 0 && from < end) {
			const char *comma = memchr(from, ',', (size_t)(end - from));

			r = add_users_range(&set, from, comma ? comma : end);
			from = comma ? comma + 1 : end;
		}
	}
	if (r < 0)
		kx_ranges_clear(&set);
	else
		*ret = set;
	return r;
}

/* One range of firmware's RAM, split around what is carved out of it. /proc/iomem is sorted. */
static int add_ram(struct kx_memmap *map, const struct kx_iomem *iomem,
		   const struct kx_ranges *users, struct kx_mem ram)
{
	for (size_t i = 0; i < iomem->count && ram.start < ram.end; i++) {
		const struct kx_iomem_entry *entry = &iomem->v[i];
		uint64_t start = entry->start > ram.start ? entry->start : ram.start;
		uint64_t end = entry->end < ram.end ? entry->end : ram.end;

		if (!is_carved(entry) || start >= end || kx_ranges_contain(users, start, end))
			continue;
		if (kx_memmap_add(map, ram.start, start, KX_MEM_RAM) < 0 ||
		    kx_memmap_add(map, start, end, (enum kx_mem_type)by_name(entry->name)) < 0)
			return -ENOMEM;
		ram.start = end;
	}
	return kx_memmap_add(map, ram.start, ram.end, KX_MEM_RAM);
}

/* add_efi_memmap made the kernel know RAM that is nowhere in firmware's map. */
static int add_efi_ram(struct kx_memmap *map, const struct kx_machine *machine)
{
	struct kx_ranges ram = { 0 };
	int r = kx_iomem_ram(&machine->iomem, &ram);

	for (size_t i = 0; r == 0 && i < machine->firmware_map.count; i++)
		r = kx_ranges_remove(&ram, machine->firmware_map.v[i].start,
				     machine->firmware_map.v[i].end);
	for (size_t i = 0; r == 0 && i < ram.count; i++)
		r = kx_memmap_add(map, ram.v[i].start, ram.v[i].end, KX_MEM_RAM);
	kx_ranges_clear(&ram);
	return r;
}

int kx_x86_next_memmap(const struct kx_machine *machine, struct kx_memmap *ret)
{
	struct kx_ranges users = { 0 };
	struct kx_memmap map = { 0 };
	struct kx_word word;
	int r = users_ranges(machine->cmdline, &users);

	for (size_t i = 0; r == 0 && i < machine->firmware_map.count; i++) {
		const struct kx_mem *mem = &machine->firmware_map.v[i];

		if (mem->type == KX_MEM_RAM)
			r = add_ram(&map, &machine->iomem, &users, *mem);
		else
			r = kx_memmap_add(&map, mem->start, mem->end, mem->type);
	}
	if (r == 0 && kx_cmdline_find(machine->cmdline, "add_efi_memmap", &word))
		r = add_efi_ram(&map, machine);
	kx_ranges_clear(&users);
	if (r < 0) {
		kx_memmap_clear(&map);
		return r;
	}
	kx_memmap_sort(&map);
	*ret = map;
	return 0;
}

/* enum e820_type, arch/x86/include/asm/e820/types.h; 1 to 5 are ACPI 6.4, table 15.374. */
static uint32_t e820_type(enum kx_mem_type type)
{
	static const uint32_t types[KX_MEM_TYPE_COUNT] = {
		[KX_MEM_UNKNOWN] = 2, [KX_MEM_RAM] = 1,   [KX_MEM_RESERVED] = 2,
		[KX_MEM_ACPI] = 3,    [KX_MEM_NVS] = 4,   [KX_MEM_UNUSABLE] = 5,
		[KX_MEM_PMEM] = 7,    [KX_MEM_PRAM] = 12, [KX_MEM_SOFT_RESERVED] = 0xefffffff,
	};

	return types[type];
}

/* ---- for a crash kernel ---------------------------------------------------------------------- */

/*
 * As the kernel does it (crash_setup_memmap_entries() in arch/x86/kernel/crash.c): what firmware has and what is ACPI's;
 * memory of the old kernel is nowhere in the map, and so nothing that anybody writes to.
 */
static int add_firmwares(struct kx_memmap *map, const struct kx_memmap *all)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->count; i++) {
		const struct kx_mem *mem = &all->v[i];
		uint64_t end = mem->end;

		if (mem->type == KX_MEM_RAM && end > KX_CRASH_LOW_END)
			end = KX_CRASH_LOW_END;
		if (mem->type == KX_MEM_RAM || mem->type == KX_MEM_RESERVED ||
		    mem->type == KX_MEM_ACPI || mem->type == KX_MEM_NVS ||
		    mem->type == KX_MEM_UNUSABLE)
			r = kx_memmap_add(map, mem->start, end, mem->type);
	}
	return r;
}

static bool is_dumped(const struct kx_segment *segment)
{
	return !strcmp(segment->name, KX_SEGMENT_ELFCOREHDR) ||
	       !strcmp(segment->name, KX_SEGMENT_BACKUP);
}

/* What is kept for it, without what it reads as if it were the old kernel's memory: its ioremap() takes no RAM. */
static int add_own(struct kx_memmap *map, const struct kx_plan *plan)
{
	struct kx_ranges own = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->crash.count; i++)
		r = kx_ranges_add(&own, plan->crash.v[i].start, plan->crash.v[i].end);
	for (size_t i = 0; r == 0 && i < plan->segment_count; i++)
		if (is_dumped(&plan->segments[i]))
			r = kx_ranges_remove(&own, plan->segments[i].dest,
					     plan->segments[i].dest + plan->segments[i].reserved);
	for (size_t i = 0; r == 0 && i < own.count; i++)
		r = kx_memmap_add(map, own.v[i].start, own.v[i].end, KX_MEM_RAM);
	kx_ranges_clear(&own);
	return r;
}

static int capture_memmap(const struct kx_plan *plan, struct kx_memmap *ret)
{
	struct kx_memmap all = { 0 }, map = { 0 };
	int r = kx_x86_next_memmap(plan->machine, &all);

	if (r == 0)
		r = add_firmwares(&map, &all);
	if (r == 0)
		r = add_own(&map, plan);
	kx_memmap_clear(&all);
	if (r < 0) {
		kx_memmap_clear(&map);
		return r;
	}
	kx_memmap_sort(&map);
	*ret = map;
	return 0;
}

/*
 * Documentation/admin-guide/kernel-parameters.txt, memmap=: "@" is RAM, "#" ACPI's, "$" reserved; of any other type,
 * "%start+type".
 */
static int put_word(FILE *out, const struct kx_mem *mem)
{
	uint64_t size = mem->end - mem->start;

	if (mem->type == KX_MEM_RAM)
		return fprintf(out, " memmap=%#" PRIx64 "@%#" PRIx64, size, mem->start);
	if (mem->type == KX_MEM_ACPI)
		return fprintf(out, " memmap=%#" PRIx64 "#%#" PRIx64, size, mem->start);
	if (mem->type == KX_MEM_RESERVED)
		return fprintf(out, " memmap=%#" PRIx64 "$%#" PRIx64, size, mem->start);
	return fprintf(out, " memmap=%#" PRIx64 "%%%#" PRIx64 "+%" PRIu32, size, mem->start,
		       e820_type(mem->type));
}

static int say_memmap(struct kx_plan *plan, struct kx_error *err)
{
	size_t size = 0;
	char *cmdline = NULL;
	FILE *out = open_memstream(&cmdline, &size);

	if (!out)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	fputs("memmap=exactmap", out);
	for (size_t i = 0; i < plan->memmap.count; i++)
		put_word(out, &plan->memmap.v[i]);
	fprintf(out, " %s", plan->cmdline);
	if (fclose(out) || size > KX_X86_CMDLINE_MAX) {
		free(cmdline);
		return kx_fail(err, E2BIG,
			       "command line with the memory map on it has %zu bytes, a kernel "
			       "takes %d; leave --pass-memmap-cmdline out",
			       size, KX_X86_CMDLINE_MAX);
	}
	free(plan->cmdline);
	plan->cmdline = cmdline;
	return 0;
}

int kx_x86_find_memmap(struct kx_plan *plan, struct kx_error *err)
{
	int r = kx_plan_panic(plan) ? capture_memmap(plan, &plan->memmap)
				    : kx_x86_next_memmap(plan->machine, &plan->memmap);

	if (r < 0)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	if (kx_plan_panic(plan) && plan->request.flags & KX_REQUEST_MEMMAP)
		return say_memmap(plan, err);
	return kx_x86_place_ramdisk(plan, err);
}

static void put_entry(uint8_t *at, const struct kx_mem *mem)
{
	kx_put_le64(at, mem->start);
	kx_put_le64(at + 8, mem->end - mem->start);
	kx_put_le32(at + 16, e820_type(mem->type));
}

size_t kx_x86_e820_room(const struct kx_memmap *map)
{
	return map->count > KX_E820_MAX ? (map->count - KX_E820_MAX) * KX_E820_ENTRY_SIZE : 0;
}

int kx_x86_e820_write(struct kx_boot_block *block, const struct kx_memmap *map,
		      struct kx_error *err)
{
	size_t room = kx_x86_e820_room(map);
	size_t first = map->count < KX_E820_MAX ? map->count : KX_E820_MAX;
	uint8_t *rest = NULL;

	if (room) {
		rest = kx_boot_block_setup_data(block, KX_SETUP_E820_EXT, room);
		if (!rest)
			return kx_fail(err, ENOSPC, "boot_params have no room for the memory map");
	}
	block->buf[KX_BP_E820_ENTRIES] = (uint8_t)first;
	for (size_t i = 0; i < first; i++)
		put_entry(block->buf + KX_BP_E820_TABLE + i * KX_E820_ENTRY_SIZE, &map->v[i]);
	for (size_t i = first; i < map->count; i++)
		put_entry(rest + (i - first) * KX_E820_ENTRY_SIZE, &map->v[i]);
	return 0;
}
