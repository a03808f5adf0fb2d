/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the readers of dumps share; vmcore.h is what others use. */
#ifndef KX_VMCORE_CORE_H
#define KX_VMCORE_CORE_H

#include "vmcore.h"

#define KX_VMCORE_PAGE 4096u
#define KX_VMCORE_CACHED 8

/**
 * struct kx_page_cache - a few pages, since neighbours are read one after the other
 * @size: bytes of the page that there are
 */
struct kx_page_cache {
	struct kx_cached_page {
		uint64_t number;
		size_t size;
		bool used;
		uint8_t data[KX_VMCORE_PAGE];
	} pages[KX_VMCORE_CACHED];
};

/* Where page @number is or goes; the caller looks at @used and @number, and fills it. */
struct kx_cached_page *kx_page_cache_slot(struct kx_page_cache *cache, uint64_t number);

/* A piece of memory in an ELF dump. What is behind @filesz was zero, or left out, when the dump was made. */
struct kx_core_segment {
	uint64_t phys, virt, offset, filesz, memsz;
};

struct kx_vmcore_kdump;

/**
 * struct kx_vmcore
 * @file: pages of the dump itself
 * @wide_file, @big: class and byte order of the dump
 * @word: as kx_vmcore_word() returns
 * @machine: e_machine; of a compressed dump as far as its sizes tell it
 * @segments, @count: of an ELF dump; @hint: the one that was used last, @virt_hint: to translate
 * @kdump: of a compressed dump, NULL otherwise
 * @info: its own allocation
 */
struct kx_vmcore {
	struct kx_vmcore_io io;
	struct kx_page_cache file;
	bool wide_file, big;
	size_t word;
	uint16_t machine;
	struct kx_core_segment *segments;
	size_t count, hint, virt_hint;
	struct kx_vmcore_kdump *kdump;
	struct kx_view info;
	uint64_t missing;
	bool has_phys_base;
	/* Of an x86 kernel; no levels: its page tables are not known. */
	uint64_t phys_base, page_tables, address_mask;
	unsigned levels;
};

/* Reads of the dump itself. -ENODATA past its end; else what the io's read says. */
int kx_vmcore_read_file(struct kx_vmcore *core, uint64_t offset, void *to, size_t size);

/* Copies VMCOREINFO out of the dump. -ENODATA, without a message, when not all of it is there; -ENOMEM. */
int kx_vmcore_keep_info(struct kx_vmcore *core, uint64_t offset, uint64_t size);

/* Each fills in what its format says. Errors: as kx_vmcore_open(); -ENOEXEC, without a message, for another format. */
int kx_elf_core_open(struct kx_vmcore *core, struct kx_error *err);
int kx_kdump_open(struct kx_vmcore *core, struct kx_error *err);

/* -ENODATA. */
int kx_elf_core_read(struct kx_vmcore *core, uint64_t pa, void *to, size_t size);
int kx_kdump_read(struct kx_vmcore *core, uint64_t pa, void *to, size_t size);
void kx_kdump_free(struct kx_vmcore_kdump *kdump);

/* Unpacks @in to exactly @size bytes at @out. False if it is no such thing. */
bool kx_snappy_page(struct kx_view in, uint8_t *out, size_t size);

/* By the program headers. False if they do not say; @ret_run: so many bytes from there on are in one piece. */
bool kx_elf_core_translate(struct kx_vmcore *core, uint64_t va, uint64_t *ret_pa,
			   uint64_t *ret_run);

/* By what VMCOREINFO says of an x86 kernel; kx_x86_prepare() once, before. */
void kx_x86_prepare(struct kx_vmcore *core);
bool kx_x86_translate(struct kx_vmcore *core, uint64_t va, uint64_t *ret_pa, uint64_t *ret_run);

#endif
