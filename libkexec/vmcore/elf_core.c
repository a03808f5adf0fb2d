// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ELF core files of a whole machine (gABI chapters 4 and 5; Linux Documentation/admin-guide/kdump/kdump.rst): a PT_LOAD for
 * each piece of memory, which may overlap one for the kernel's text, and notes.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/overflow.h"
#include "core.h"
#include "util.h"

/* A machine whose memory was added in blocks of 128 MiB has one for each. */
#define SEGMENTS_MAX (UINT32_C(1) << 20)
/* Notes of a CPU take some 400 bytes. This is what is looked through, in bytes. */
#define NOTES_MAX (UINT64_C(1) << 26)
#define VMCOREINFO_NAME "VMCOREINFO"

/* A field of elf.h's Elf32_ or Elf64_@header at @p, in the byte order and class of the file. */
#define FIELD_OF(core, p, type, field) \
	kx_vmcore_decode(core, (p) + offsetof(type, field), sizeof(((type *)0)->field))
#define FIELD(core, p, header, field)                                 \
	((core)->wide_file ? FIELD_OF(core, p, Elf64_##header, field) \
			   : FIELD_OF(core, p, Elf32_##header, field))

static int identify(struct kx_vmcore *core, struct kx_error *err)
{
	uint8_t ident[EI_NIDENT] = { 0 };

	if (kx_vmcore_read_file(core, 0, ident, sizeof(ident)) < 0 ||
	    memcmp(ident, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
		return kx_fail(err, EBADMSG, "malformed ELF file: the class is %u, need 1 or 2",
			       ident[EI_CLASS]);
	if (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)
		return kx_fail(err, EBADMSG,
			       "malformed ELF file: the byte order is %u, need 1 or 2",
			       ident[EI_DATA]);
	core->wide_file = ident[EI_CLASS] == ELFCLASS64;
	core->big = ident[EI_DATA] == ELFDATA2MSB;
	return 0;
}

/* With PN_XNUM in e_phnum, the count is in sh_info of the section header at index 0. */
static int count_of(struct kx_vmcore *core, const uint8_t *header, uint64_t *ret_count,
		    struct kx_error *err)
{
	uint64_t count = FIELD(core, header, Ehdr, e_phnum), at;
	uint8_t info[4];

	if (count == PN_XNUM) {
		at = core->wide_file ? offsetof(Elf64_Shdr, sh_info)
				     : offsetof(Elf32_Shdr, sh_info);
		if (kx_add_overflow(at, FIELD(core, header, Ehdr, e_shoff), &at) ||
		    kx_vmcore_read_file(core, at, info, sizeof(info)) < 0)
			return kx_fail(err, EBADMSG,
				       "malformed ELF file: it does not have the "
				       "section header with the count of its parts");
		count = kx_vmcore_decode(core, info, sizeof(info));
	}
	if (count > SEGMENTS_MAX)
		return kx_fail(err, EOPNOTSUPP,
			       "ELF file with %" PRIu64 " program headers, at most %" PRIu32, count,
			       SEGMENTS_MAX);
	*ret_count = count;
	return 0;
}

/* The part of a segment that the file does not have any more is as good as left out, but is told. */
static void cut(struct kx_vmcore *core, struct kx_core_segment *segment)
{
	uint64_t there = segment->offset < core->io.size ? core->io.size - segment->offset : 0;

	if (segment->filesz <= there)
		return;
	if (kx_add_overflow(core->missing, segment->filesz - there, &core->missing))
		core->missing = UINT64_MAX;
}

static int add_segment(struct kx_vmcore *core, const uint8_t *phdr, struct kx_error *err)
{
	struct kx_core_segment segment = {
		.phys = FIELD(core, phdr, Phdr, p_paddr),
		.virt = FIELD(core, phdr, Phdr, p_vaddr),
		.offset = FIELD(core, phdr, Phdr, p_offset),
		.filesz = FIELD(core, phdr, Phdr, p_filesz),
		.memsz = FIELD(core, phdr, Phdr, p_memsz),
	};
	struct kx_core_segment *more = core->segments;

	/* makedumpfile's are so where it left all of a piece out. */
	if (segment.memsz < segment.filesz)
		segment.memsz = segment.filesz;
	if (!segment.memsz)
		return 0;
	cut(core, &segment);
	if (kx_is_pow2(core->count) || !core->count)
		more = reallocarray(core->segments, core->count ? core->count * 2 : 1,
				    sizeof(*more));
	if (!more)
		return kx_fail(err, ENOMEM, "no memory for %zu program headers", core->count);
	core->segments = more;
	more[core->count++] = segment;
	return 0;
}

/* VMCOREINFO of the notes in [@at, @end), of which *left bytes may be looked through. 0 if it is not there. */
static int find_info(struct kx_vmcore *core, uint64_t at, uint64_t end, uint64_t *left)
{
	uint8_t note[sizeof(Elf64_Nhdr) + sizeof(VMCOREINFO_NAME)];
	uint64_t name, desc, size;

	while (!core->info.size && at < end && !kx_vmcore_read_file(core, at, note, sizeof(note))) {
		name = FIELD_OF(core, note, Elf64_Nhdr, n_namesz);
		desc = FIELD_OF(core, note, Elf64_Nhdr, n_descsz);
		/* A kernel pads to 4 bytes in files of both classes. */
		size = sizeof(Elf64_Nhdr) + kx_align_up(name, 4);
		if (name == sizeof(VMCOREINFO_NAME) &&
		    !memcmp(note + sizeof(Elf64_Nhdr), VMCOREINFO_NAME, sizeof(VMCOREINFO_NAME)) &&
		    kx_vmcore_keep_info(core, at + size, desc) == -ENOMEM)
			return -ENOMEM;
		size += kx_align_up(desc, 4);
		if (size > *left)
			break;
		*left -= size;
		at += size;
	}
	return 0;
}

static int read_phdrs(struct kx_vmcore *core, uint64_t at, uint64_t entry, uint64_t count,
		      struct kx_error *err)
{
	uint64_t left = NOTES_MAX, notes, end;
	uint8_t phdr[sizeof(Elf64_Phdr)];
	int r = 0;

	for (uint64_t i = 0; i < count && !r; i++) {
		uint32_t type;

		if (kx_vmcore_read_file(core, at + i * entry, phdr, entry) < 0)
			return kx_fail(err, EBADMSG,
				       "truncated ELF file: program header %" PRIu64 " of %" PRIu64
				       " is not there; copy the dump again",
				       i, count);
		type = (uint32_t)FIELD(core, phdr, Phdr, p_type);
		if (type == PT_LOAD)
			r = add_segment(core, phdr, err);
		if (type != PT_NOTE)
			continue;
		notes = FIELD(core, phdr, Phdr, p_offset);
		if (kx_add_overflow(notes, FIELD(core, phdr, Phdr, p_filesz), &end))
			end = UINT64_MAX;
		if (find_info(core, notes, end, &left) < 0)
			r = kx_fail(err, ENOMEM, "no memory for VMCOREINFO");
	}
	return r;
}

int kx_elf_core_open(struct kx_vmcore *core, struct kx_error *err)
{
	uint8_t header[sizeof(Elf64_Ehdr)];
	uint64_t entry, count = 0, found;
	int r = identify(core, err);

	if (r < 0)
		return r;
	entry = core->wide_file ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	if (kx_vmcore_read_file(core, 0, header,
				core->wide_file ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)) < 0)
		return kx_fail(err, EBADMSG, "truncated ELF file: not even its header is there");
	found = FIELD(core, header, Ehdr, e_type);
	if (found != ET_CORE)
		return kx_fail(err, EBADMSG,
			       "ELF file of type %" PRIu64 ", need 4, a core file: it is no dump",
			       found);
	core->machine = (uint16_t)FIELD(core, header, Ehdr, e_machine);
	r = count_of(core, header, &count, err);
	if (r < 0)
		return r;
	found = FIELD(core, header, Ehdr, e_phentsize);
	if (count && found != entry)
		return kx_fail(err, EBADMSG,
			       "malformed ELF file: e_phentsize is %" PRIu64 ", need %" PRIu64,
			       found, entry);
	return read_phdrs(core, FIELD(core, header, Ehdr, e_phoff), entry, count, err);
}

/* The segment with @pa, preferably the one that was used last. */
static const struct kx_core_segment *segment_of(struct kx_vmcore *core, uint64_t pa)
{
	for (size_t i = 0; i < core->count; i++) {
		size_t at = (core->hint + i) % core->count;
		const struct kx_core_segment *segment = &core->segments[at];

		if (pa >= segment->phys && pa - segment->phys < segment->memsz) {
			core->hint = at;
			return segment;
		}
	}
	return NULL;
}

/* As much of [@pa, @pa + *size) as is in one piece; *size is then that. */
static int read_piece(struct kx_vmcore *core, uint64_t pa, void *to, size_t *size)
{
	const struct kx_core_segment *segment = segment_of(core, pa);
	uint64_t in, there;

	if (!segment)
		return -ENODATA;
	in = pa - segment->phys;
	there = in < segment->filesz ? segment->filesz - in : segment->memsz - in;
	*size = there < *size ? (size_t)there : *size;
	if (in >= segment->filesz) {
		memset(to, 0, *size);
		return 0;
	}
	if (kx_add_overflow(in, segment->offset, &in))
		return -ENODATA;
	return kx_vmcore_read_file(core, in, to, *size) < 0 ? -ENODATA : 0;
}

int kx_elf_core_read(struct kx_vmcore *core, uint64_t pa, void *to, size_t size)
{
	uint8_t *out = to;

	while (size) {
		size_t part = size;
		int r = read_piece(core, pa, out, &part);

		if (r < 0)
			return r;
		out += part;
		pa += part;
		size -= part;
	}
	return 0;
}

/*
 * A dump whose maker knew no virtual addresses has 0 or all ones there. Headers of 32 bits have no address of a kernel of 64, so
 * nothing is found by them.
 */
bool kx_elf_core_translate(struct kx_vmcore *core, uint64_t va, uint64_t *ret_pa, uint64_t *ret_run)
{
	uint64_t nowhere = core->wide_file ? UINT64_MAX : UINT32_MAX;

	for (size_t i = 0; i < core->count; i++) {
		size_t at = (core->virt_hint + i) % core->count;
		const struct kx_core_segment *segment = &core->segments[at];

		if (!segment->virt || segment->virt == nowhere || va < segment->virt ||
		    va - segment->virt >= segment->memsz)
			continue;
		core->virt_hint = at;
		*ret_pa = segment->phys + (va - segment->virt);
		*ret_run = segment->memsz - (va - segment->virt);
		return true;
	}
	return false;
}
