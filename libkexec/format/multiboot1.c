// SPDX-License-Identifier: LGPL-2.1-or-later
/* Multiboot Specification version 0.6.96; chapters below are its. */
#include "format.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "multiboot.h"

/* Chapter 3.1: the header, aligned to 4 bytes, is all within the first 8192 bytes. */
#define SEARCH_SIZE 8192
#define HEADER_MAGIC 0x1badb002
#define HEADER_SIZE 12
#define ADDRESSES_END 32
/* Chapter 3.1.2: what is required; a loader that does not know one of the first 16 must fail. */
enum { PAGE_ALIGN = 1 << 0, MEMORY_INFO = 1 << 1, VIDEO_MODE = 1 << 2, ADDRESSES = 1 << 16 };
#define KNOWN (PAGE_ALIGN | MEMORY_INFO | VIDEO_MODE)

/* Chapter 3.2. */
#define ENTRY_MAGIC 0x2badb002

/* Chapter 3.3. */
enum {
	INFO_MEMORY = 1 << 0,
	INFO_CMDLINE = 1 << 2,
	INFO_MODULES = 1 << 3,
	INFO_MMAP = 1 << 6,
	INFO_LOADER_NAME = 1 << 9,
	INFO_FRAMEBUFFER = 1 << 12,

	MEM_LOWER = 4,
	MEM_UPPER = 8,
	CMDLINE = 16,
	MODULE_COUNT = 20,
	MODULES = 24,
	MMAP_SIZE = 44,
	MMAP = 48,
	LOADER_NAME = 64,
	FRAMEBUFFER = 88,
	INFO_SIZE = 116,

	MODULE_SIZE = 16,
	MMAP_ENTRY_SIZE = 24,
};

static bool is_header(struct kx_view head, uint64_t at)
{
	uint32_t magic, flags, sum;

	return kx_view_le32(head, at, &magic) && magic == HEADER_MAGIC &&
	       kx_view_le32(head, at + 4, &flags) && kx_view_le32(head, at + 8, &sum) &&
	       magic + flags + sum == 0;
}

int kx_multiboot_parse(struct kx_view file, struct kx_multiboot *ret, struct kx_error *err)
{
	struct kx_view head =
		kx_view_of(file.data, file.size < SEARCH_SIZE ? file.size : SEARCH_SIZE);
	struct kx_multiboot header = { 0 };
	const uint8_t *p;
	uint32_t flags;

	while (header.offset + HEADER_SIZE <= head.size && !is_header(head, header.offset))
		header.offset += 4;
	if (header.offset + HEADER_SIZE > head.size)
		return kx_fail(err, ENOEXEC, "no multiboot header in the first %d bytes",
			       SEARCH_SIZE);
	p = head.data + header.offset;
	flags = kx_le32(p + 4);
	if (flags & 0xffff & ~KNOWN)
		return kx_fail(err, EOPNOTSUPP,
			       "multiboot kernel demands features %#" PRIx32 ", known are %#x",
			       flags & 0xffff, KNOWN);
	header.wants_screen = flags & VIDEO_MODE;
	header.has_addresses = header.has_entry = flags & ADDRESSES;
	if (header.has_addresses) {
		if (!kx_view_has(head, header.offset, ADDRESSES_END))
			return kx_fail(err, EBADMSG,
				       "truncated multiboot header: its addresses are missing");
		header.header_addr = kx_le32(p + 12);
		header.load_addr = kx_le32(p + 16);
		header.load_end = kx_le32(p + 20);
		header.bss_end = kx_le32(p + 24);
		header.entry = kx_le32(p + 28);
	}
	*ret = header;
	return 0;
}

static int probe(const struct kx_request *request, struct kx_view file, struct kx_error *err)
{
	struct kx_multiboot header;

	return kx_multiboot_parse(file, &header, err);
}

static int check(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	return kx_multiboot_check(plan, file, kx_multiboot_parse, err);
}

static size_t room_for(size_t size)
{
	return size + 16;
}

static size_t info_room(const struct kx_plan *plan, const struct kx_multiboot_image *image)
{
	size_t count = plan->request.module_count;
	size_t room = room_for(INFO_SIZE) + room_for(strlen(image->cmdline) + 1) +
		      room_for(sizeof(KX_MULTIBOOT_LOADER)) + room_for(count * MODULE_SIZE) +
		      room_for(plan->memmap.count * MMAP_ENTRY_SIZE);

	for (size_t i = 0; i < count; i++)
		room += room_for(strlen(image->modules[i].string) + 1);
	return room;
}

