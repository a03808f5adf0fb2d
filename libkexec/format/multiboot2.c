// SPDX-License-Identifier: LGPL-2.1-or-later
/* Multiboot2 Specification version 2.0; chapters below are its. */
#include "format.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "abi/handoff.h"
#include "base/overflow.h"
#include "multiboot.h"

/* Chapter 3.1.1: the header, aligned to 8 bytes, is all within the first 32768 bytes. */
#define SEARCH_SIZE 32768
#define HEADER_MAGIC 0xe85250d6
#define HEADER_SIZE 16
#define ARCHITECTURE_I386 0

/* Chapter 3.1.3 to 3.1.13. */
enum {
	HEADER_END = 0,
	HEADER_REQUEST = 1,
	HEADER_ADDRESS = 2,
	HEADER_ENTRY = 3,
	HEADER_CONSOLE = 4,
	HEADER_FRAMEBUFFER = 5,
	HEADER_ALIGN = 6,
	HEADER_EFI_BOOT_SERVICES = 7,
	HEADER_EFI32_ENTRY = 8,
	HEADER_EFI64_ENTRY = 9,
	HEADER_RELOCATABLE = 10,
	TAG_OPTIONAL = 1,
	CONSOLE_REQUIRED = 1,
	PREFERS_HIGH = 2,
};

/* Chapter 3.3 for the state; chapter 3.6 for the tags. */
#define ENTRY_MAGIC 0x36d76289
enum {
	TAG_END = 0,
	TAG_CMDLINE = 1,
	TAG_LOADER_NAME = 2,
	TAG_MODULE = 3,
	TAG_MEMORY = 4,
	TAG_MMAP = 6,
	TAG_FRAMEBUFFER = 8,
	TAG_SMBIOS = 13,
	TAG_RSDP_OLD = 14,
	TAG_RSDP_NEW = 15,
	TAG_LOAD_BASE = 21,
	MMAP_ENTRY_SIZE = 24,
};

/* ---- header ---------------------------------------------------------------------------------- */

static bool is_header(struct kx_view head, uint64_t at)
{
	uint32_t magic, architecture, length, sum;

	return kx_view_le32(head, at, &magic) && magic == HEADER_MAGIC &&
	       kx_view_le32(head, at + 4, &architecture) && kx_view_le32(head, at + 8, &length) &&
	       kx_view_le32(head, at + 12, &sum) && magic + architecture + length + sum == 0;
}

static int malformed(struct kx_error *err, unsigned type, const char *what)
{
	return kx_fail(err, EBADMSG, "malformed multiboot2 header: tag %u %s", type, what);
}

/* Can we give the information that is asked for? Some of it exists on some machines only, and then nowhere else. */
static int check_request(struct kx_view tag, bool optional, struct kx_multiboot *header,
			 struct kx_error *err)
{
	static const uint32_t known = 1u << TAG_END | 1u << TAG_CMDLINE | 1u << TAG_LOADER_NAME |
				      1u << TAG_MODULE | 1u << TAG_MEMORY | 1u << TAG_MMAP |
				      1u << TAG_FRAMEBUFFER | 1u << TAG_SMBIOS |
				      1u << TAG_RSDP_OLD | 1u << TAG_RSDP_NEW | 1u << TAG_LOAD_BASE;
	uint32_t type;

	for (uint64_t at = 8; !optional && kx_view_le32(tag, at, &type); at += 4) {
		if (type >= 32 || !(known & 1u << type))
			return kx_fail(err, EOPNOTSUPP,
				       "multiboot2 kernel demands information of type %" PRIu32
				       ", which cannot be given after Linux",
				       type);
		header->needs_smbios |= type == TAG_SMBIOS;
		header->needs_screen |= type == TAG_FRAMEBUFFER;
		header->needs_rsdp |= type == TAG_RSDP_OLD || type == TAG_RSDP_NEW;
	}
	return 0;
}

static int read_relocatable(struct kx_view tag, struct kx_multiboot *header, struct kx_error *err)
{
	uint32_t min, max, align, preference;

	if (!kx_view_le32(tag, 8, &min) || !kx_view_le32(tag, 12, &max) ||
	    !kx_view_le32(tag, 16, &align) || !kx_view_le32(tag, 20, &preference))
		return malformed(err, HEADER_RELOCATABLE, "is too short");
	if (!align || align & (align - 1) || min > max)
		return malformed(err, HEADER_RELOCATABLE, "says what cannot be");
	header->relocatable = true;
	header->where = (struct kx_place){
		.align = align > KX_PAGE_SIZE ? align : KX_PAGE_SIZE,
		.min = min > KX_MULTIBOOT_MIN ? min : KX_MULTIBOOT_MIN,
		.max = (uint64_t)max + 1,
		.low_first = preference != PREFERS_HIGH,
	};
	return 0;
}

/* Flags tag: must there be a console that the information tells of? */
static int read_console(struct kx_view tag, bool optional, struct kx_multiboot *header,
			struct kx_error *err)
{
	uint32_t flags;

