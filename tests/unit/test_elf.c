// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/overflow.h"
#include "format/elf.h"
#include "sample_elf.h"

static const Elf64_Phdr load = {
	.p_type = PT_LOAD,
	.p_flags = PF_R | PF_X,
	.p_offset = SAMPLE_ELF_CONTENT,
	.p_vaddr = 0x81000000,
	.p_paddr = 0x1000000,
	.p_filesz = 0x100,
	.p_memsz = 0x2000,
	.p_align = 0x1000,
};

static struct kx_view view(const struct sample_elf *e)
{
	return kx_view_of(e->data, sizeof(e->data));
}

static struct kx_elf parsed(const struct sample_elf *e)
{
	struct kx_error err = { 0 };
	struct kx_elf elf;

	if (kx_elf_parse(view(e), &elf, &err))
		fail_msg("%s", err.text);
	return elf;
}

static void refused(struct kx_view file, int code, const char *text)
{
	struct kx_error err = { 0 };
	static struct kx_elf elf, untouched;

	memset(&elf, 0x5a, sizeof(elf));
	memset(&untouched, 0x5a, sizeof(untouched));
	assert_int_equal(kx_elf_parse(file, &elf, &err), code);
	assert_memory_equal(&elf, &untouched, sizeof(elf));
	if (!strstr(err.text, text))
		fail_msg("\"%s\" does not say \"%s\"", err.text, text);
}

/* Runs @test for both classes. */
static void both(void (*test)(struct sample_elf *e))
{
	for (unsigned bits = 32; bits <= 64; bits += 32) {
		struct sample_elf e;

		sample_elf_init(&e, bits);
		test(&e);
	}
}

static void check_fields(struct sample_elf *e)
{
	struct kx_elf elf;
	const struct kx_elf_phdr *ph = &elf.phdrs[1];
	Elf64_Phdr stack = { .p_type = PT_GNU_STACK };

	sample_elf_phdr(e, 0, &stack);
	sample_elf_phdr(e, 1, &load);
	elf = parsed(e);
	assert_int_equal(elf.bits, e->bits);
	assert_int_equal(elf.type, ET_EXEC);
	assert_int_equal(elf.machine, e->bits == 64 ? EM_X86_64 : EM_386);
	assert_int_equal(elf.entry, 0x1000000);
	assert_int_equal(elf.phdr_count, 2);
	assert_int_equal(elf.phdrs[0].type, PT_GNU_STACK);
	assert_int_equal(ph->type, PT_LOAD);
	assert_int_equal(ph->flags, PF_R | PF_X);
	assert_int_equal(ph->offset, SAMPLE_ELF_CONTENT);
	assert_int_equal(ph->vaddr, 0x81000000);
	assert_int_equal(ph->paddr, 0x1000000);
	assert_int_equal(ph->filesz, 0x100);
	assert_int_equal(ph->memsz, 0x2000);
	assert_int_equal(ph->align, 0x1000);
}

static void fields(void **state)
{
	both(check_fields);
}

static void check_no_phdrs(struct sample_elf *e)
{
	/* An object file has none, and then e_phentsize is 0 too. */
	if (e->bits == 64)
		SE_PUT16(e, Elf64_Ehdr, e_phentsize, 0);
	else
		SE_PUT16(e, Elf32_Ehdr, e_phentsize, 0);
	assert_int_equal(parsed(e).phdr_count, 0);
}

static void no_phdrs(void **state)
{
	both(check_no_phdrs);
}

static void check_truncations(struct sample_elf *e)
{
	size_t header = e->bits == 64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	size_t table = e->bits == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	sample_elf_phdr(e, 0, &load);
	for (size_t size = 0; size < SAMPLE_ELF_CONTENT + 0x100; size++) {
		uint8_t *copy = malloc(size ? size : 1);

		memcpy(copy, e->data, size);
		refused(kx_view_of(copy, size), size < 4 ? -ENOEXEC : -EBADMSG,
			size < 4                ? "no ELF magic"
			: size < 16             ? "identification"
			: size < header         ? "the header"
			: size < header + table ? "header table"
						: "truncated");
		free(copy);
		if (size == header + table)
			size = SAMPLE_ELF_CONTENT;
	}
}

static void every_truncation(void **state)
{
	both(check_truncations);
}

