// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmcore FILE: print what an ELF core has, one fact on a line.
 * vmcore FILE SEED <PAGES: look for the pages that hold.c printed; status 0 when all are there.
 *
 * The ELF structures are those of the System V gABI; the core's notes those of Linux
 * Documentation/admin-guide/kdump/kdump.rst and vmcoreinfo.rst.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pattern.h"

#define MAX_PHDRS 4096
#define MAX_NOTES (4 << 20)

struct core {
	int fd;
	int class;
	unsigned int count;
	Elf64_Phdr phdr[MAX_PHDRS];
};

static void die(const char *what)
{
	fprintf(stderr, "vmcore: %s\n", what);
	exit(1);
}

static void read_at(const struct core *core, void *to, size_t size, uint64_t at, const char *what)
{
	if (pread(core->fd, to, size, at) != (ssize_t)size)
		die(what);
}

static void read_phdrs32(struct core *core, const Elf32_Ehdr *header)
{
	core->count = header->e_phnum;
	for (unsigned int i = 0; i < core->count && i < MAX_PHDRS; i++) {
		Elf32_Phdr p;

		read_at(core, &p, sizeof(p), header->e_phoff + i * sizeof(p), "program header");
		core->phdr[i] = (Elf64_Phdr){ .p_type = p.p_type,
					      .p_offset = p.p_offset,
					      .p_vaddr = p.p_vaddr,
					      .p_paddr = p.p_paddr,
					      .p_filesz = p.p_filesz,
					      .p_memsz = p.p_memsz };
	}
}

static void open_core(struct core *core, const char *name)
{
	Elf64_Ehdr header;

	core->fd = open(name, O_RDONLY);
	if (core->fd < 0)
		die("cannot open the core");
	read_at(core, &header, sizeof(header), 0, "ELF header");
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_type != ET_CORE)
		die("not an ELF core");
	core->class = header.e_ident[EI_CLASS];
	if (core->class == ELFCLASS32) {
		read_phdrs32(core, (const Elf32_Ehdr *)&header);
	} else {
		core->count = header.e_phnum;
		if (core->count <= MAX_PHDRS)
			read_at(core, core->phdr, core->count * sizeof(*core->phdr), header.e_phoff,
				"program headers");
	}
	if (core->count > MAX_PHDRS)
		die("too many program headers");
}

static void print_notes(const struct core *core, const Elf64_Phdr *p)
{
	char *notes = malloc(p->p_filesz + 1);
	size_t at = 0;

	if (p->p_filesz > MAX_NOTES || !notes)
		die("notes are too large");
	read_at(core, notes, p->p_filesz, p->p_offset, "notes");
	while (at + sizeof(Elf64_Nhdr) <= p->p_filesz) {
		const Elf64_Nhdr *note = (const Elf64_Nhdr *)(notes + at);
		size_t name = at + sizeof(*note), desc = name + (note->n_namesz + 3) / 4 * 4;

		at = desc + (note->n_descsz + 3) / 4 * 4;
		if (at > p->p_filesz)
			die("a note is longer than its segment");
		printf("note %s %u %u\n", notes + name, note->n_type, note->n_descsz);
		if (!strcmp(notes + name, "VMCOREINFO"))
			printf("vmcoreinfo\n%.*svmcoreinfo-end\n", (int)note->n_descsz,
			       notes + desc);
	}
	free(notes);
}

static void print_facts(const struct core *core)
{
	struct stat stat;

	if (fstat(core->fd, &stat))
		die("size");
	printf("class %d\nsize %lld\n", core->class == ELFCLASS32 ? 32 : 64,
	       (long long)stat.st_size);
	for (unsigned int i = 0; i < core->count; i++) {
		const Elf64_Phdr *p = &core->phdr[i];

		if (p->p_type == PT_NOTE)
			print_notes(core, p);
		else if (p->p_type == PT_LOAD)
			printf("load %#llx %#llx %#llx\n", (unsigned long long)p->p_paddr,
			       (unsigned long long)p->p_memsz, (unsigned long long)p->p_vaddr);
	}
}

/* The kernel's own map may cover the same page once more; any of them must lead to it. */
static int is_held(const struct core *core, uint64_t seed, uint64_t page, uint64_t address)
{
	uint64_t words[PATTERN_WORDS];
	int seen = 0;

	for (unsigned int i = 0; i < core->count; i++) {
		const Elf64_Phdr *p = &core->phdr[i];

		if (p->p_type != PT_LOAD || address < p->p_paddr ||
		    address - p->p_paddr + PATTERN_PAGE > p->p_filesz)
			continue;
		read_at(core, words, sizeof(words), p->p_offset + (address - p->p_paddr), "a page");
		for (unsigned int w = 0; w < PATTERN_WORDS; w++) {
			if (words[w] != pattern_word(seed, page, w))
				return 0;
		}
		seen = 1;
	}
	return seen;
}

static int find_pages(const struct core *core, uint64_t seed)
{
	unsigned long long page, address, held = 0, asked = 0;

	while (scanf("%llu %llx", &page, &address) == 2) {
		asked++;
		if (is_held(core, seed, page, address))
			held++;
		else
			printf("missing %llu %#llx\n", page, address);
	}
	printf("held %llu of %llu\n", held, asked);
	return asked && held == asked ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct core core;

	if (argc < 2)
		die("usage: vmcore FILE [SEED]");
	open_core(&core, argv[1]);
	if (argc > 2)
		return find_pages(&core, strtoull(argv[2], NULL, 0));
	print_facts(&core);
	return 0;
}