/* All of it fits: info_room() counted. */
static uint32_t put_string(struct kx_boot_block *block, const char *text)
{
	uint64_t at;
	char *to = kx_boot_block_take(block, strlen(text) + 1, &at);

	memcpy(to, text, strlen(text) + 1);
	return (uint32_t)at;
}

static void put_modules(struct kx_boot_block *block, uint8_t *info,
			const struct kx_multiboot_image *image)
{
	size_t count = block->plan->request.module_count;
	uint64_t at;
	uint8_t *to = kx_boot_block_take(block, count * MODULE_SIZE, &at);

	kx_put_le32(info + MODULE_COUNT, (uint32_t)count);
	kx_put_le32(info + MODULES, (uint32_t)at);
	for (size_t i = 0; i < count; i++, to += MODULE_SIZE) {
		kx_put_le32(to, (uint32_t)image->modules[i].start);
		kx_put_le32(to + 4, (uint32_t)image->modules[i].end);
		kx_put_le32(to + 8, put_string(block, image->modules[i].string));
	}
}

static void put_mmap(struct kx_boot_block *block, uint8_t *info)
{
	const struct kx_memmap *map = &block->plan->memmap;
	uint32_t lower, upper;
	uint64_t at;
	uint8_t *to = kx_boot_block_take(block, map->count * MMAP_ENTRY_SIZE, &at);

	kx_put_le32(info + MMAP_SIZE, (uint32_t)(map->count * MMAP_ENTRY_SIZE));
	kx_put_le32(info + MMAP, (uint32_t)at);
	for (size_t i = 0; i < map->count; i++, to += MMAP_ENTRY_SIZE) {
		const struct kx_mem *mem = &map->v[i];

		/* The size field does not count itself. */
		kx_put_le32(to, MMAP_ENTRY_SIZE - 4);
		kx_put_le64(to + 4, mem->start);
		kx_put_le64(to + 12, mem->end - mem->start);
		kx_put_le32(to + 20, kx_multiboot_mem_type(mem->type));
	}
	kx_multiboot_mem_sizes(map, &lower, &upper);
	kx_put_le32(info + MEM_LOWER, lower);
	kx_put_le32(info + MEM_UPPER, upper);
}

/* INFO_FRAMEBUFFER, or 0. */
static uint32_t put_framebuffer(const struct kx_plan *plan, uint8_t *info)
{
	uint8_t *to = info + FRAMEBUFFER;
	struct kx_multiboot_fb fb;

	if (!kx_multiboot_fb(plan, &fb))
		return 0;
	kx_put_le64(to, fb.address);
	kx_put_le32(to + 8, fb.pitch);
	kx_put_le32(to + 12, fb.width);
	kx_put_le32(to + 16, fb.height);
	to[20] = fb.bpp;
	to[21] = fb.type;
	memcpy(to + 22, fb.colours, sizeof(fb.colours));
	return INFO_FRAMEBUFFER;
}

static void write_info(struct kx_boot_block *block, struct kx_multiboot_image *image)
{
	uint64_t at;
	uint8_t *info = kx_boot_block_take(block, INFO_SIZE, &at);

	kx_put_le32(info, INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MMAP | INFO_LOADER_NAME |
				  put_framebuffer(block->plan, info));
	kx_put_le32(info + CMDLINE, put_string(block, image->cmdline));
	kx_put_le32(info + LOADER_NAME, put_string(block, KX_MULTIBOOT_LOADER));
	put_mmap(block, info);
	put_modules(block, info, image);
}

static int plan(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	static const struct kx_multiboot_version version1 = {
		.magic = ENTRY_MAGIC,
		.parse = kx_multiboot_parse,
		.info_room = info_room,
		.write_info = write_info,
	};

	return kx_multiboot_plan(plan, file, &version1, err);
}

const struct kx_format kx_format_multiboot = {
	.name = "multiboot-x86",
	.summary = "multiboot version 1 kernel, such as GNU Mach",
	.arch = KX_ARCH_X86_64,
	.takes_modules = true,
	.probe = probe,
	.check = check,
	.file_load = kx_multiboot_file_load,
	.plan = plan,
};
