/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small dumps of kernels of each kind of log. Physical memory is SAMPLE_RAM bytes at SAMPLE_PHYS; where things are in it is
 * below. 64-bit: the image is mapped by phys_base 0, and page tables map the first GiB at SAMPLE_DIRECT.
 */
#ifndef KX_SAMPLE_VMCORE_H
#define KX_SAMPLE_VMCORE_H

#include <elf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum sample_kind { SAMPLE_LOCKLESS, SAMPLE_RECORDS, SAMPLE_OLD_RECORDS, SAMPLE_PLAIN };

/**
 * struct sample_vmcore - what to make; then the dump
 * @paged: no virtual addresses in the program headers
 * @elf32: headers of 32 bits although the kernel has 64
 */
struct sample_vmcore {
	enum sample_kind kind;
	bool narrow, big, paged, elf32;
	uint8_t data[0x1c00];
	size_t size, info_size;
	uint64_t id, position, index;
};

#define SAMPLE_PHYS UINT64_C(0x100000)
#define SAMPLE_RAM 0x1010u
#define SAMPLE_FILE 0xa00u /* where memory is in the file */
#define SAMPLE_NOTE 0x200u
#define SAMPLE_INFO (SAMPLE_NOTE + 24)
#define SAMPLE_DIRECT UINT64_C(0xffff888000000000)
#define SAMPLE_IMAGE UINT64_C(0xffffffff80000000)
#define SAMPLE_LOW UINT64_C(0xc0000000)

/* In memory. */
enum {
	AT_POINTER = 0x00,
	AT_RING = 0x10,
	AT_DESCS = 0x100,
	AT_INFOS = 0x200,
	AT_TEXT = 0x400,
	AT_LEN = 0x500,
	AT_FIRST = 0x504,
	AT_NEXT = 0x508,
	AT_CHARS = 0x50c,
	AT_PGD = 0x888, /* of a table at 0 */
	AT_PUD = 0x1000,
	TEXT_BITS = 8,
	DESC_BITS = 3,
	INFO_SIZE = 48,
	RECORD_SIZE = 16,
};

static inline size_t sample_word(const struct sample_vmcore *s)
{
	return s->narrow ? 4 : 8;
}

static inline void sample_put(struct sample_vmcore *s, size_t at, size_t size, uint64_t value)
{
	for (size_t i = 0; i < size; i++)
		s->data[at + i] = (uint8_t)(value >> 8 * (s->big ? size - 1 - i : i));
}

static inline void sample_poke(struct sample_vmcore *s, size_t at, size_t size, uint64_t value)
{
	sample_put(s, SAMPLE_FILE + at, size, value);
}

static inline uint64_t sample_peek(const struct sample_vmcore *s, size_t at, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)s->data[SAMPLE_FILE + at + i] << 8 * (s->big ? size - 1 - i : i);
	return value;
}

/* The address of a variable, and what a pointer to it has. */
static inline uint64_t sample_symbol(const struct sample_vmcore *s, size_t at)
{
	return (s->narrow ? SAMPLE_LOW : SAMPLE_IMAGE) + SAMPLE_PHYS + at;
}

static inline uint64_t sample_pointer(const struct sample_vmcore *s, size_t at)
{
	return (s->narrow ? SAMPLE_LOW : SAMPLE_DIRECT) + SAMPLE_PHYS + at;
}

__attribute__((format(printf, 2, 3))) static inline void sample_info(struct sample_vmcore *s,
								     const char *format, ...)
{
	char *to = (char *)s->data + SAMPLE_INFO + s->info_size;
	va_list args;

	va_start(args, format);
	s->info_size +=
		(size_t)vsnprintf(to, SAMPLE_FILE - SAMPLE_INFO - s->info_size, format, args);
	va_end(args);
}