static void check_malformed_ident(struct sample_elf *e)
{
	static const struct {
		const char *defect;
		unsigned at;
		uint8_t value;
		int code;
		const char *text;
	} samples[] = {
		{ "no magic", 3, 'f', -ENOEXEC, "no ELF magic" },
		{ "big-endian", EI_DATA, ELFDATA2MSB, -EOPNOTSUPP, "big-endian" },
		{ "no byte order", EI_DATA, 0, -EBADMSG, "byte order" },
		{ "unknown class", EI_CLASS, 3, -EBADMSG, "class" },
		{ "unknown version", EI_VERSION, 2, -EBADMSG, "version" },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(samples); i++) {
		struct sample_elf bad = *e;

		print_message("  %s\n", samples[i].defect);
		bad.data[samples[i].at] = samples[i].value;
		refused(view(&bad), samples[i].code, samples[i].text);
	}
}

static void malformed_ident(void **state)
{
	both(check_malformed_ident);
}

static void check_malformed_header(struct sample_elf *e)
{
	bool wide = e->bits == 64;
	struct sample_elf bad = *e;

	sample_elf_phdr(e, 0, &load);
	bad = *e;
	kx_put_le16(
		bad.data + (wide ? offsetof(Elf64_Ehdr, e_ehsize) : offsetof(Elf32_Ehdr, e_ehsize)),
		60);
	refused(view(&bad), -EBADMSG, "e_ehsize is 0x3c");
	bad = *e;
	kx_put_le16(bad.data + (wide ? offsetof(Elf64_Ehdr, e_phentsize)
				     : offsetof(Elf32_Ehdr, e_phentsize)),
		    40);
	refused(view(&bad), -EBADMSG, "e_phentsize is 0x28");
	bad = *e;
	kx_put_le32(bad.data +
			    (wide ? offsetof(Elf64_Ehdr, e_phoff) : offsetof(Elf32_Ehdr, e_phoff)),
		    SAMPLE_ELF_SIZE - 10);
	refused(view(&bad), -EBADMSG, "program header table");
}

static void malformed_header(void **state)
{
	/* Each size in the place of the other class's. */
	for (unsigned bits = 32; bits <= 64; bits += 32) {
		struct sample_elf e;

		sample_elf_init(&e, bits);
		if (bits == 64)
			check_malformed_header(&e);
		SE_PUT16(&e, Elf32_Ehdr, e_ehsize, 0);
		SE_PUT16(&e, Elf64_Ehdr, e_ehsize, 0);
		refused(view(&e), -EBADMSG, "e_ehsize");
	}
}

static void phoff_highest(void **state)
{
	struct sample_elf e;

	sample_elf_init(&e, 64);
	sample_elf_phdr(&e, 0, &load);
	SE_PUT64(&e, Elf64_Ehdr, e_phoff, UINT64_MAX - 55);
	refused(view(&e), -EBADMSG, "program header table");
}

static void check_counts(struct sample_elf *e)
{
	static const Elf64_Phdr null = { .p_type = PT_NULL };
	struct kx_elf elf;
	struct kx_view desc;
	struct kx_error err;

	for (unsigned i = 0; i < KX_ELF_PHDR_MAX; i++)
		sample_elf_phdr(e, i, &null);
	elf = parsed(e);
	assert_int_equal(elf.phdr_count, KX_ELF_PHDR_MAX);
	assert_int_equal(kx_elf_note(view(e), &elf, "Xen", 18, &desc, &err), -ENOENT);
	sample_elf_set_phnum(e, KX_ELF_PHDR_MAX + 1);
	refused(view(e), -EOPNOTSUPP, "129 program headers, at most 128");
	sample_elf_set_phnum(e, PN_XNUM - 1);
	refused(view(e), -EOPNOTSUPP, "65534");
}

static void many_phdrs(void **state)
{
	both(check_counts);
}

static void check_xnum(struct sample_elf *e)
{
	size_t section = SAMPLE_ELF_CONTENT, info;

	sample_elf_phdr(e, 0, &load);
	sample_elf_phdr(e, 1, &(Elf64_Phdr){ .p_type = PT_NULL });
	sample_elf_set_phnum(e, PN_XNUM);
	if (e->bits == 64) {
		SE_PUT64(e, Elf64_Ehdr, e_shoff, section);
		info = offsetof(Elf64_Shdr, sh_info);
	} else {
		SE_PUT32(e, Elf32_Ehdr, e_shoff, (uint32_t)section);
		info = offsetof(Elf32_Shdr, sh_info);
	}
	kx_put_le32(e->data + section + info, 2);
	assert_int_equal(parsed(e).phdr_count, 2);
	kx_put_le32(e->data + section + info, 0x10000);
	refused(view(e), -EOPNOTSUPP, "65536 program headers");
	refused(kx_view_of(e->data, section + info + 3), -EBADMSG, "section header 0");
	if (e->bits == 64) {
		SE_PUT64(e, Elf64_Ehdr, e_shoff, UINT64_MAX - 10);
		refused(view(e), -EBADMSG, "section header 0");
	}
}

