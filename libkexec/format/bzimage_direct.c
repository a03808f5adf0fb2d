// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bzimage_direct.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "cmdline.h"
#include "elf.h"
#include "names.h"
#include "place.h"
#include "source.h"

/* What decompressors align a kernel's memory to, and demand of its segments: MIN_KERNEL_ALIGN, the size of a large page. */
#define KERNEL_ALIGN (UINT64_C(2) << 20)
/* A kernel that was loaded higher may still be moved down to here: choose_random_location(). */
#define LOWEST_MAX (UINT64_C(512) << 20)
/* So much memory must be left when the kernel is in memory twice, here and where the old kernel keeps it. */
#define SPARE (UINT64_C(32) << 20)

/* ---- is it possible? ------------------------------------------------------------------------- */

/* In which the decompressor would switch paging levels, which nothing else does (arch/x86/boot/compressed/pgtable_64.c). */
static bool wants_other_levels(const struct kx_plan *plan, const struct kx_bzimage *image)
{
	const struct kx_machine *machine = plan->machine;
	bool wants = image->xloadflags & KX_XLF_5LEVEL_ENABLED &&
		     (machine->la57 == KX_YES || machine->la57_possible == KX_YES) &&
		     !kx_cmdline_has_bare(plan->cmdline, "no5lvl");

	return wants != (machine->la57 == KX_YES);
}

/* memmap=exactmap replaces the memory map, after which only the next kernel knows what is RAM. */
static bool has_own_map(const char *cmdline)
{
	struct kx_word word;

	while (kx_cmdline_next(&cmdline, &word))
		if (kx_word_is(&word, "memmap") && word.value_size >= strlen("exactmap") &&
		    memmem(word.value, word.value_size, "exactmap", strlen("exactmap")))
			return true;
	return false;
}

/*
 * From 6.9 on it is the decompressor that reads this, and tells the kernel in xloadflags (parse_mem_encrypt() in
 * arch/x86/boot/compressed/misc.c): without it memory would silently stay unencrypted.
 */
static bool wants_encryption(const char *cmdline)
{
	struct kx_word word;

	return kx_cmdline_find(cmdline, "mem_encrypt", &word) && kx_word_has_value(&word, "on");
}

/* Once as made here, once as the old kernel keeps it until the jump; it takes no more than half of memory. */
static bool fits_memory(const struct kx_plan *plan, const struct kx_bzimage *image)
{
	const struct kx_machine *machine = plan->machine;
	uint64_t loaded = image->init_size;

	if (plan->request.ramdisk)
		loaded += kx_source_size(plan->request.ramdisk);
	for (size_t i = 0; i < plan->request.initrd_count; i++)
		loaded += kx_source_size(plan->request.initrds[i]);
	return (!machine->mem_total || loaded <= machine->mem_total / 2) &&
	       (!machine->mem_available ||
		loaded + image->init_size + SPARE <= machine->mem_available);
}

const char *kx_direct_refused(const struct kx_plan *plan, const struct kx_bzimage *image)
{
	struct kx_word word;

	if (plan->request.fast == KX_FAST_NONE)
		return "asked for, by --fast=none";
	if (kx_plan_panic(plan))
		return "a crash kernel is loaded as it is, so that there is less to load and to "
		       "check";
	if (plan->machine->confidential != KX_CC_NONE || plan->machine->c_bit)
		return "a confidential virtual machine needs what it sets up";
	if (!image->relocatable || !image->init_size)
		return "the kernel is not relocatable";
	if (!image->compressed.size || kx_view_equals(image->compressed, 0, "\177ELF", 4))
		return "the kernel has no compressed payload";
	if (wants_other_levels(plan, image))
		return "it is to switch between 4 and 5 levels of page tables";
	if (has_own_map(plan->cmdline))
		return "memmap=exactmap brings a memory map of its own";
	if (kx_cmdline_find(plan->cmdline, "movable_node", &word))
		return "movable_node needs ACPI's word on which memory can be removed";
	if (wants_encryption(plan->cmdline))
		return "mem_encrypt=on is for the decompressor to read";
	if (!fits_memory(plan, image))
		return "there is not enough memory to have the kernel twice until the jump";
	return NULL;
}

void kx_direct_give_up(struct kx_plan *plan, const char *why)
{
	free(plan->vmlinux);
	plan->vmlinux = NULL;
	plan->vmlinux_size = 0;
	plan->direct = plan->random = false;
	snprintf(plan->direct_why, sizeof(plan->direct_why), "%s", why);
}

/* ---- what is in the payload ------------------------------------------------------------------ */

int kx_direct_unpack(struct kx_plan *plan, const struct kx_bzimage *image, struct kx_error *err)
{
	if (plan->vmlinux)
		return 0;
	return kx_bzimage_unpack(image, &plan->vmlinux, &plan->vmlinux_size, err);
}

