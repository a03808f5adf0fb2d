/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel in small, as the kernel's build makes it: ELF with text, data, per-CPU data linked at 0, and init with a bss that
 * is in the file; then the tables of its relocations. Its place and alignment are a real one's; it has a few KiB.
 */
#ifndef SAMPLE_VMLINUX_H
#define SAMPLE_VMLINUX_H

#include <elf.h>

#include "arch/x86/relocs.h"
#include "sample_bzimage.h"

enum {
	SV_START = 0x1000000, /* linked there */
	SV_ALIGN = 0x200000,
	/* Offsets in the file and from SV_START are the same but for what is before the text. */
	SV_TEXT = 0x1000,
	SV_DATA = 0x3000,
	SV_PERCPU = 0x5000,
	SV_INIT = 0x6000,
	SV_BSS = 0x7000,
	SV_SCRATCH = 0x8000,
	SV_SECTIONS = 0xa000,
	SV_NAMES = SV_SECTIONS + 5 * 64,
	SV_END = SV_NAMES + 64,
	SV_ENTRY = 0x40,
	SV_PHDRS = 4,
};

static inline uint64_t sv_paddr(uint64_t offset)
{
	return SV_START + offset - SV_TEXT;
}

static inline uint64_t sv_vaddr(uint64_t offset)
{
	return KX_X86_KERNEL_MAP + sv_paddr(offset);
}

static inline void sv_phdr(struct sample *s, unsigned i, uint64_t offset, uint64_t vaddr,
			   uint64_t size)
{
	uint8_t *p = s->data + sizeof(Elf64_Ehdr) + i * sizeof(Elf64_Phdr);

	kx_put_le32(p + offsetof(Elf64_Phdr, p_type), PT_LOAD);
	kx_put_le64(p + offsetof(Elf64_Phdr, p_offset), offset);
	kx_put_le64(p + offsetof(Elf64_Phdr, p_vaddr), vaddr);
	kx_put_le64(p + offsetof(Elf64_Phdr, p_paddr), sv_paddr(offset));
	kx_put_le64(p + offsetof(Elf64_Phdr, p_filesz), size);
	kx_put_le64(p + offsetof(Elf64_Phdr, p_memsz), size);
	kx_put_le64(p + offsetof(Elf64_Phdr, p_align), SV_ALIGN);
}

static inline void sv_section(struct sample *s, unsigned i, uint32_t name, uint32_t type,
			      uint64_t offset, uint64_t size)
{
	uint8_t *p = s->data + SV_SECTIONS + i * sizeof(Elf64_Shdr);

	kx_put_le32(p + offsetof(Elf64_Shdr, sh_name), name);
	kx_put_le32(p + offsetof(Elf64_Shdr, sh_type), type);
	kx_put_le64(p + offsetof(Elf64_Shdr, sh_flags), type == SHT_STRTAB ? 0 : SHF_ALLOC);
	kx_put_le64(p + offsetof(Elf64_Shdr, sh_addr), sv_vaddr(offset));
	kx_put_le64(p + offsetof(Elf64_Shdr, sh_offset), offset);
	kx_put_le64(p + offsetof(Elf64_Shdr, sh_size), size);
}

static inline void sv_sections(struct sample *s)
{
	static const char names[] = "\0.text\0.bss\0.init.scratch\0.shstrtab";

	memcpy(s->data + SV_NAMES, names, sizeof(names));
	sv_section(s, 1, 1, SHT_PROGBITS, SV_TEXT, 0x800);
	sv_section(s, 2, 7, SHT_NOBITS, SV_BSS, 0x1000);
	sv_section(s, 3, 12, SHT_PROGBITS, SV_SCRATCH, 0x1000);
	sv_section(s, 4, 26, SHT_STRTAB, SV_NAMES, 64);
}

