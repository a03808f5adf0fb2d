/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Valid ELF files of either class, with any program headers. */
#ifndef SAMPLE_ELF_H
#define SAMPLE_ELF_H

#include <elf.h>
#include <stddef.h>
#include <string.h>

#include "base/endian.h"

/* Room for headers, a few hundred program headers, and contents at its end. */
#define SAMPLE_ELF_SIZE 32768
#define SAMPLE_ELF_CONTENT 30000

struct sample_elf {
	uint8_t data[SAMPLE_ELF_SIZE];
	unsigned bits;
};

#define SE_PUT16(e, type, field, v) kx_put_le16((e)->data + offsetof(type, field), v)
#define SE_PUT32(e, type, field, v) kx_put_le32((e)->data + offsetof(type, field), v)
#define SE_PUT64(e, type, field, v) kx_put_le64((e)->data + offsetof(type, field), v)

static inline void sample_elf_init(struct sample_elf *e, unsigned bits)
{
	memset(e, 0, sizeof(*e));
	e->bits = bits;
	memcpy(e->data, ELFMAG, SELFMAG);
	e->data[EI_CLASS] = bits == 64 ? ELFCLASS64 : ELFCLASS32;
	e->data[EI_DATA] = ELFDATA2LSB;
	e->data[EI_VERSION] = EV_CURRENT;
	SE_PUT16(e, Elf64_Ehdr, e_type, ET_EXEC);
	SE_PUT16(e, Elf64_Ehdr, e_machine, bits == 64 ? EM_X86_64 : EM_386);
	if (bits == 64) {
		SE_PUT64(e, Elf64_Ehdr, e_entry, 0x1000000);
		SE_PUT64(e, Elf64_Ehdr, e_phoff, sizeof(Elf64_Ehdr));
		SE_PUT16(e, Elf64_Ehdr, e_ehsize, sizeof(Elf64_Ehdr));
		SE_PUT16(e, Elf64_Ehdr, e_phentsize, sizeof(Elf64_Phdr));
	} else {
		SE_PUT32(e, Elf32_Ehdr, e_entry, 0x1000000);
		SE_PUT32(e, Elf32_Ehdr, e_phoff, sizeof(Elf32_Ehdr));
		SE_PUT16(e, Elf32_Ehdr, e_ehsize, sizeof(Elf32_Ehdr));
		SE_PUT16(e, Elf32_Ehdr, e_phentsize, sizeof(Elf32_Phdr));
	}
}

static inline void sample_elf_set_phnum(struct sample_elf *e, uint16_t count)
{
	if (e->bits == 64)
		SE_PUT16(e, Elf64_Ehdr, e_phnum, count);
	else
		SE_PUT16(e, Elf32_Ehdr, e_phnum, count);
}

/* Writes program header @i and counts it. */
static inline void sample_elf_phdr(struct sample_elf *e, unsigned i, const Elf64_Phdr *ph)
{
	uint8_t *p;

	sample_elf_set_phnum(e, (uint16_t)(i + 1));
	if (e->bits == 64) {
		p = e->data + sizeof(Elf64_Ehdr) + i * sizeof(Elf64_Phdr);
		kx_put_le32(p + offsetof(Elf64_Phdr, p_type), ph->p_type);
		kx_put_le32(p + offsetof(Elf64_Phdr, p_flags), ph->p_flags);
		kx_put_le64(p + offsetof(Elf64_Phdr, p_offset), ph->p_offset);
		kx_put_le64(p + offsetof(Elf64_Phdr, p_vaddr), ph->p_vaddr);
		kx_put_le64(p + offsetof(Elf64_Phdr, p_paddr), ph->p_paddr);
		kx_put_le64(p + offsetof(Elf64_Phdr, p_filesz), ph->p_filesz);
		kx_put_le64(p + offsetof(Elf64_Phdr, p_memsz), ph->p_memsz);
		kx_put_le64(p + offsetof(Elf64_Phdr, p_align), ph->p_align);
	} else {
		p = e->data + sizeof(Elf32_Ehdr) + i * sizeof(Elf32_Phdr);
		kx_put_le32(p + offsetof(Elf32_Phdr, p_type), ph->p_type);
		kx_put_le32(p + offsetof(Elf32_Phdr, p_flags), ph->p_flags);
		kx_put_le32(p + offsetof(Elf32_Phdr, p_offset), (uint32_t)ph->p_offset);
		kx_put_le32(p + offsetof(Elf32_Phdr, p_vaddr), (uint32_t)ph->p_vaddr);
		kx_put_le32(p + offsetof(Elf32_Phdr, p_paddr), (uint32_t)ph->p_paddr);
		kx_put_le32(p + offsetof(Elf32_Phdr, p_filesz), (uint32_t)ph->p_filesz);
		kx_put_le32(p + offsetof(Elf32_Phdr, p_memsz), (uint32_t)ph->p_memsz);
		kx_put_le32(p + offsetof(Elf32_Phdr, p_align), (uint32_t)ph->p_align);
	}
}

/* A note at @at; returns where it ends, padded. */
static inline size_t sample_elf_note(struct sample_elf *e, size_t at, const char *name,
				     uint32_t type, const char *desc, uint32_t desc_size,
				     size_t align)
{
	uint32_t name_size = (uint32_t)strlen(name) + 1;
	size_t desc_at = at + (12 + name_size + align - 1) / align * align;

	kx_put_le32(e->data + at, name_size);
	kx_put_le32(e->data + at + 4, desc_size);
	kx_put_le32(e->data + at + 8, type);
	memcpy(e->data + at + 12, name, name_size);
	memcpy(e->data + desc_at, desc, desc_size);
	return desc_at + (desc_size + align - 1) / align * align;
}

#endif