	if (!kx_view_le32(tag, 8, &flags))
		return malformed(err, HEADER_CONSOLE, "is too short");
	header->needs_screen |= !optional && flags & CONSOLE_REQUIRED;
	return 0;
}

static int read_addresses(struct kx_view tag, struct kx_multiboot *header, struct kx_error *err)
{
	if (tag.size < 24)
		return malformed(err, HEADER_ADDRESS, "is too short");
	header->has_addresses = true;
	header->header_addr = kx_le32(tag.data + 8);
	header->load_addr = kx_le32(tag.data + 12);
	header->load_end = kx_le32(tag.data + 16);
	header->bss_end = kx_le32(tag.data + 20);
	/* Chapter 3.1.5: -1 for the beginning of the file. */
	if (header->load_addr == UINT32_MAX)
		header->load_addr = header->header_addr - (uint32_t)header->offset;
	return 0;
}

static int read_tag(struct kx_view tag, unsigned type, bool optional, struct kx_multiboot *header,
		    struct kx_error *err)
{
	switch (type) {
	case HEADER_REQUEST:
		return check_request(tag, optional, header, err);
	case HEADER_ADDRESS:
		return read_addresses(tag, header, err);
	case HEADER_ENTRY:
		if (!kx_view_le32(tag, 8, &header->entry))
			return malformed(err, type, "is too short");
		header->has_entry = true;
		return 0;
	case HEADER_EFI_BOOT_SERVICES:
		header->needs_efi = !optional;
		return 0;
	case HEADER_RELOCATABLE:
		return read_relocatable(tag, header, err);
	case HEADER_CONSOLE:
		return read_console(tag, optional, header, err);
	/* The mode that it would like, where a loader can choose; modules are aligned; EFI entries need boot services. */
	case HEADER_FRAMEBUFFER:
	case HEADER_ALIGN:
	case HEADER_EFI32_ENTRY:
	case HEADER_EFI64_ENTRY:
		return 0;
	}
	return optional ? 0
			: kx_fail(err, EOPNOTSUPP,
				  "multiboot2 kernel demands the unknown feature %u", type);
}

static int read_tags(struct kx_view tags, struct kx_multiboot *header, struct kx_error *err)
{
	uint16_t type, flags;
	uint32_t size;
	struct kx_view tag;
	int r;

	for (uint64_t at = 0; kx_view_le16(tags, at, &type); at += kx_align_up(size, 8)) {
		if (!kx_view_le16(tags, at + 2, &flags) || !kx_view_le32(tags, at + 4, &size) ||
		    size < 8 || !kx_view_sub(tags, at, size, &tag))
			return malformed(err, type, "does not fit");
		if (type == HEADER_END)
			return 0;
		r = read_tag(tag, type, flags & TAG_OPTIONAL, header, err);
		if (r < 0)
			return r;
	}
	/* GRUB takes a header without an end tag, too. */
	return 0;
}

int kx_multiboot2_parse(struct kx_view file, struct kx_multiboot *ret, struct kx_error *err)
{
	struct kx_view head = kx_view_of(file.data,
					 file.size < SEARCH_SIZE ? file.size : SEARCH_SIZE),
		       tags;
	struct kx_multiboot header = { 0 };
	uint32_t length;
	int r;

	while (header.offset + HEADER_SIZE <= head.size && !is_header(head, header.offset))
		header.offset += 8;
	if (header.offset + HEADER_SIZE > head.size)
		return kx_fail(err, ENOEXEC, "no multiboot2 header in the first %d bytes",
			       SEARCH_SIZE);
	if (kx_le32(head.data + header.offset + 4) != ARCHITECTURE_I386)
		return kx_fail(err, EOPNOTSUPP,
			       "multiboot2 kernel for architecture %" PRIu32 ", need 0, i386",
			       kx_le32(head.data + header.offset + 4));
	length = kx_le32(head.data + header.offset + 8);
	if (length < HEADER_SIZE ||
	    !kx_view_sub(head, header.offset + HEADER_SIZE, length - HEADER_SIZE, &tags))
		return kx_fail(err, EBADMSG,
			       "malformed multiboot2 header: %" PRIu32
			       " bytes do not fit at %#" PRIx64,
			       length, header.offset);
	r = read_tags(tags, &header, err);
	if (r == 0)
		*ret = header;
	return r;
}

static int probe(const struct kx_request *request, struct kx_view file, struct kx_error *err)
{
	struct kx_multiboot header;

	return kx_multiboot2_parse(file, &header, err);
}

static int check(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	return kx_multiboot_check(plan, file, kx_multiboot2_parse, err);
}

/* ---- information ----------------------------------------------------------------------------- */

/* Tags follow each other at multiples of 8; the block's are multiples of 16, so they are written by hand. */
static uint8_t *put_tag(struct kx_boot_block *block, uint32_t type, size_t size)
{
	uint8_t *tag = block->buf + block->used;

	kx_put_le32(tag, type);
	kx_put_le32(tag + 4, (uint32_t)(8 + size));
	block->used += (size_t)kx_align_up(8 + size, 8);
	return tag + 8;
}

static size_t tag_room(size_t size)
{
	return (size_t)kx_align_up(8 + size, 8);
}