static inline void sample_lockless(struct sample_vmcore *s)
{
	unsigned w = (unsigned)sample_word(s);

	sample_info(
		s,
		"SYMBOL(prb)=%llx\nSIZE(printk_ringbuffer)=%u\nOFFSET(printk_ringbuffer.desc_ring)="
		"0\n"
		"OFFSET(printk_ringbuffer.text_data_ring)=%u\nOFFSET(prb_desc_ring.count_bits)=0\n"
		"OFFSET(prb_desc_ring.descs)=%u\nOFFSET(prb_desc_ring.infos)=%u\n"
		"OFFSET(prb_desc_ring.head_id)=%u\nOFFSET(prb_desc_ring.tail_id)=%u\n"
		"OFFSET(prb_data_ring.size_bits)=0\nOFFSET(prb_data_ring.data)=%u\n"
		"OFFSET(atomic_long_t.counter)=0\nSIZE(prb_desc)=%u\nOFFSET(prb_desc.state_var)=0\n"
		"OFFSET(prb_desc.text_blk_lpos)=%u\nOFFSET(prb_data_blk_lpos.begin)=0\n"
		"OFFSET(prb_data_blk_lpos.next)=%u\nSIZE(printk_info)=%u\n",
		(unsigned long long)sample_symbol(s, AT_POINTER), 10 * w, 6 * w, w, 2 * w, 3 * w,
		4 * w, w, 3 * w, w, w, (unsigned)INFO_SIZE);
	sample_info(s, "OFFSET(printk_info.seq)=0\nOFFSET(printk_info.ts_nsec)=8\n"
		       "OFFSET(printk_info.text_len)=16\nOFFSET(printk_info.caller_id)=20\n"
		       "OFFSET(printk_info.dev_info)=24\nOFFSET(dev_printk_info.subsystem)=0\n"
		       "LENGTH(printk_info_subsystem)=8\nOFFSET(dev_printk_info.device)=8\n"
		       "LENGTH(printk_info_device)=16\n");
	sample_poke(s, AT_POINTER, w, sample_pointer(s, AT_RING));
	sample_poke(s, AT_RING, 4, DESC_BITS);
	sample_poke(s, AT_RING + w, w, sample_pointer(s, AT_DESCS));
	sample_poke(s, AT_RING + 2 * w, w, sample_pointer(s, AT_INFOS));
	sample_poke(s, AT_RING + 6 * w, 4, TEXT_BITS);
	sample_poke(s, AT_RING + 7 * w, w, sample_pointer(s, AT_TEXT));
	/* So that the third text would just reach the end, which makes it begin anew. */
	s->id = 6;
	s->position = 0x3c0;
	sample_poke(s, AT_RING + 4 * w, w, s->id);
}

static inline void sample_buffer(struct sample_vmcore *s)
{
	const char *type = s->kind == SAMPLE_OLD_RECORDS ? "log" : "printk_log";

	sample_info(s, "SYMBOL(log_buf)=%llx\nSYMBOL(log_buf_len)=%llx\n",
		    (unsigned long long)sample_symbol(s, AT_POINTER),
		    (unsigned long long)sample_symbol(s, AT_LEN));
	sample_poke(s, AT_POINTER, sample_word(s), sample_pointer(s, AT_TEXT));
	sample_poke(s, AT_LEN, 4, 1 << TEXT_BITS);
	s->index = 0xb0;
	sample_poke(s, AT_FIRST, 4, s->index);
	if (s->kind == SAMPLE_PLAIN) {
		sample_info(s, "SYMBOL(log_end)=%llx\nSYMBOL(logged_chars)=%llx\n",
			    (unsigned long long)sample_symbol(s, AT_NEXT),
			    (unsigned long long)sample_symbol(s, AT_CHARS));
		return;
	}
	sample_info(s,
		    "SYMBOL(log_first_idx)=%llx\nSYMBOL(log_next_idx)=%llx\nSIZE(%s)=%u\n"
		    "OFFSET(%s.ts_nsec)=0\nOFFSET(%s.len)=8\nOFFSET(%s.text_len)=10\n"
		    "OFFSET(%s.dict_len)=12\n",
		    (unsigned long long)sample_symbol(s, AT_FIRST),
		    (unsigned long long)sample_symbol(s, AT_NEXT), type, (unsigned)RECORD_SIZE,
		    type, type, type, type);
}

static inline void sample_begin(struct sample_vmcore *s)
{
	sample_info(s, "OSRELEASE=6.1.0-test\nPAGESIZE=4096\nSYMBOL(_stext)=%llx\n",
		    (unsigned long long)sample_symbol(s, 0x700));
	if (!s->narrow)
		sample_info(s,
			    "SYMBOL(swapper_pg_dir)=%llx\nNUMBER(phys_base)=0\n"
			    "NUMBER(pgtable_l5_enabled)=0\nNUMBER(sme_mask)=0\nKERNELOFFSET=0\n",
			    (unsigned long long)sample_symbol(s, 0));
	if (s->kind == SAMPLE_LOCKLESS)
		sample_lockless(s);
	else
		sample_buffer(s);
	sample_poke(s, AT_PGD, 8, (SAMPLE_PHYS + AT_PUD) | 0x63);
	sample_poke(s, AT_PUD, 8, 0x80 | 0x63);
}