/* More program headers than e_phnum can count. */
static void xnum(void **state)
{
	both(check_xnum);
}

static void check_malformed_phdr(struct sample_elf *e)
{
	uint64_t top = e->bits == 64 ? UINT64_MAX : UINT32_MAX;
	struct {
		const char *defect;
		Elf64_Phdr ph;
		const char *text;
	} samples[] = {
		{ "contents past the end", load, "wants 0x100 bytes" },
		{ "offset past the end", load, "truncated" },
		{ "offset highest", load, "truncated" },
		{ "size highest", load, "truncated" },
		{ "memory smaller than file", load, "p_memsz" },
		{ "virtual addresses overflow", load, "address space" },
		{ "physical addresses overflow", load, "address space" },
		{ "memory highest", load, "address space" },
		{ "align not a power of two", load, "p_align is 0x3000" },
	};

	samples[0].ph.p_offset = SAMPLE_ELF_SIZE - 0xff;
	samples[1].ph.p_offset = SAMPLE_ELF_SIZE + 1;
	samples[2].ph.p_offset = top;
	samples[3].ph.p_filesz = samples[3].ph.p_memsz = top;
	samples[4].ph.p_memsz = 0xff;
	samples[5].ph.p_vaddr = top - 0x1ffe;
	samples[6].ph.p_paddr = top - 0x1ffe;
	samples[7].ph.p_memsz = top;
	samples[8].ph.p_align = 0x3000;
	for (size_t i = 0; i < KX_ARRAY_SIZE(samples); i++) {
		print_message("  %s\n", samples[i].defect);
		sample_elf_phdr(e, 0, &samples[i].ph);
		refused(view(e), -EBADMSG, samples[i].text);
	}
}

static void malformed_phdr(void **state)
{
	both(check_malformed_phdr);
}

static void check_edges(struct sample_elf *e)
{
	uint64_t top = e->bits == 64 ? UINT64_MAX : UINT32_MAX;
	Elf64_Phdr ph = load;

	/* Up to the last byte of the file, and up to the last address. */
	ph.p_offset = SAMPLE_ELF_SIZE - ph.p_filesz;
	ph.p_vaddr = ph.p_paddr = top - ph.p_memsz + 1;
	ph.p_align = 0;
	sample_elf_phdr(e, 0, &ph);
	assert_int_equal(parsed(e).phdr_count, 1);
	/* Nothing is loaded from nowhere to nowhere. */
	ph = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = top, .p_vaddr = top, .p_paddr = top };
	sample_elf_phdr(e, 0, &ph);
	assert_int_equal(parsed(e).phdr_count, 1);
}

static void edges(void **state)
{
	both(check_edges);
}

static void check_overlaps(struct sample_elf *e)
{
	Elf64_Phdr ph = load;

	sample_elf_phdr(e, 0, &load);
	for (int order = 0; order < 2; order++) {
		ph = load;
		ph.p_paddr = load.p_paddr + load.p_memsz;
		sample_elf_phdr(e, (unsigned)order, &load);
		sample_elf_phdr(e, (unsigned)!order, &ph);
		sample_elf_set_phnum(e, 2);
		assert_int_equal(parsed(e).phdr_count, 2);
		ph.p_paddr--;
		sample_elf_phdr(e, (unsigned)!order, &ph);
		sample_elf_set_phnum(e, 2);
		refused(view(e), -EBADMSG, "program headers 0 and 1 load to the same");
	}
	/* What is not loaded, and what takes no room, may lie anywhere. */
	for (unsigned order = 0; order < 2; order++) {
		Elf64_Phdr note = load, empty = load;

		note.p_type = PT_NOTE;
		empty.p_paddr += 8;
		empty.p_filesz = empty.p_memsz = 0;
		sample_elf_phdr(e, order, &load);
		sample_elf_phdr(e, !order, &note);
		sample_elf_set_phnum(e, 2);
		assert_int_equal(parsed(e).phdr_count, 2);
		sample_elf_phdr(e, !order, &empty);
		sample_elf_set_phnum(e, 2);
		assert_int_equal(parsed(e).phdr_count, 2);
	}
	/* The same address. */
	sample_elf_phdr(e, 0, &load);
	sample_elf_phdr(e, 1, &load);
	refused(view(e), -EBADMSG, "load to the same");
}

static void overlaps(void **state)
{
	both(check_overlaps);
}

/* ---- notes ----------------------------------------------------------------------------------- */

static int note(const struct sample_elf *e, const char *name, uint32_t type, struct kx_view *ret)
{
	struct kx_elf elf = parsed(e);
	struct kx_error err = { 0 };
	int r = kx_elf_note(view(e), &elf, name, type, ret, &err);

	if (r)
		assert_true(err.text[0]);
	return r;
}

