// SPDX-License-Identifier: LGPL-2.1-or-later
#include "multiboot.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arch/x86/entry.h"
#include "base/endian.h"
#include "base/overflow.h"
#include "elf_load.h"
#include "source.h"

static const struct kx_place anywhere = {
	.align = KX_PAGE_SIZE,
	.min = KX_MULTIBOOT_MIN,
	.max = KX_X86_FOUR_GIB,
	/* As GRUB does: some kernels map only the beginning of memory at first. */
	.low_first = true,
};

/* ---- the kernel ------------------------------------------------------------------------------ */

/* By the header's addresses: chapter 3.1.3 of version 1, "address header tag" of version 2. */
static int cut_by_addresses(struct kx_view file, const struct kx_multiboot *header,
			    struct kx_piece *ret, struct kx_error *err)
{
	uint64_t before = (uint64_t)header->header_addr - header->load_addr, from, size;

	if (header->load_addr > header->header_addr || before > header->offset)
		return kx_fail(err, EBADMSG,
			       "malformed multiboot header: load_addr %#" PRIx32
			       " and header_addr %#" PRIx32 " do not fit a header at %#" PRIx64
			       " in the file",
			       header->load_addr, header->header_addr, header->offset);
	from = header->offset - before;
	if (header->load_end && header->load_end <= header->load_addr)
		return kx_fail(err, EBADMSG,
			       "malformed multiboot header: load_end_addr %#" PRIx32
			       " is not above load_addr",
			       header->load_end);
	size = header->load_end ? header->load_end - header->load_addr : file.size - from;
	if (!kx_view_sub(file, from, size, &ret->bytes))
		return kx_fail(err, EBADMSG,
			       "truncated multiboot kernel: %zu bytes, its header says %" PRIu64
			       "; copy the file again",
			       file.size, from + size);
	ret->start = header->load_addr;
	ret->size = size;
	if (header->bss_end > header->load_addr + size)
		ret->size = header->bss_end - header->load_addr;
	if (ret->start + ret->size > KX_X86_FOUR_GIB)
		return kx_fail(err, EBADMSG,
			       "malformed multiboot header: the kernel ends above 4 GiB");
	return 0;
}

static int elf_entry(const struct kx_multiboot *header, const struct kx_elf *elf, uint64_t *ret,
		     struct kx_error *err)
{
	int r = 0;

	if (header->has_entry)
		*ret = header->entry;
	else
		r = kx_elf_physical_entry(elf, ret, err);
	if (r == 0 && *ret >= KX_X86_FOUR_GIB)
		r = kx_fail(err, EBADMSG, "multiboot kernel with an entry above 4 GiB: %#" PRIx64,
			    *ret);
	return r;
}

static int check_elf(struct kx_view file, const struct kx_multiboot *header, struct kx_error *err)
{
	struct kx_elf elf;
	uint64_t entry;
	int r = kx_elf_parse(file, &elf, err);

	if (r == -ENOEXEC)
		return kx_fail(err, EBADMSG,
			       "malformed multiboot kernel: neither addresses in its header nor an "
			       "ELF file");
	return r < 0 ? r : elf_entry(header, &elf, &entry, err);
}

static int check_demands(const struct kx_plan *plan, const struct kx_multiboot *header,
			 struct kx_error *err)
{
	struct kx_multiboot_fb fb;

	if (header->needs_efi && plan->machine->efi.present)
		return kx_fail(err, EOPNOTSUPP,
			       "multiboot kernel needs EFI boot services, which ended when this "
			       "system was booted");
	if (header->needs_smbios && !plan->machine->smbios.size)
		return kx_fail(
			err, EOPNOTSUPP,
			"multiboot kernel needs SMBIOS tables, and this system shows none in "
			"/sys/firmware/dmi/tables");
	/* Where there is a BIOS, purgatory searches for it. */
	if (header->needs_rsdp && plan->machine->efi.present && !plan->machine->acpi_rsdp)
		return kx_fail(
			err, EOPNOTSUPP,
			"multiboot kernel needs a copy of ACPI's pointer, and this system does "
			"not know where it is; start it with efi=runtime, or with "
			"acpi_rsdp=ADDRESS");
	if (header->needs_screen && !kx_multiboot_fb(plan, &fb))
		return kx_fail(
			err, EOPNOTSUPP,
			"multiboot kernel needs the screen as firmware left it, and a driver "
			"has changed it; start this system with nomodeset");
	return 0;
}

int kx_multiboot_check(const struct kx_plan *plan, struct kx_view file, kx_multiboot_parser *parse,
		       struct kx_error *err)
{
	struct kx_multiboot header;
	struct kx_piece piece;
	int r = parse(file, &header, err);

	if (r < 0)
		return r;

	if (plan->request.initrd_count)
		return kx_fail(
			err, EOPNOTSUPP,
			"a multiboot kernel takes modules, not an initrd; give it by --module");
	r = check_demands(plan, &header, err);
	if (r == 0)
		r = kx_multiboot_check_xen(plan, file, err);
	if (r < 0)
		return r;
	if (!header.has_addresses)
		return check_elf(file, &header, err);
	if (!header.has_entry)
		return kx_fail(err, EBADMSG,
			       "malformed multiboot header: addresses, but no entry address");
	return cut_by_addresses(file, &header, &piece, err);
}