static inline void sample_bytes(struct sample_vmcore *s, size_t at, const char *text, size_t size)
{
	memcpy(s->data + SAMPLE_FILE + at, text, size);
}

/* Facility and level, as they are in memory; flags of a whole line. */
static inline void sample_priority(struct sample_vmcore *s, size_t at, unsigned flags,
				   unsigned level)
{
	sample_poke(s, at, 1, 3);
	sample_poke(s, at + 1, 1, s->big ? flags << 3 | level : level << 5 | flags);
}

static inline void sample_add_lockless(struct sample_vmcore *s, const char *text, uint64_t ns,
				       unsigned level)
{
	size_t w = sample_word(s), size = strlen(text), block = (w + size + w - 1) & ~(w - 1);
	size_t info = AT_INFOS + (s->id & 7) * INFO_SIZE, desc = AT_DESCS + (s->id & 7) * 3 * w;
	uint64_t next = s->position + block, ring = 1 << TEXT_BITS;
	size_t at = s->position & (ring - 1);

	if (s->position / ring != next / ring) {
		sample_poke(s, AT_TEXT + at, w, s->id);
		at = 0;
		next = (next & ~(ring - 1)) + block;
	}
	sample_poke(s, AT_TEXT + at, w, s->id);
	sample_bytes(s, AT_TEXT + at + w, text, size);
	sample_poke(s, desc, w, s->id | UINT64_C(2) << (8 * w - 2));
	sample_poke(s, desc + w, w, s->position);
	sample_poke(s, desc + 2 * w, w, next);
	sample_poke(s, info, 8, s->id - 6);
	sample_poke(s, info + 8, 8, ns);
	sample_poke(s, info + 16, 2, size);
	sample_priority(s, info + 18, 6, level);
	sample_poke(s, info + 20, 4, 77);
	sample_bytes(s, info + 24, "pci", 4);
	sample_bytes(s, info + 32, "+pci:0000:00:02", 16);
	sample_poke(s, AT_RING + 3 * w, w, s->id);
	s->id++;
	s->position = next;
}

static inline void sample_add_record(struct sample_vmcore *s, const char *text, uint64_t ns,
				     unsigned level, unsigned flags)
{
	static const char dict[] = "SUBSYSTEM=pci\0DEVICE=+pci:0000:00:02";
	size_t size = strlen(text), dict_size = level ? 0 : sizeof(dict) - 1;
	size_t len = (RECORD_SIZE + size + dict_size + 3) & ~(size_t)3, at;

	if (s->index + len + RECORD_SIZE > 1 << TEXT_BITS) {
		memset(s->data + SAMPLE_FILE + AT_TEXT + s->index, 0, RECORD_SIZE);
		s->index = 0;
	}
	at = AT_TEXT + s->index;
	sample_poke(s, at, 8, ns);
	sample_poke(s, at + 8, 2, len);
	sample_poke(s, at + 10, 2, size);
	sample_poke(s, at + 12, 2, dict_size);
	sample_priority(s, at + 14, flags, level);
	sample_bytes(s, at + RECORD_SIZE, text, size);
	sample_bytes(s, at + RECORD_SIZE + size, dict, dict_size);
	s->index += len;
	sample_poke(s, AT_NEXT, 4, s->index);
}

static inline void sample_add_plain(struct sample_vmcore *s, const char *text, uint64_t ns,
				    unsigned level)
{
	char line[128];
	int size = snprintf(line, sizeof(line), "<%u>[%5u.%06u] %s\n", 3 << 3 | level,
			    (unsigned)(ns / 1000000000), (unsigned)(ns % 1000000000 / 1000), text);

	for (int i = 0; i < size; i++, s->index++)
		s->data[SAMPLE_FILE + AT_TEXT + (s->index & 0xff)] = (uint8_t)line[i];
	sample_poke(s, AT_NEXT, 4, s->index);
	sample_poke(s, AT_CHARS, 4, s->index - 0xb0);
}

static inline void sample_add(struct sample_vmcore *s, const char *text, uint64_t ns,
			      unsigned level)
{
	if (s->kind == SAMPLE_LOCKLESS)
		sample_add_lockless(s, text, ns, level);
	else if (s->kind == SAMPLE_PLAIN)
		sample_add_plain(s, text, ns, level);
	else
		sample_add_record(s, text, ns, level, 6);
}