static size_t info_room(const struct kx_plan *plan, const struct kx_multiboot_image *image)
{
	size_t room = 8 + tag_room(strlen(image->cmdline) + 1) +
		      tag_room(sizeof(KX_MULTIBOOT_LOADER)) + tag_room(8) +
		      tag_room(8 + plan->memmap.count * MMAP_ENTRY_SIZE) + tag_room(30) +
		      tag_room(8 + plan->machine->smbios.size) + KX_HANDOFF_RSDP_TAGS_SIZE +
		      tag_room(4) + tag_room(0);

	for (size_t i = 0; i < plan->request.module_count; i++)
		room += tag_room(8 + strlen(image->modules[i].string) + 1);
	return room;
}

static void put_string(struct kx_boot_block *block, uint32_t type, const char *text)
{
	memcpy(put_tag(block, type, strlen(text) + 1), text, strlen(text) + 1);
}

static void put_modules(struct kx_boot_block *block, const struct kx_multiboot_image *image)
{
	for (size_t i = 0; i < block->plan->request.module_count; i++) {
		const struct kx_multiboot_module *module = &image->modules[i];
		uint8_t *to = put_tag(block, TAG_MODULE, 8 + strlen(module->string) + 1);

		kx_put_le32(to, (uint32_t)module->start);
		kx_put_le32(to + 4, (uint32_t)module->end);
		memcpy(to + 8, module->string, strlen(module->string) + 1);
	}
}

static void put_memory(struct kx_boot_block *block)
{
	const struct kx_memmap *map = &block->plan->memmap;
	uint8_t *to = put_tag(block, TAG_MEMORY, 8);
	uint32_t lower, upper;

	kx_multiboot_mem_sizes(map, &lower, &upper);
	kx_put_le32(to, lower);
	kx_put_le32(to + 4, upper);
	to = put_tag(block, TAG_MMAP, 8 + map->count * MMAP_ENTRY_SIZE);
	kx_put_le32(to, MMAP_ENTRY_SIZE);
	to += 8;
	for (size_t i = 0; i < map->count; i++, to += MMAP_ENTRY_SIZE) {
		kx_put_le64(to, map->v[i].start);
		kx_put_le64(to + 8, map->v[i].end - map->v[i].start);
		kx_put_le32(to + 16, kx_multiboot_mem_type(map->v[i].type));
	}
}

static void put_framebuffer(struct kx_boot_block *block)
{
	struct kx_multiboot_fb fb;
	uint8_t *to;

	if (!kx_multiboot_fb(block->plan, &fb))
		return;
	to = put_tag(block, TAG_FRAMEBUFFER, fb.type == 2 ? 24 : 30);
	kx_put_le64(to, fb.address);
	kx_put_le32(to + 8, fb.pitch);
	kx_put_le32(to + 12, fb.width);
	kx_put_le32(to + 16, fb.height);
	to[20] = fb.bpp;
	to[21] = fb.type;
	if (fb.type == 1)
		memcpy(to + 24, fb.colours, sizeof(fb.colours));
}

static void put_smbios(struct kx_boot_block *block)
{
	const struct kx_smbios *smbios = &block->plan->machine->smbios;
	uint8_t *to;

	if (!smbios->size)
		return;
	to = put_tag(block, TAG_SMBIOS, 8 + smbios->size);
	to[0] = smbios->major;
	to[1] = smbios->minor;
	memcpy(to + 8, smbios->tables, smbios->size);
}

/* Tags that end the information, until purgatory puts copies of the RSDP in the place of the first ones. */
static uint64_t put_rsdp_and_end(struct kx_boot_block *block)
{
	uint64_t at = block->dest + block->used;

	for (size_t i = 0; i <= KX_HANDOFF_RSDP_TAGS_SIZE; i += tag_room(0))
		put_tag(block, TAG_END, 0);
	return at;
}

static void write_info(struct kx_boot_block *block, struct kx_multiboot_image *image)
{
	block->used = 8;
	put_string(block, TAG_CMDLINE, image->cmdline);
	put_string(block, TAG_LOADER_NAME, KX_MULTIBOOT_LOADER);
	put_modules(block, image);
	put_memory(block);
	put_framebuffer(block);
	put_smbios(block);
	if (image->relocatable)
		kx_put_le32(put_tag(block, TAG_LOAD_BASE, 4), (uint32_t)image->load_base);
	image->rsdp_tags = put_rsdp_and_end(block);
	kx_put_le32(block->buf, (uint32_t)block->used);
}

static int plan(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	static const struct kx_multiboot_version version2 = {
		.magic = ENTRY_MAGIC,
		.parse = kx_multiboot2_parse,
		.info_room = info_room,
		.write_info = write_info,
	};

	return kx_multiboot_plan(plan, file, &version2, err);
}

const struct kx_format kx_format_multiboot2 = {
	.name = "multiboot2-x86",
	.summary = "multiboot version 2 kernel, such as Xen",
	.arch = KX_ARCH_X86_64,
	.takes_modules = true,
	.probe = probe,
	.check = check,
	.file_load = kx_multiboot_file_load,
	.plan = plan,
};