int kx_multiboot_file_load(const struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	return kx_fail(err, EOPNOTSUPP, "it takes no multiboot kernel");
}

static int relocate(struct kx_plan *plan, const struct kx_multiboot *header, struct kx_elf *elf,
		    struct kx_error *err)
{
	/* Its entry is where it says, and so must the rest be. */
	if (header->has_entry)
		return 0;
	return kx_elf_relocate(plan, elf, header->relocatable ? &header->where : NULL, err);
}

static int place_kernel(struct kx_plan *plan, struct kx_view file,
			const struct kx_multiboot *header, struct kx_multiboot_image *ret,
			struct kx_error *err)
{
	struct kx_piece piece = { 0 };
	struct kx_elf elf;
	int r;

	if (header->has_addresses) {
		r = cut_by_addresses(file, header, &piece, err);
		ret->entry = header->entry;
		ret->load_base = header->load_addr;
		return r < 0 ? r : kx_place_pieces(plan, &piece, 1, err);
	}
	r = kx_elf_parse(file, &elf, err);
	if (r == 0)
		r = relocate(plan, header, &elf, err);
	if (r == 0)
		r = elf_entry(header, &elf, &ret->entry, err);
	if (r == 0)
		ret->load_base = kx_elf_load_base(&elf);
	return r < 0 ? r : kx_elf_place(plan, file, &elf, err);
}

/* ---- modules and strings --------------------------------------------------------------------- */

/*
 * The file's name comes first, as kexec-tools and GRUB Legacy have it. GRUB 2 leaves it out, and Xen asks for the boot
 * loader's name to know which it is.
 */
static const char *join(struct kx_plan *plan, const char *name, const char *args,
			struct kx_error *err)
{
	size_t size = strlen(name) + strlen(args) + 2;
	char *text = kx_plan_alloc(plan, size, err);

	if (text)
		snprintf(text, size, "%s%s%s", name, *args ? " " : "", args);
	return text;
}

static int place_module(struct kx_plan *plan, size_t i, const char *args,
			struct kx_multiboot_module *module, struct kx_error *err)
{
	const struct kx_module *wanted = &plan->request.modules[i];
	struct kx_place place = anywhere;
	struct kx_segment segment = {
		.name = "module",
		.buf = kx_source_data(wanted->source),
		.bufsz = kx_source_size(wanted->source),
		.memsz = kx_source_size(wanted->source),
	};
	int r;

	place.size = segment.memsz;
	module->string = join(plan, kx_source_name(wanted->source), args ? args : "", err);
	if (!module->string)
		return -ENOMEM;
	r = kx_plan_place(plan, "module", &place, &segment.dest, err);
	if (r < 0)
		return r;
	module->start = segment.dest;
	module->end = segment.dest + segment.bufsz;
	return kx_plan_add(plan, &segment, err, "module %zu, lowest free place%s", i + 1,
			   args == wanted->args ? "" : "; told where ACPI's tables begin");
}

static int place_modules(struct kx_plan *plan, const char *first_args,
			 struct kx_multiboot_image *image, struct kx_error *err)
{
	size_t count = plan->request.module_count;
	int r = 0;

	image->modules = kx_plan_alloc(plan, count * sizeof(*image->modules), err);
	if (!image->modules)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = place_module(plan, i, i ? plan->request.modules[i].args : first_args,
				 &image->modules[i], err);
	return r;
}

static int load(struct kx_plan *plan, struct kx_view file, const struct kx_multiboot *header,
		struct kx_multiboot_image *ret, struct kx_error *err)
{
	const char *args = plan->request.module_count ? plan->request.modules[0].args : NULL;
	struct kx_multiboot_fb fb;
	int r = kx_multiboot_tell_xen(plan, file, &args, err);

	if (r < 0)
		return r;
	if (kx_x86_next_memmap(plan->machine, &plan->memmap) < 0)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	if (header->wants_screen && !kx_multiboot_fb(plan, &fb))
		kx_plan_warn(plan,
			     "this kernel asks for a screen as firmware left it, and a driver has "
			     "changed it; start this system with nomodeset");
	ret->relocatable = header->relocatable;
	ret->cmdline = join(plan, kx_source_name(plan->asked.kernel), plan->cmdline, err);
	if (!ret->cmdline)
		return -ENOMEM;
	r = place_kernel(plan, file, header, ret, err);
	if (r == 0)
		r = kx_multiboot_place_ebda(plan, &ret->ebda, err);
	return r < 0 ? r : place_modules(plan, args, ret, err);
}

/* ---- information ----------------------------------------------------------------------------- */

static int begin(struct kx_plan *plan, size_t room, struct kx_boot_block *ret, struct kx_error *err)
{
	struct kx_boot_block block = { .plan = plan, .room = room };
	struct kx_place place = anywhere;
	int r;

	block.buf = kx_plan_alloc(plan, room, err);
	if (!block.buf)
		return -ENOMEM;
	place.size = room;
	r = kx_plan_place(plan, "boot information", &place, &block.dest, err);
	if (r == 0)
		*ret = block;
	return r;
}