/* Of class 64. */
static inline void sample_phdr64(struct sample_vmcore *s, size_t at, uint32_t type, uint64_t offset,
				 uint64_t virt, uint64_t phys, uint64_t size)
{
	sample_put(s, at, 4, type);
	sample_put(s, at + offsetof(Elf64_Phdr, p_offset), 8, offset);
	sample_put(s, at + offsetof(Elf64_Phdr, p_vaddr), 8, virt);
	sample_put(s, at + offsetof(Elf64_Phdr, p_paddr), 8, phys);
	sample_put(s, at + offsetof(Elf64_Phdr, p_filesz), 8, size);
	sample_put(s, at + offsetof(Elf64_Phdr, p_memsz), 8, size);
}

static inline void sample_phdr32(struct sample_vmcore *s, size_t at, uint32_t type, uint64_t offset,
				 uint64_t virt, uint64_t phys, uint64_t size)
{
	sample_put(s, at, 4, type);
	sample_put(s, at + offsetof(Elf32_Phdr, p_offset), 4, offset);
	sample_put(s, at + offsetof(Elf32_Phdr, p_vaddr), 4, virt);
	sample_put(s, at + offsetof(Elf32_Phdr, p_paddr), 4, phys);
	sample_put(s, at + offsetof(Elf32_Phdr, p_filesz), 4, size);
	sample_put(s, at + offsetof(Elf32_Phdr, p_memsz), 4, size);
}

#define SAMPLE_PUT(s, narrow, field, value)                                                      \
	((narrow) ? sample_put(s, offsetof(Elf32_Ehdr, field), sizeof(((Elf32_Ehdr *)0)->field), \
			       value)                                                            \
		  : sample_put(s, offsetof(Elf64_Ehdr, field), sizeof(((Elf64_Ehdr *)0)->field), \
			       value))

/* Headers and note, when all has been added. */
static inline void sample_end(struct sample_vmcore *s)
{
	bool narrow = s->narrow || s->elf32;
	size_t table = narrow ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr);
	size_t entry = narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
	uint64_t virt = s->paged || s->elf32 ? 0 : sample_pointer(s, 0);
	uint64_t text = s->paged || s->elf32 || s->narrow ? 0 : sample_symbol(s, 0);

	memcpy(s->data, ELFMAG, SELFMAG);
	s->data[EI_CLASS] = narrow ? ELFCLASS32 : ELFCLASS64;
	s->data[EI_DATA] = s->big ? ELFDATA2MSB : ELFDATA2LSB;
	s->data[EI_VERSION] = EV_CURRENT;
	SAMPLE_PUT(s, narrow, e_type, ET_CORE);
	SAMPLE_PUT(s, narrow, e_machine, s->big ? EM_S390 : s->narrow ? EM_386 : EM_X86_64);
	SAMPLE_PUT(s, narrow, e_phoff, table);
	SAMPLE_PUT(s, narrow, e_phentsize, entry);
	SAMPLE_PUT(s, narrow, e_phnum, 3);
	(narrow ? sample_phdr32 : sample_phdr64)(s, table, PT_NOTE, SAMPLE_NOTE, 0, 0,
						 24 + s->info_size);
	(narrow ? sample_phdr32 : sample_phdr64)(s, table + entry, PT_LOAD, SAMPLE_FILE, text,
						 SAMPLE_PHYS, SAMPLE_RAM);
	(narrow ? sample_phdr32 : sample_phdr64)(s, table + 2 * entry, PT_LOAD, SAMPLE_FILE, virt,
						 SAMPLE_PHYS, SAMPLE_RAM);
	sample_put(s, SAMPLE_NOTE, 4, 11);
	sample_put(s, SAMPLE_NOTE + 4, 4, s->info_size);
	memcpy(s->data + SAMPLE_NOTE + 12, "VMCOREINFO", 11);
	s->size = SAMPLE_FILE + SAMPLE_RAM;
}

/* Four messages. */
static inline void sample_make(struct sample_vmcore *s)
{
	sample_begin(s);
	sample_add(s, "first", 0, 5);
	sample_add(s, "of two\nlines", 1500000, 6);
	sample_add(s, "with \x01 and \xc3\xa9", 12345678901, 4);
	sample_add(s, "Kernel panic", 99999999999000, 0);
	sample_end(s);
}

#endif