static int unusual(struct kx_error *err, const char *what)
{
	return kx_fail(err, EBADMSG, "its payload is unusual: %s", what);
}

/**
 * struct sections - what the section headers tell
 * @end: of the ELF file
 * @bss: virtual address from which on the kernel clears its memory by itself, or does not care; UINT64_MAX unknown
 */
struct sections {
	uint64_t end;
	uint64_t bss;
};

static bool section_is(struct kx_view file, const Elf64_Shdr *names, uint32_t name,
		       const char *wanted)
{
	return kx_view_equals(file, names->sh_offset + name, wanted, strlen(wanted) + 1);
}

/* The @i-th header, within the file, as is what it describes. */
static bool read_section(struct kx_view file, uint64_t table, uint64_t i, Elf64_Shdr *ret)
{
	struct kx_view header;

	if (!kx_view_sub(file, table + i * sizeof(*ret), sizeof(*ret), &header))
		return false;
	*ret = (Elf64_Shdr){
		.sh_name = kx_le32(header.data + offsetof(Elf64_Shdr, sh_name)),
		.sh_type = kx_le32(header.data + offsetof(Elf64_Shdr, sh_type)),
		.sh_flags = kx_le64(header.data + offsetof(Elf64_Shdr, sh_flags)),
		.sh_addr = kx_le64(header.data + offsetof(Elf64_Shdr, sh_addr)),
		.sh_offset = kx_le64(header.data + offsetof(Elf64_Shdr, sh_offset)),
		.sh_size = kx_le64(header.data + offsetof(Elf64_Shdr, sh_size)),
	};
	return ret->sh_type == SHT_NULL || ret->sh_type == SHT_NOBITS ||
	       kx_view_has(file, ret->sh_offset, ret->sh_size);
}

/*
 * .bss and .brk are cleared by clear_bss() in arch/x86/kernel/head64.c; .init.scratch, behind them, is where memory is
 * copied through to encrypt it (arch/x86/kernel/vmlinux.lds.S), and is what makes linkers write all three into the file.
 */
static void note_section(struct kx_view file, const Elf64_Shdr *names, const Elf64_Shdr *section,
			 uint64_t *first_kept, struct sections *ret)
{
	if (section->sh_type == SHT_NULL)
		return;
	if (section->sh_type != SHT_NOBITS && section->sh_offset + section->sh_size > ret->end)
		ret->end = section->sh_offset + section->sh_size;
	if (!(section->sh_flags & SHF_ALLOC) || !section->sh_size)
		return;
	if (section->sh_type == SHT_NOBITS && section->sh_addr < ret->bss)
		ret->bss = section->sh_addr;
	if (section->sh_type != SHT_NOBITS && section->sh_addr > *first_kept &&
	    !section_is(file, names, section->sh_name, ".init.scratch"))
		*first_kept = section->sh_addr;
}

static int read_sections(struct kx_view file, const struct kx_elf *elf, struct sections *ret,
			 struct kx_error *err)
{
	uint64_t table = kx_le64(file.data + offsetof(Elf64_Ehdr, e_shoff)), last_kept = 0;
	uint64_t count = kx_le16(file.data + offsetof(Elf64_Ehdr, e_shnum));
	uint64_t names_at = kx_le16(file.data + offsetof(Elf64_Ehdr, e_shstrndx));
	struct sections found = { .bss = UINT64_MAX };
	Elf64_Shdr names = { 0 }, section;

	for (size_t i = 0; i < elf->phdr_count; i++)
		if (elf->phdrs[i].offset + elf->phdrs[i].filesz > found.end)
			found.end = elf->phdrs[i].offset + elf->phdrs[i].filesz;
	if (count && (table > file.size || !read_section(file, table, names_at, &names)))
		return unusual(err, "section headers are cut off");
	for (uint64_t i = 0; i < count; i++) {
		if (!read_section(file, table, i, &section))
			return unusual(err, "section headers are cut off");
		note_section(file, &names, &section, &last_kept, &found);
	}
	if (count && table + count * sizeof(section) > found.end)
		found.end = table + count * sizeof(section);
	if (last_kept >= found.bss)
		found.bss = UINT64_MAX;
	*ret = found;
	return 0;
}

static bool all_zero(const uint8_t *p, uint64_t size)
{
	return !size || (!p[0] && !memcmp(p, p + 1, size - 1));
}

/* What of a segment is to be loaded: all that is in the file but for a bss that the linker wrote out. */
static uint64_t loaded_size(const struct kx_elf_phdr *ph, const uint8_t *bytes, uint64_t bss)
{
	uint64_t kept = bss - ph->vaddr;

	if (bss <= ph->vaddr || kept >= ph->filesz || !all_zero(bytes + kept, ph->filesz - kept))
		return ph->filesz;
	return kept;
}