static void check_notes(struct sample_elf *e)
{
	for (uint64_t align = 4; align <= 8; align += 4) {
		Elf64_Phdr ph = { .p_type = PT_NOTE,
				  .p_offset = SAMPLE_ELF_CONTENT,
				  .p_align = align };
		struct kx_view desc = { 0 };
		size_t at = SAMPLE_ELF_CONTENT;

		at = sample_elf_note(e, at, "GNU", 3, "build", 5, align);
		at = sample_elf_note(e, at, "Xen", 18, "\1\2\3\4", 4, align);
		at = sample_elf_note(e, at, "Xen", 18, "second", 6, align);
		at = sample_elf_note(e, at, "Xen", 19, "", 0, align);
		ph.p_filesz = at - SAMPLE_ELF_CONTENT;
		sample_elf_phdr(e, 0, &load);
		/* An empty note segment before the one. */
		sample_elf_phdr(e, 1, &(Elf64_Phdr){ .p_type = PT_NOTE });
		sample_elf_phdr(e, 2, &ph);
		assert_int_equal(note(e, "Xen", 18, &desc), 0);
		assert_int_equal(desc.size, 4);
		assert_memory_equal(desc.data, "\1\2\3\4", 4);
		assert_int_equal(note(e, "GNU", 3, &desc), 0);
		assert_memory_equal(desc.data, "build", 5);
		assert_int_equal(note(e, "Xen", 19, &desc), 0);
		assert_int_equal(desc.size, 0);
		assert_int_equal(note(e, "Xen", 3, &desc), -ENOENT);
		assert_int_equal(note(e, "Xe", 18, &desc), -ENOENT);
		assert_int_equal(note(e, "Xenon", 18, &desc), -ENOENT);
	}
}

static void notes(void **state)
{
	both(check_notes);
}

static void check_note_defects(struct sample_elf *e)
{
	Elf64_Phdr ph = { .p_type = PT_NOTE, .p_offset = SAMPLE_ELF_CONTENT, .p_align = 4 };
	struct kx_view desc = { 0 };
	size_t end = sample_elf_note(e, SAMPLE_ELF_CONTENT, "Xen", 18, "12345", 5, 4);
	uint64_t whole = end - SAMPLE_ELF_CONTENT;

	/* The last note may go without its padding. */
	for (ph.p_filesz = 1; ph.p_filesz <= whole; ph.p_filesz++) {
		sample_elf_phdr(e, 0, &ph);
		assert_int_equal(note(e, "Xen", 18, &desc), ph.p_filesz < whole - 3 ? -EBADMSG : 0);
		assert_int_equal(note(e, "Xen", 1, &desc),
				 ph.p_filesz < whole - 3 ? -EBADMSG : -ENOENT);
	}
	kx_put_le32(e->data + SAMPLE_ELF_CONTENT, UINT32_MAX);
	assert_int_equal(note(e, "Xen", 18, &desc), -EBADMSG);
	kx_put_le32(e->data + SAMPLE_ELF_CONTENT, 4);
	kx_put_le32(e->data + SAMPLE_ELF_CONTENT + 4, UINT32_MAX);
	assert_int_equal(note(e, "Xen", 18, &desc), -EBADMSG);
}

static void note_defects(void **state)
{
	both(check_note_defects);
}

/* The header was read from one file and is used on a shorter one. */
static void note_of_another_file(void **state)
{
	Elf64_Phdr ph = { .p_type = PT_NOTE, .p_offset = SAMPLE_ELF_CONTENT, .p_filesz = 20 };
	struct kx_error err = { 0 };
	struct kx_view desc;
	struct sample_elf e;
	struct kx_elf elf;

	sample_elf_init(&e, 64);
	sample_elf_phdr(&e, 0, &ph);
	elf = parsed(&e);
	assert_int_equal(kx_elf_note(kx_view_of(e.data, SAMPLE_ELF_CONTENT + 19), &elf, "Xen", 18,
				     &desc, &err),
			 -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),           cmocka_unit_test(no_phdrs),
		cmocka_unit_test(every_truncation), cmocka_unit_test(malformed_ident),
		cmocka_unit_test(malformed_header), cmocka_unit_test(phoff_highest),
		cmocka_unit_test(many_phdrs),       cmocka_unit_test(xnum),
		cmocka_unit_test(malformed_phdr),   cmocka_unit_test(edges),
		cmocka_unit_test(overlaps),         cmocka_unit_test(notes),
		cmocka_unit_test(note_defects),     cmocka_unit_test(note_of_another_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