/* ELF alone. Every word of its first three parts is an address of the kernel in the middle of its GiB, cut to 32 bits. */
static inline struct sample sample_vmlinux_elf(void)
{
	struct sample s = sample_new(SV_END);

	memcpy(s.data, ELFMAG, SELFMAG);
	s.data[EI_CLASS] = ELFCLASS64;
	s.data[EI_DATA] = ELFDATA2LSB;
	s.data[EI_VERSION] = EV_CURRENT;
	kx_put_le16(s.data + offsetof(Elf64_Ehdr, e_type), ET_EXEC);
	kx_put_le16(s.data + offsetof(Elf64_Ehdr, e_machine), EM_X86_64);
	kx_put_le64(s.data + offsetof(Elf64_Ehdr, e_entry), SV_START + SV_ENTRY);
	kx_put_le64(s.data + offsetof(Elf64_Ehdr, e_phoff), sizeof(Elf64_Ehdr));
	kx_put_le64(s.data + offsetof(Elf64_Ehdr, e_shoff), SV_SECTIONS);
	kx_put_le16(s.data + offsetof(Elf64_Ehdr, e_ehsize), sizeof(Elf64_Ehdr));
	kx_put_le16(s.data + offsetof(Elf64_Ehdr, e_phentsize), sizeof(Elf64_Phdr));
	kx_put_le16(s.data + offsetof(Elf64_Ehdr, e_phnum), SV_PHDRS);
	kx_put_le16(s.data + offsetof(Elf64_Ehdr, e_shentsize), sizeof(Elf64_Shdr));
	kx_put_le16(s.data + offsetof(Elf64_Ehdr, e_shnum), 5);
	kx_put_le16(s.data + offsetof(Elf64_Ehdr, e_shstrndx), 4);
	sv_phdr(&s, 0, SV_TEXT, sv_vaddr(SV_TEXT), 0x1800);
	sv_phdr(&s, 1, SV_DATA, sv_vaddr(SV_DATA), 0x2000);
	sv_phdr(&s, 2, SV_PERCPU, 0, 0x1000);
	sv_phdr(&s, 3, SV_INIT, sv_vaddr(SV_INIT), 0x3000);
	sv_sections(&s);
	for (size_t at = SV_TEXT; at < SV_BSS; at++)
		s.data[at] = (uint8_t)(at >> 8 | 1);
	return s;
}

static inline void sv_reloc(struct sample *s, uint64_t offset)
{
	sample_append_le32(s, (uint32_t)sv_vaddr(offset));
}

/* What the relocations of sample_vmlinux() are of. */
enum {
	SV_REL64_TEXT = SV_TEXT + 0x10,
	SV_REL64_PERCPU = SV_PERCPU + 0xff8, /* the last place in it */
	SV_REL64_LOW = SV_INIT + 0x20,       /* a physical address */
	SV_INVERSE = SV_TEXT + 0x100,
	SV_REL32_TEXT = SV_TEXT + 0x200,
	SV_REL32_INIT = SV_INIT + 0x30,
};

/* @inverse: with the table that kernels had until their per-CPU data was linked like all the rest. */
static inline struct sample sample_vmlinux(bool inverse)
{
	struct sample s = sample_vmlinux_elf();

	kx_put_le64(s.data + SV_REL64_TEXT, sv_vaddr(SV_DATA));
	kx_put_le64(s.data + SV_REL64_PERCPU, sv_vaddr(SV_TEXT));
	kx_put_le64(s.data + SV_REL64_LOW, sv_paddr(SV_DATA));
	kx_put_le32(s.data + SV_INVERSE, (uint32_t)(0x10 - sv_vaddr(SV_INVERSE)));
	kx_put_le32(s.data + SV_REL32_TEXT, (uint32_t)sv_vaddr(SV_BSS));
	kx_put_le32(s.data + SV_REL32_INIT, 0);
	sample_append_le32(&s, 0);
	sv_reloc(&s, SV_REL64_TEXT);
	sv_reloc(&s, SV_REL64_PERCPU);
	sv_reloc(&s, SV_REL64_LOW);
	if (inverse) {
		sample_append_le32(&s, 0);
		sv_reloc(&s, SV_INVERSE);
	}
	sample_append_le32(&s, 0);
	sv_reloc(&s, SV_REL32_TEXT);
	sv_reloc(&s, SV_REL32_INIT);
	return s;
}

/* In a bzImage, packed by @pack; both are consumed. */
static inline struct sample sample_direct(struct sample vmlinux,
					  struct sample (*pack)(const void *data, size_t size))
{
	struct sample payload = pack(vmlinux.data, vmlinux.size), s;

	if (pack != sample_gzip)
		sample_append_le32(&payload, (uint32_t)vmlinux.size);
	s = sample_bzimage_with(&payload);
	sample_free(&payload);
	sample_free(&vmlinux);
	return s;
}

#endif