/* parse_elf() of the decompressor, and what it takes for granted. */
static int add_part(struct kx_plan *plan, const struct kx_elf_phdr *ph, uint64_t bss,
		    struct kx_direct *direct, struct kx_error *err)
{
	struct kx_relocs_image *image = &direct->image;
	uint8_t *bytes = plan->vmlinux + ph->offset;

	if (image->count == KX_RELOCS_PART_MAX)
		return unusual(err, "too many segments");
	if (!ph->align || ph->align % KERNEL_ALIGN || ph->paddr % KX_PAGE_SIZE)
		return unusual(err, "a segment is not aligned");
	if (image->count ? ph->paddr < kx_align_up(direct->start + direct->size, KX_PAGE_SIZE)
			 : ph->paddr != direct->start)
		return unusual(err, "segments are not where they should be");
	if (ph->paddr >= KX_X86_KERNEL_IMAGE_SIZE || ph->memsz > KX_X86_KERNEL_IMAGE_SIZE)
		return unusual(err, "a segment is too large");
	image->parts[image->count++] = (struct kx_relocs_part){
		.start = ph->paddr,
		.size = loaded_size(ph, bytes, bss),
		.bytes = bytes,
	};
	direct->size = ph->paddr + ph->memsz - direct->start;
	return 0;
}

static int add_parts(struct kx_plan *plan, const struct kx_elf *elf, uint64_t bss,
		     struct kx_direct *direct, struct kx_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < elf->phdr_count; i++)
		if (elf->phdrs[i].type == PT_LOAD && elf->phdrs[i].filesz)
			r = add_part(plan, &elf->phdrs[i], bss, direct, err);
	if (r < 0)
		return r;
	if (elf->entry < direct->start || elf->entry - direct->start >= direct->size)
		return unusual(err, "its entry is outside");
	direct->entry = elf->entry;
	/* Of the payload with its relocations, since that is how much the kernel would keep free for it. */
	if (direct->size < plan->vmlinux_size)
		direct->size = plan->vmlinux_size;
	direct->size = kx_align_up(direct->size, KERNEL_ALIGN);
	if (direct->start + direct->size > KX_X86_KERNEL_IMAGE_SIZE)
		return unusual(err, "it is too large");
	return 0;
}

/* All that is behind the ELF file: what is no relocation table there may be what the decompressor knows how to use. */
static int read_relocs(struct kx_view file, uint64_t end, struct kx_relocs *ret,
		       struct kx_error *err)
{
	struct kx_view tail = { 0 };
	int r = kx_view_from(file, end, &tail) ? kx_relocs_read(tail, ret, err)
					       : kx_fail(err, EBADMSG, "it is cut off");

	if (r < 0)
		kx_error_prefix(err, "its payload is unusual");
	return r;
}

static int open_elf(struct kx_plan *plan, const struct kx_bzimage *image, struct kx_relocs *relocs,
		    struct kx_direct *direct, struct kx_error *err)
{
	struct kx_view file = kx_view_of(plan->vmlinux, plan->vmlinux_size);
	struct sections sections = { 0 };
	struct kx_elf elf;
	int r = kx_elf_parse(file, &elf, err);

	if (r < 0)
		return unusual(err, "it is no kernel in ELF");
	if (elf.bits != 64 || elf.machine != EM_X86_64 || elf.type != ET_EXEC)
		return unusual(err, "it is no 64-bit kernel in ELF");
	direct->start = image->pref_address;
	r = read_sections(file, &elf, &sections, err);
	if (r == 0)
		r = add_parts(plan, &elf, sections.bss, direct, err);
	return r < 0 ? r : read_relocs(file, sections.end, relocs, err);
}

/* A kernel without relocations was built not to be moved in its own address space, and does not ask to be. */
static int relocate(const struct kx_plan *plan, const struct kx_bzimage *image,
		    const struct kx_relocs *relocs, struct kx_direct *direct, struct kx_error *err)
{
	uint64_t shift;

	memcpy(direct->rng.seed, plan->request.kaslr_seed, sizeof(direct->rng.seed));
	direct->random = relocs->add32.size && !kx_cmdline_has_bare(plan->cmdline, "nokaslr");
	if (!direct->random)
		return 0;
	shift = kx_kaslr_shift(direct->start, direct->size, KX_X86_KERNEL_IMAGE_SIZE,
			       image->kernel_alignment, &direct->rng);
	return kx_relocs_apply(relocs, &direct->image, shift, err);
}