static int end(struct kx_boot_block *block, const struct kx_multiboot_image *image, uint32_t magic,
	       struct kx_error *err)
{
	struct kx_segment segment = {
		.name = "boot info",
		.buf = block->buf,
		.bufsz = block->used,
		.dest = block->dest,
		.memsz = block->used,
	};
	struct kx_x86_entry entry = {
		.mode = KX_MODE_32,
		.ip = image->entry,
		.regs = { .ax = magic, .bx = block->dest },
		.rsdp_tags = image->rsdp_tags,
		.ebda = image->ebda,
	};
	int r = kx_plan_add(block->plan, &segment, err,
			    "multiboot information: memory map, modules, strings");

	return r < 0 ? r : kx_x86_purgatory(block->plan, &entry, err);
}

int kx_multiboot_plan(struct kx_plan *plan, struct kx_view file,
		      const struct kx_multiboot_version *version, struct kx_error *err)
{
	struct kx_multiboot_image image = { 0 };
	struct kx_boot_block block = { 0 };
	struct kx_multiboot header;
	int r = version->parse(file, &header, err);

	if (r == 0)
		r = load(plan, file, &header, &image, err);
	if (r == 0)
		r = begin(plan, version->info_room(plan, &image), &block, err);
	if (r < 0)
		return r;
	version->write_info(&block, &image);
	return end(&block, &image, version->magic, err);
}

uint32_t kx_multiboot_mem_type(enum kx_mem_type type)
{
	switch (type) {
	case KX_MEM_RAM:
		return 1;
	case KX_MEM_ACPI:
		return 3;
	case KX_MEM_NVS:
		return 4;
	case KX_MEM_UNUSABLE:
		return 5;
	default:
		return 2;
	}
}

void kx_multiboot_mem_sizes(const struct kx_memmap *map, uint32_t *ret_lower, uint32_t *ret_upper)
{
	uint64_t lower = 0, upper = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct kx_mem *mem = &map->v[i];

		if (mem->type != KX_MEM_RAM)
			continue;
		if (!mem->start)
			lower = mem->end >> 10;
		if (mem->start <= 0x100000 && mem->end > 0x100000)
			upper = (mem->end - 0x100000) >> 10;
	}
	*ret_lower = lower > 640 ? 640 : (uint32_t)lower;
	*ret_upper = upper > UINT32_MAX ? UINT32_MAX : (uint32_t)upper;
}

/* struct screen_info, include/uapi/linux/screen_info.h. */
enum {
	SI_COLUMNS = 0x07,
	SI_LINES = 0x0e,
	SI_WIDTH = 0x12,
	SI_HEIGHT = 0x14,
	SI_DEPTH = 0x16,
	SI_BASE = 0x18,
	SI_PITCH = 0x24,
	SI_COLOURS = 0x26, /* size and position, of red, green and blue */
	SI_CAPABILITIES = 0x36,
	SI_BASE_HIGH = 0x3a,
	CAPABILITY_64BIT_BASE = 1 << 1,
	VIDEO_VGA_TEXT = 0x01,
	VIDEO_VLFB = 0x23,
	VIDEO_EFI = 0x70,
	TEXT_BASE = 0xb8000,
};

bool kx_multiboot_fb(const struct kx_plan *plan, struct kx_multiboot_fb *ret)
{
	const uint8_t *si = plan->machine->boot_params;

	if (!si || !kx_x86_screen_valid(plan))
		return false;
	if (si[KX_BP_SCREEN_IS_VGA] == VIDEO_VGA_TEXT && si[SI_COLUMNS] && si[SI_LINES]) {
		*ret = (struct kx_multiboot_fb){ .address = TEXT_BASE,
						 .pitch = 2u * si[SI_COLUMNS],
						 .width = si[SI_COLUMNS],
						 .height = si[SI_LINES],
						 .bpp = 16,
						 .type = 2 };
		return true;
	}
	if (si[KX_BP_SCREEN_IS_VGA] != VIDEO_VLFB && si[KX_BP_SCREEN_IS_VGA] != VIDEO_EFI)
		return false;
	*ret = (struct kx_multiboot_fb){
		.address = kx_le32(si + SI_BASE),
		.pitch = kx_le16(si + SI_PITCH),
		.width = kx_le16(si + SI_WIDTH),
		.height = kx_le16(si + SI_HEIGHT),
		.bpp = (uint8_t)kx_le16(si + SI_DEPTH),
		.type = kx_le16(si + SI_DEPTH) > 8, /* 0: a palette, of which nothing is known */
	};
	if (kx_le32(si + SI_CAPABILITIES) & CAPABILITY_64BIT_BASE)
		ret->address |= (uint64_t)kx_le32(si + SI_BASE_HIGH) << 32;
	/* Multiboot has position before size. */
	for (size_t i = 0; ret->type && i < 6; i++)
		ret->colours[i] = si[SI_COLOURS + (i ^ 1)];
	return true;
}
