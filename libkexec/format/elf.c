// SPDX-License-Identifier: LGPL-2.1-or-later
/* System V ABI (gABI), chapter 4 "Object Files" and chapter 5 "Program Header", "Note Section". */
#include "elf.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/overflow.h"

static int malformed(struct kx_error *err, const char *what, uint64_t found, uint64_t need)
{
	return kx_fail(err, EBADMSG, "malformed ELF file: %s is 0x%" PRIx64 ", need 0x%" PRIx64,
		       what, found, need);
}

static int cut_short(struct kx_error *err, const char *what)
{
	return kx_fail(err, EBADMSG, "malformed ELF file: %s reaches past the end of the file",
		       what);
}

/* e_ident. */
static int identify(struct kx_view file, struct kx_elf *elf, struct kx_error *err)
{
	if (!kx_view_equals(file, 0, ELFMAG, SELFMAG))
		return kx_fail(err, ENOEXEC, "no ELF magic");
	if (!kx_view_has(file, 0, EI_NIDENT))
		return cut_short(err, "the identification");
	if (file.data[EI_DATA] == ELFDATA2MSB)
		return kx_fail(err, EOPNOTSUPP, "big-endian ELF file, need little-endian");
	if (file.data[EI_DATA] != ELFDATA2LSB)
		return malformed(err, "the byte order", file.data[EI_DATA], ELFDATA2LSB);
	if (file.data[EI_VERSION] != EV_CURRENT)
		return malformed(err, "the version", file.data[EI_VERSION], EV_CURRENT);
	if (file.data[EI_CLASS] != ELFCLASS32 && file.data[EI_CLASS] != ELFCLASS64)
		return malformed(err, "the class", file.data[EI_CLASS], ELFCLASS64);
	elf->bits = file.data[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	return 0;
}

/* Where the tables are. */
struct tables {
	uint64_t phoff, shoff;
	uint16_t ehsize, phentsize, phnum;
};

/* A little-endian number of 2, 4 or 8 bytes. */
static uint64_t number(const uint8_t *p, size_t size)
{
	return size == 2 ? kx_le16(p) : size == 4 ? kx_le32(p) : kx_le64(p);
}

/* A field of elf.h's Elf32_ or Elf64_@header at @p, without a cast of untrusted bytes to a struct. */
#define FIELD_OF(p, type, field) number((p) + offsetof(type, field), sizeof(((type *)0)->field))
#define FIELD(bits, p, header, field) \
	((bits) == 64 ? FIELD_OF(p, Elf64_##header, field) : FIELD_OF(p, Elf32_##header, field))

static int read_header(struct kx_view file, struct kx_elf *elf, struct tables *t,
		       struct kx_error *err)
{
	bool wide = elf->bits == 64;
	size_t size = wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	size_t entry_size = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	if (!kx_view_has(file, 0, size))
		return cut_short(err, "the header");
	elf->type = (uint16_t)FIELD(elf->bits, file.data, Ehdr, e_type);
	elf->machine = (uint16_t)FIELD(elf->bits, file.data, Ehdr, e_machine);
	elf->entry = FIELD(elf->bits, file.data, Ehdr, e_entry);
	t->phoff = FIELD(elf->bits, file.data, Ehdr, e_phoff);
	t->shoff = FIELD(elf->bits, file.data, Ehdr, e_shoff);
	t->ehsize = (uint16_t)FIELD(elf->bits, file.data, Ehdr, e_ehsize);
	t->phentsize = (uint16_t)FIELD(elf->bits, file.data, Ehdr, e_phentsize);
	t->phnum = (uint16_t)FIELD(elf->bits, file.data, Ehdr, e_phnum);
	if (t->ehsize != size)
		return malformed(err, "e_ehsize", t->ehsize, size);
	if (t->phnum && t->phentsize != entry_size)
		return malformed(err, "e_phentsize", t->phentsize, entry_size);
	return 0;
}

/* With PN_XNUM in e_phnum, the count is in sh_info of the section header at index 0. */
static int count_phdrs(struct kx_view file, struct kx_elf *elf, const struct tables *t,
		       struct kx_error *err)
{
	uint32_t count = t->phnum;
	uint64_t at;

	if (count == PN_XNUM) {
		at = elf->bits == 64 ? offsetof(Elf64_Shdr, sh_info)
				     : offsetof(Elf32_Shdr, sh_info);
		if (kx_add_overflow(at, t->shoff, &at) || !kx_view_le32(file, at, &count))
			return cut_short(err, "section header 0");
	}
	if (count > KX_ELF_PHDR_MAX)
		return kx_fail(err, EOPNOTSUPP,
			       "ELF file with %" PRIu32 " program headers, at most %d", count,
			       KX_ELF_PHDR_MAX);
	elf->phdr_count = count;
	return 0;
}

static struct kx_elf_phdr read_phdr(unsigned bits, const uint8_t *p)
{
	return (struct kx_elf_phdr){
		.type = (uint32_t)FIELD(bits, p, Phdr, p_type),
		.flags = (uint32_t)FIELD(bits, p, Phdr, p_flags),
		.offset = FIELD(bits, p, Phdr, p_offset),
		.vaddr = FIELD(bits, p, Phdr, p_vaddr),
		.paddr = FIELD(bits, p, Phdr, p_paddr),
		.filesz = FIELD(bits, p, Phdr, p_filesz),
		.memsz = FIELD(bits, p, Phdr, p_memsz),
		.align = FIELD(bits, p, Phdr, p_align),
	};
}

/* Do all addresses from @start on fit those of the file's class? The last one may be the highest. */
static bool fits(const struct kx_elf *elf, uint64_t start, uint64_t size)
{
	uint64_t last;

	if (!size)
		return true;
	if (kx_add_overflow(start, size - 1, &last))
		return false;
	return elf->bits == 64 || last <= UINT32_MAX;
}

static int check_phdr(struct kx_view file, const struct kx_elf *elf, size_t i, struct kx_error *err)
{
	const struct kx_elf_phdr *ph = &elf->phdrs[i];

	if (!kx_view_has(file, ph->offset, ph->filesz) && ph->filesz)
		return kx_fail(err, EBADMSG,
			       "truncated ELF file: program header %zu wants 0x%" PRIx64
			       " bytes at 0x%" PRIx64 " of 0x%zx; copy the file again",
			       i, ph->filesz, ph->offset, file.size);
	if (ph->type != PT_LOAD)
		return 0;
	if (ph->memsz < ph->filesz)
		return malformed(err, "a p_memsz below p_filesz", ph->memsz, ph->filesz);
	if (!fits(elf, ph->vaddr, ph->memsz) || !fits(elf, ph->paddr, ph->memsz))
		return kx_fail(err, EBADMSG,
			       "malformed ELF file: program header %zu ends past the address space",
			       i);
	if (ph->align && !kx_is_pow2(ph->align))
		return kx_fail(err, EBADMSG,
			       "malformed ELF file: p_align is 0x%" PRIx64 ", need a power of two",
			       ph->align);
	return 0;
}

static bool overlap(const struct kx_elf_phdr *a, const struct kx_elf_phdr *b)
{
	if (a->type != PT_LOAD || b->type != PT_LOAD || !a->memsz || !b->memsz)
		return false;
	/* By the distance of the starts, since an end may be one past the highest address. */
	return a->paddr <= b->paddr ? b->paddr - a->paddr < a->memsz
				    : a->paddr - b->paddr < b->memsz;
}

static int check_overlaps(const struct kx_elf *elf, struct kx_error *err)
{
	for (size_t i = 0; i < elf->phdr_count; i++)
		for (size_t j = 0; j < i; j++)
			if (overlap(&elf->phdrs[i], &elf->phdrs[j]))
				return kx_fail(
					err, EBADMSG,
					"malformed ELF file: program headers %zu and %zu load "
					"to the same addresses",
					j, i);
	return 0;
}

static int read_phdrs(struct kx_view file, struct kx_elf *elf, const struct tables *t,
		      struct kx_error *err)
{
	struct kx_view table;
	const uint8_t *p;
	int r;

	if (!kx_view_sub(file, t->phoff, elf->phdr_count * (uint64_t)t->phentsize, &table))
		return cut_short(err, "the program header table");
	for (size_t i = 0; i < elf->phdr_count; i++) {
		p = table.data + i * t->phentsize;
		elf->phdrs[i] = read_phdr(elf->bits, p);
		r = check_phdr(file, elf, i, err);
		if (r < 0)
			return r;
	}
	return check_overlaps(elf, err);
}

int kx_elf_parse(struct kx_view file, struct kx_elf *ret, struct kx_error *err)
{
	struct kx_elf elf = { 0 };
	struct tables t = { 0 };
	int r = identify(file, &elf, err);

	if (!r)
		r = read_header(file, &elf, &t, err);
	if (!r)
		r = count_phdrs(file, &elf, &t, err);
	if (!r && elf.phdr_count)
		r = read_phdrs(file, &elf, &t, err);
	if (!r)
		*ret = elf;
	return r;
}

/* One note, and what it takes up in its segment. */
struct note {
	struct kx_view name, desc;
	uint32_t type;
	uint64_t size;
};

static bool read_note(struct kx_view notes, uint64_t align, struct note *ret)
{
	uint32_t name_size, desc_size;
	uint64_t desc_at;

	if (!kx_view_le32(notes, offsetof(Elf64_Nhdr, n_namesz), &name_size) ||
	    !kx_view_le32(notes, offsetof(Elf64_Nhdr, n_descsz), &desc_size) ||
	    !kx_view_le32(notes, offsetof(Elf64_Nhdr, n_type), &ret->type) ||
	    !kx_view_sub(notes, sizeof(Elf64_Nhdr), name_size, &ret->name))
		return false;
	desc_at = kx_align_up(sizeof(Elf64_Nhdr) + (uint64_t)name_size, align);
	if (!kx_view_sub(notes, desc_at, desc_size, &ret->desc))
		return false;
	ret->size = kx_align_up(desc_at + desc_size, align);
	return true;
}

/* The name in the file counts its NUL. */
static bool is_named(const struct note *note, const char *name)
{
	size_t size = strlen(name) + 1;

	return note->name.size == size && kx_view_equals(note->name, 0, name, size);
}

/* -ENOENT, without a message, if it is not in this segment. */
static int find_in(struct kx_view notes, uint64_t align, const char *name, uint32_t type,
		   struct kx_view *ret, struct kx_error *err)
{
	struct note note;

	while (notes.size) {
		if (!read_note(notes, align, &note))
			return cut_short(err, "a note");
		if (note.type == type && is_named(&note, name)) {
			*ret = note.desc;
			return 0;
		}
		/* The last one's padding may be missing. */
		if (!kx_view_from(notes, note.size, &notes))
			break;
	}
	return -ENOENT;
}

int kx_elf_note(struct kx_view file, const struct kx_elf *elf, const char *name, uint32_t type,
		struct kx_view *ret, struct kx_error *err)
{
	struct kx_view notes;
	int r;

	for (size_t i = 0; i < elf->phdr_count; i++) {
		const struct kx_elf_phdr *ph = &elf->phdrs[i];

		if (ph->type != PT_NOTE || !ph->filesz)
			continue;
		if (!kx_view_sub(file, ph->offset, ph->filesz, &notes))
			return cut_short(err, "a note segment");
		/* The gABI says 8 for 64-bit files; in fact it is 4, but where p_align says 8. */
		r = find_in(notes, ph->align == 8 ? 8 : 4, name, type, ret, err);
		if (r != -ENOENT)
			return r;
	}
	return kx_fail(err, ENOENT, "ELF file without a %s note of type 0x%" PRIx32, name, type);
}