bool kx_direct_open(struct kx_plan *plan, const struct kx_bzimage *image, struct kx_direct *ret)
{
	const char *why = kx_direct_refused(plan, image);
	struct kx_relocs relocs = { 0 };
	struct kx_direct direct = { 0 };
	struct kx_error err = { 0 };
	int r;

	if (why) {
		kx_direct_give_up(plan, why);
		return false;
	}
	r = kx_direct_unpack(plan, image, &err);
	if (r == 0)
		r = open_elf(plan, image, &relocs, &direct, &err);
	if (r == 0)
		r = relocate(plan, image, &relocs, &direct, &err);
	if (r < 0) {
		kx_direct_give_up(plan, err.text);
	} else {
		plan->direct = true;
		plan->random = direct.random;
		*ret = direct;
	}
	explicit_bzero(&direct.rng, sizeof(direct.rng));
	return r == 0;
}

/* ---- where it goes --------------------------------------------------------------------------- */

/* Places where the kernel would be loaded slowly: kx_place_avoid_next(). The initrds are in the plan already. */
static int avoid_next(const struct kx_plan *plan, const struct kx_direct *direct,
		      struct kx_ranges *set)
{
	uint64_t made = plan->vmlinux_size, loaded = kx_plan_memsz(plan);

	for (size_t i = 0; i < plan->archive_count; i++)
		made += plan->archives[i].unpacked_size;
	for (size_t i = 0; i < direct->image.count; i++)
		loaded += direct->image.parts[i].size;
	return kx_place_avoid_next(&plan->machine->free_pages, made, loaded, set);
}

/* Where a kernel may go that chooses at random: what is free, the bounds of the request, those of the command line. */
static int find_random(const struct kx_plan *plan, const struct kx_place *place,
		       struct kx_direct *direct, uint64_t *ret)
{
	const struct kx_request *request = &plan->request;
	struct kx_ranges set = { 0 }, better = { 0 };
	int r = kx_ranges_intersect(&plan->free, &plan->free, &set);

	if (r == 0)
		r = kx_ranges_remove(&set, 0, request->mem_min);
	if (r == 0 && request->mem_max != UINT64_MAX)
		r = kx_ranges_remove(&set, request->mem_max + 1, UINT64_MAX);
	if (r == 0)
		r = kx_kaslr_obey(plan->cmdline, &set);
	if (r == 0)
		r = kx_ranges_intersect(&set, &set, &better);
	if (r == 0)
		r = avoid_next(plan, direct, &better);
	if (r == 0)
		r = kx_kaslr_physical(&set, &better, place, &direct->rng, ret);
	kx_ranges_clear(&set);
	kx_ranges_clear(&better);
	return r;
}

/* A kernel that finds no place by its rules stays where it is, as it would by itself; its addresses are random anyway. */
static int find_place(struct kx_plan *plan, const struct kx_bzimage *image, uint64_t max,
		      struct kx_direct *direct, uint64_t *ret, const char **ret_where,
		      struct kx_error *err)
{
	struct kx_place place = {
		.size = direct->size,
		.align = image->kernel_alignment,
		.min = direct->start < LOWEST_MAX ? direct->start : LOWEST_MAX,
		.max = max,
		.low_first = true,
	};
	bool found = plan->placed && direct->random &&
		     find_random(plan, &place, direct, &place.min) == 0;
	int r;

	if (!found)
		place.min = direct->start;
	r = kx_plan_place(plan, "kernel", &place, ret, err);
	if (!plan->placed)
		*ret_where = "wherever there is room";
	else if (found)
		*ret_where = "random place";
	else
		*ret_where =
			*ret == direct->start ? "where it is linked" : "lowest free aligned place";
	return r;
}

int kx_direct_place(struct kx_plan *plan, const struct kx_bzimage *image, uint64_t max,
		    struct kx_direct *direct, uint64_t *ret_entry, struct kx_error *err)
{
	const struct kx_relocs_image *parts = &direct->image;
	uint64_t at = 0, end = direct->start + direct->size;
	const char *where = NULL;
	int r = find_place(plan, image, max, direct, &at, &where, err);

	for (size_t i = 0; r == 0 && i < parts->count; i++) {
		const struct kx_relocs_part *part = &parts->parts[i];
		struct kx_segment segment = {
			.name = "kernel",
			.buf = part->bytes,
			.bufsz = part->size,
			.dest = plan->placed ? at + (part->start - direct->start) : at,
			.memsz = part->size,
			.reserved = (i + 1 < parts->count ? part[1].start : end) - part->start,
		};

		r = kx_plan_add(plan, &segment, err, "%s, part %zu of %zu, decompressed", where,
				i + 1, parts->count);
	}
	*ret_entry = plan->placed ? at + (direct->entry - direct->start) : at;
	return r;
}
