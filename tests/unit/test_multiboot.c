// SPDX-License-Identifier: GPL-2.0-or-later
/* Multiboot 1 and 2: headers, and the information that a plan gives. */
#include "fixture_plan.h"

#include "abi/handoff.h"
#include "base/overflow.h"
#include "format/multiboot.h"
#include "sample_elf.h"
#include "sample_multiboot.h"

static struct sample_elf elf;

#define HEADER_AT (SAMPLE_MULTIBOOT_AT)

static struct kx_view view(size_t size)
{
	return kx_view_of(elf.data, size);
}

typedef int parser(struct kx_view file, struct kx_multiboot *ret, struct kx_error *err);

static void expect(parser *parse, struct kx_view file, int code, const char *word)
{
	struct kx_multiboot header;
	struct kx_error err = { 0 };
	int r = parse(file, &header, &err);

	if (r != code)
		fail_msg("%d, not %d: %s", r, code, err.text);
	assert_says(err.text, word);
}

/* ---- headers --------------------------------------------------------------------------------- */

static void header1_is_found_where_it_may_be(void **state)
{
	static const size_t places[] = { 0, 4, 8180 };
	struct kx_multiboot header;
	struct kx_error err;
	uint8_t file[8300];

	for (size_t i = 0; i < 3; i++) {
		memset(file, 0, sizeof(file));
		sample_multiboot1(file + places[i], 0);
		assert_int_equal(kx_multiboot_parse(kx_view_of(file, sizeof(file)), &header, &err),
				 0);
		assert_int_equal(header.offset, places[i]);
		assert_false(header.has_addresses);
		assert_false(header.has_entry);
	}
	memset(file, 0, sizeof(file));
	sample_multiboot1(file + 8184, 0);
	expect(kx_multiboot_parse, kx_view_of(file, sizeof(file)), -ENOEXEC, "first 8192 bytes");
	memset(file, 0, sizeof(file));
	sample_multiboot1(file + 2, 0);
	expect(kx_multiboot_parse, kx_view_of(file, sizeof(file)), -ENOEXEC, "no multiboot header");
	sample_multiboot1(file, 0);
	file[8]++;
	expect(kx_multiboot_parse, kx_view_of(file, 12), -ENOEXEC, "no multiboot header");
	expect(kx_multiboot_parse, kx_view_of(file, 0), -ENOEXEC, "no multiboot header");
}

static void header1_demands(void **state)
{
	uint8_t file[64] = { 0 };

	sample_multiboot1(file, 7);
	expect(kx_multiboot_parse, kx_view_of(file, 64), 0, "");
	sample_multiboot1(file, 8);
	expect(kx_multiboot_parse, kx_view_of(file, 64), -EOPNOTSUPP, "demands features 0x8");
	sample_multiboot1(file, 1u << 31);
	expect(kx_multiboot_parse, kx_view_of(file, 64), 0, "");
	sample_multiboot1(file, 1 << 16);
	expect(kx_multiboot_parse, kx_view_of(file, 32), 0, "");
	expect(kx_multiboot_parse, kx_view_of(file, 31), -EBADMSG, "its addresses are missing");
}

static void header2_is_found_where_it_may_be(void **state)
{
	static uint8_t file[33000];

	sample_multiboot2_begin(file + 32752);
	sample_multiboot2_end(file + 32752, 0);
	expect(kx_multiboot2_parse, kx_view_of(file, sizeof(file)), 0, "");
	expect(kx_multiboot2_parse, kx_view_of(file, 32760), -ENOEXEC, "no multiboot2 header");
	memset(file, 0, sizeof(file));
	sample_multiboot2_begin(file + 4);
	sample_multiboot2_end(file + 4, 0);
	expect(kx_multiboot2_parse, kx_view_of(file, sizeof(file)), -ENOEXEC, "first 32768 bytes");
}

static void header2_defects(void **state)
{
	uint8_t file[128] = { 0 };
	struct kx_multiboot header;
	struct kx_error err;
	size_t at;

	sample_multiboot2_begin(file);
	sample_multiboot2_end(file, 0);
	kx_put_le32(file + 4, 4);
	kx_put_le32(file + 12, kx_le32(file + 12) - 4);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), -EOPNOTSUPP, "architecture 4, need 0");

	sample_multiboot2_begin(file);
	sample_multiboot2_end(file, 128);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), -EBADMSG, "144 bytes do not fit at 0");

	/* A tag that is smaller than its own header, and one larger than the rest. */
	memset(file, 0, sizeof(file));
	at = sample_multiboot2_begin(file);
	kx_put_le16(file + at, 4);
	kx_put_le32(file + at + 4, 7);
	sample_multiboot2_end(file, 16);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), -EBADMSG, "tag 4 does not fit");
	kx_put_le32(file + at + 4, 17);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), -EBADMSG, "tag 4 does not fit");
	kx_put_le32(file + at + 4, 16);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), 0, "");

	/* Tags too short for what they say. */
	kx_put_le16(file + at, 2);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), -EBADMSG, "tag 2 is too short");
	kx_put_le16(file + at, 3);
	kx_put_le32(file + at + 4, 8);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), -EBADMSG, "tag 3 is too short");

	/* What is demanded, and what would only be nice. */
	kx_put_le32(file + at + 4, 16);
	kx_put_le16(file + at, 99);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), -EOPNOTSUPP, "unknown feature 99");
	kx_put_le16(file + at + 2, 1);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), 0, "");
	kx_put_le16(file + at, 1);
	kx_put_le32(file + at + 8, 6);
	kx_put_le32(file + at + 12, 12);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), 0, "");
	kx_put_le16(file + at + 2, 0);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), -EOPNOTSUPP, "information of type 12");
	kx_put_le32(file + at + 12, 40);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), -EOPNOTSUPP, "information of type 40");
	kx_put_le32(file + at + 12, 14);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), 0, "");
	kx_put_le32(file + at + 12, 8);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), 0, "");

	/* A place to be, which is none. */
	kx_put_le16(file + at, 10);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), -EBADMSG, "tag 10 is too short");
	kx_put_le32(file + at + 4, 24);
	sample_multiboot2_end(file, 24);
	kx_put_le32(file + at + 8, 0x200000);
	kx_put_le32(file + at + 12, 0x1fffff);
	kx_put_le32(file + at + 16, 4096);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), -EBADMSG, "tag 10 says what cannot be");
	kx_put_le32(file + at + 12, UINT32_MAX);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), 0, "");
	kx_put_le32(file + at + 16, 0);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), -EBADMSG, "tag 10 says what cannot be");
	kx_put_le32(file + at + 16, 4097);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), -EBADMSG, "tag 10 says what cannot be");
	kx_put_le32(file + at + 4, 8);
	sample_multiboot2_end(file, 8);
	kx_put_le16(file + at, 4);
	expect(kx_multiboot2_parse, kx_view_of(file, 128), -EBADMSG, "tag 4 is too short");

	sample_multiboot2_end(file, 16);
	kx_put_le32(file + at + 4, 16);
	kx_put_le16(file + at, 7);
	assert_int_equal(kx_multiboot2_parse(kx_view_of(file, 128), &header, &err), 0);
	assert_true(header.needs_efi);
	kx_put_le16(file + at + 2, 1);
	assert_int_equal(kx_multiboot2_parse(kx_view_of(file, 128), &header, &err), 0);
	assert_false(header.needs_efi);
}

/* ---- kernels --------------------------------------------------------------------------------- */

/* An ELF file with one segment at 1 MiB + 64 KiB, and a header of either version. */
static void sample(struct fixture *f, unsigned version)
{
	sample_elf_init(&elf, 32);
	sample_elf_phdr(&elf, 0,
			&(Elf64_Phdr){ .p_type = PT_LOAD,
				       .p_offset = SAMPLE_ELF_CONTENT,
				       .p_vaddr = 0xc0110000,
				       .p_paddr = 0x110000,
				       .p_filesz = 256,
				       .p_memsz = 8192 });
	SE_PUT32(&elf, Elf32_Ehdr, e_entry, 0xc0110020);
	if (version == 1) {
		sample_multiboot1(elf.data + HEADER_AT, 3);
	} else {
		sample_multiboot2_begin(elf.data + HEADER_AT);
		sample_multiboot2_end(elf.data + HEADER_AT, 0);
	}
	f->request.kernel = add_source(f, "/boot/mach", elf.data, sizeof(elf.data));
}

static const struct kx_handoff *handoff(const struct fixture *f)
{
	return f->plan->handoff;
}

/* The bytes at a physical address of the information block. */
static const uint8_t *at(const struct fixture *f, uint32_t address)
{
	const struct kx_segment *s = segment(f, "boot info");

	assert_in_range(address, s->dest, s->dest + s->bufsz - 1);
	return (const uint8_t *)s->buf + (address - s->dest);
}

static const char *text(const struct fixture *f, uint32_t address)
{
	return (const char *)at(f, address);
}

static struct kx_module modules[2];

static void add_modules(struct fixture *f)
{
	modules[0] = (struct kx_module){ add_source(f, "/boot/one", "ONE", 3), "with args" };
	modules[1] = (struct kx_module){ add_source(f, "/boot/two", "SECOND", 6), NULL };
	f->request.modules = modules;
	f->request.module_count = 2;
}

static void information1_is_complete(void **state)
{
	struct fixture *f = *state;
	const uint8_t *info, *p;

	sample(f, 1);
	add_modules(f);
	f->request.cmdline = "root=x";
	f->machine.m.fb_name = (char *)(uintptr_t) "native";
	assert_made(f);
	assert_string_equal(kx_plan_format(f->plan), "multiboot-x86");
	assert_int_equal(handoff(f)->mode, KX_MODE_32);
	assert_int_equal(handoff(f)->entry, 0x110020);
	assert_int_equal(handoff(f)->regs.ax, 0x2badb002);
	assert_int_equal(handoff(f)->regs.bx, segment(f, "boot info")->dest);
	assert_int_equal(kx_plan_segment(f->plan, 0)->dest, 0x110000);
	info = segment(f, "boot info")->buf;
	assert_int_equal(kx_le32(info), 1 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9);
	assert_int_equal(kx_le32(info + 4), 640);
	assert_int_equal(kx_le32(info + 8), (GIB - 2 * MIB - MIB) >> 10);
	assert_string_equal(text(f, kx_le32(info + 16)), "/boot/mach root=x");
	assert_string_equal(text(f, kx_le32(info + 64)), "kexec-next " KX_VERSION);
	assert_int_equal(kx_le32(info + 20), 2);
	p = at(f, kx_le32(info + 24));
	assert_int_equal(kx_le32(p), segment(f, "module")->dest);
	assert_int_equal(kx_le32(p + 4), segment(f, "module")->dest + 3);
	assert_string_equal(text(f, kx_le32(p + 8)), "/boot/one with args");
	assert_int_equal(kx_le32(p + 20) - kx_le32(p + 16), 6);
	assert_string_equal(text(f, kx_le32(p + 24)), "/boot/two");
	assert_int_equal(kx_le32(info + 44), 24 * f->plan->memmap.count);
	p = at(f, kx_le32(info + 48));
	for (size_t i = 0; i < f->plan->memmap.count; i++, p += 24) {
		const struct kx_mem *mem = &f->plan->memmap.v[i];

		assert_int_equal(kx_le32(p), 20);
		assert_int_equal(kx_le64(p + 4), mem->start);
		assert_int_equal(kx_le64(p + 12), mem->end - mem->start);
		assert_int_equal(kx_le32(p + 20), kx_multiboot_mem_type(mem->type));
	}
}

/* Tag @type of version 2's information; NULL if it is not there. */
static const uint8_t *tag(const struct fixture *f, uint32_t type)
{
	const struct kx_segment *s = segment(f, "boot info");
	const uint8_t *info = s->buf;

	assert_int_equal(kx_le32(info), s->bufsz);
	for (size_t i = 8; i < s->bufsz; i += kx_align_up(kx_le32(info + i + 4), 8)) {
		assert_true(kx_le32(info + i + 4) >= 8);
		if (kx_le32(info + i) == type)
			return info + i;
	}
	return NULL;
}

static void information2_is_complete(void **state)
{
	struct fixture *f = *state;
	const struct kx_segment *s;
	const uint8_t *p;

	sample(f, 2);
	add_modules(f);
	f->request.cmdline = "root=x";
	assert_made(f);
	assert_string_equal(kx_plan_format(f->plan), "multiboot2-x86");
	assert_int_equal(handoff(f)->regs.ax, 0x36d76289);
	s = segment(f, "boot info");
	assert_int_equal(handoff(f)->regs.bx, s->dest);
	assert_int_equal(s->dest % 8, 0);
	assert_string_equal((const char *)tag(f, 1) + 8, "/boot/mach root=x");
	assert_string_equal((const char *)tag(f, 2) + 8, "kexec-next " KX_VERSION);
	p = tag(f, 3);
	assert_int_equal(kx_le32(p + 8), segment(f, "module")->dest);
	assert_int_equal(kx_le32(p + 12) - kx_le32(p + 8), 3);
	assert_string_equal((const char *)p + 16, "/boot/one with args");
	p += kx_align_up(kx_le32(p + 4), 8);
	assert_int_equal(kx_le32(p), 3);
	assert_string_equal((const char *)p + 16, "/boot/two");
	assert_int_equal(kx_le32(tag(f, 4) + 8), 640);
	p = tag(f, 6);
	assert_int_equal(kx_le32(p + 4), 16 + 24 * f->plan->memmap.count);
	assert_int_equal(kx_le32(p + 8), 24);
	assert_int_equal(kx_le32(p + 12), 0);
	assert_int_equal(kx_le64(p + 16), f->plan->memmap.v[0].start);
	assert_int_equal(kx_le32(p + 32), 1);
	assert_null(tag(f, 13));
	/* Room for what purgatory makes of the RSDP; until then all of it ends the information. */
	p = tag(f, 0);
	assert_int_equal(handoff(f)->rsdp_tags, s->dest + (uint64_t)(p - (const uint8_t *)s->buf));
	assert_int_equal(handoff(f)->rsdp, f->machine.m.acpi_rsdp);
	assert_int_equal(handoff(f)->ebda, 0);
	for (size_t i = 0; i < 11; i++, p += 8)
		assert_memory_equal(p, "\0\0\0\0\x08\0\0\0", 8);
	assert_int_equal(p - (const uint8_t *)s->buf, s->bufsz);
}

static void smbios_and_where_acpi_begins(void **state)
{
	struct fixture *f = *state;
	bool mapped = false;
	uint8_t tables[] = "tables";

	f->machine.m.smbios =
		(struct kx_smbios){ .major = 3, .minor = 1, .tables = tables, .size = 6 };
	f->machine.m.acpi_rsdp = UINT64_C(0x17ffff014);
	sample(f, 2);
	assert_made(f);
	assert_int_equal(kx_le32(tag(f, 13) + 4), 22);
	assert_memory_equal(tag(f, 13) + 8, "\3\1\0\0\0\0\0\0tables", 14);
	assert_int_equal(handoff(f)->rsdp, 0x17ffff014);
	for (uint32_t i = 0; i < handoff(f)->map_count; i++)
		mapped |=
			handoff(f)->maps[i].start == 0x17ffff014 && handoff(f)->maps[i].size == 36;
	assert_true(mapped);
	/* Version 1 has no place for it. */
	sample(f, 1);
	assert_made(f);
	assert_int_equal(handoff(f)->rsdp, 0);
	assert_int_equal(handoff(f)->rsdp_tags, 0);
}

static void framebuffer_is_given_while_it_is_true(void **state)
{
	struct fixture *f = *state;
	uint8_t *si = f->machine.boot_params;

	memset(si, 0, 64);
	si[0x0f] = 0x23;
	kx_put_le16(si + 0x12, 1024);
	kx_put_le16(si + 0x14, 768);
	kx_put_le16(si + 0x16, 32);
	kx_put_le32(si + 0x18, 0xfd000000);
	kx_put_le16(si + 0x24, 4096);
	memcpy(si + 0x26, "\x08\x10\x08\x08\x08\x00", 6);
	kx_put_le32(si + 0x36, 2);
	kx_put_le32(si + 0x3a, 1);
	f->machine.m.fb_name = (char *)(uintptr_t) "VESA VGA";
	f->machine.m.firmware_fb = KX_YES;
	sample(f, 2);
	assert_made(f);
	assert_int_equal(kx_le32(tag(f, 8) + 4), 38);
	assert_int_equal(kx_le64(tag(f, 8) + 8), 0x1fd000000);
	assert_int_equal(kx_le32(tag(f, 8) + 16), 4096);
	assert_memory_equal(tag(f, 8) + 28, "\x20\x01\0\0\x10\x08\x08\x08\x00\x08", 10);
	sample(f, 1);
	assert_made(f);
	assert_true(kx_le32(segment(f, "boot info")->buf) & 1 << 12);
	assert_memory_equal((const uint8_t *)segment(f, "boot info")->buf + 108,
			    "\x20\x01\x10\x08\x08\x08\x00\x08", 8);

	/* Eight bits are an index, not three colours; and without the capability there is no upper half. */
	kx_put_le16(si + 0x16, 8);
	kx_put_le32(si + 0x36, 0);
	assert_made(f);
	assert_memory_equal((const uint8_t *)segment(f, "boot info")->buf + 108,
			    "\x08\0\0\0\0\0\0\0", 8);
	sample(f, 2);
	assert_made(f);
	assert_int_equal(kx_le64(tag(f, 8) + 8), 0xfd000000);
	assert_memory_equal(tag(f, 8) + 28, "\x08\0\0\0\0\0\0\0\0\0", 10);
	sample(f, 1);

	f->machine.m.firmware_fb = KX_NO;
	assert_made(f);
	assert_false(kx_le32(segment(f, "boot info")->buf) & 1 << 12);
	assert_int_equal(kx_plan_warning_count(f->plan), 0);
	kx_put_le32(elf.data + HEADER_AT + 4, 4);
	kx_put_le32(elf.data + HEADER_AT + 8, -(0x1badb002 + 4u));
	assert_made(f);
	assert_says(kx_plan_warning(f->plan, 0), "asks for a screen");
	f->machine.m.firmware_fb = KX_YES;
	assert_made(f);
	assert_int_equal(kx_plan_warning_count(f->plan), 0);

	f->machine.m.fb_name = NULL;
	si[0x0f] = 1;
	si[0x07] = 80;
	si[0x0e] = 25;
	sample(f, 2);
	assert_made(f);
	assert_int_equal(kx_le64(tag(f, 8) + 8), 0xb8000);
	assert_int_equal(kx_le32(tag(f, 8) + 16), 160);
	assert_int_equal(tag(f, 8)[29], 2);
	si[0x0f] = 2;
	assert_made(f);
	assert_null(tag(f, 8));
}

/* The sample for version 2 with one tag in its header; returns where the tag's content goes. */
static uint8_t *sample_with_tag(struct fixture *f, uint16_t type, uint32_t size)
{
	uint8_t *tag_at = elf.data + HEADER_AT;

	sample(f, 2);
	tag_at += sample_multiboot2_begin(tag_at);
	kx_put_le16(tag_at, type);
	kx_put_le32(tag_at + 4, 8 + size);
	sample_multiboot2_end(elf.data + HEADER_AT, 8 + size);
	return tag_at + 8;
}

static void addresses_come_before_elf(void **state)
{
	struct fixture *f = *state;
	const struct kx_segment *s;
	uint8_t *header = elf.data + HEADER_AT;

	sample(f, 1);
	sample_multiboot1(header, 1 << 16);
	kx_put_le32(header + 12, 0x200010); /* header_addr: 16 bytes into what is loaded */
	kx_put_le32(header + 16, 0x200000);
	kx_put_le32(header + 20, 0x200100);
	kx_put_le32(header + 24, 0x203000);
	kx_put_le32(header + 28, 0x200040);
	assert_made(f);
	s = kx_plan_segment(f->plan, 0);
	assert_int_equal(s->dest, 0x200000);
	assert_int_equal(s->bufsz, 0x100);
	assert_int_equal(s->memsz, 0x3000);
	assert_ptr_equal(s->buf, header - 16);
	assert_int_equal(handoff(f)->entry, 0x200040);
	/* 0: to the end of the file; and no bss. */
	kx_put_le32(header + 20, 0);
	kx_put_le32(header + 24, 0);
	assert_made(f);
	assert_int_equal(kx_plan_segment(f->plan, 0)->bufsz, sizeof(elf.data) - (HEADER_AT - 16));

	kx_put_le32(header + 20, 0x200000 + sizeof(elf.data) - (HEADER_AT - 16) + 1);
	assert_refused(f, -EBADMSG, "truncated multiboot kernel");
	kx_put_le32(header + 20, 0x200000);
	assert_refused(f, -EBADMSG, "load_end_addr 0x200000 is not above");
	kx_put_le32(header + 20, 0x200100);
	kx_put_le32(header + 12, 0x1fffff);
	assert_refused(f, -EBADMSG, "do not fit a header");
	kx_put_le32(header + 12, 0x200000 + HEADER_AT + 1);
	assert_refused(f, -EBADMSG, "do not fit a header");
	kx_put_le32(header + 12, 0xfffff010);
	kx_put_le32(header + 16, 0xfffff000);
	kx_put_le32(header + 20, 0);
	assert_refused(f, -EBADMSG, "ends above 4 GiB");
}

static void address_tag_may_mean_the_whole_file(void **state)
{
	struct fixture *f = *state;
	uint8_t *to, *entry = elf.data + HEADER_AT + 16 + 24;

	/* header_addr, load_addr -1, load_end_addr, bss_end_addr; then a tag with the entry. */
	to = sample_with_tag(f, 2, 16);
	kx_put_le16(entry, 3);
	kx_put_le32(entry + 4, 12);
	kx_put_le32(entry + 8, 0x200040);
	sample_multiboot2_end(elf.data + HEADER_AT, 24 + 16);
	kx_put_le32(to, 0x200000 + HEADER_AT);
	kx_put_le32(to + 4, UINT32_MAX);
	assert_made(f);
	assert_int_equal(kx_plan_segment(f->plan, 0)->dest, 0x200000);
	assert_ptr_equal(kx_plan_segment(f->plan, 0)->buf, elf.data);
	assert_int_equal(kx_plan_segment(f->plan, 0)->bufsz, sizeof(elf.data));
	/* It would begin below address 0. */
	kx_put_le32(to, HEADER_AT - 1);
	assert_refused(f, -EBADMSG, "do not fit a header");
}

static void entry_tag_comes_before_elf(void **state)
{
	struct fixture *f = *state;
	uint8_t *header = elf.data + HEADER_AT;
	size_t tag_at;

	sample(f, 2);
	tag_at = sample_multiboot2_begin(header);
	kx_put_le16(header + tag_at, 3);
	kx_put_le32(header + tag_at + 4, 12);
	kx_put_le32(header + tag_at + 8, 0x110080);
	sample_multiboot2_end(header, 16);
	assert_made(f);
	assert_int_equal(handoff(f)->entry, 0x110080);
	/* Addresses alone do not tell where to enter. */
	kx_put_le16(header + tag_at, 2);
	kx_put_le32(header + tag_at + 4, 24);
	sample_multiboot2_end(header, 24);
	assert_refused(f, -EBADMSG, "no entry address");
}

static void relocatable(struct fixture *f, uint32_t min, uint32_t max, uint32_t preference)
{
	uint8_t *to = sample_with_tag(f, 10, 16);

	kx_put_le32(to, min);
	kx_put_le32(to + 4, max);
	kx_put_le32(to + 8, 0x200000);
	kx_put_le32(to + 12, preference);
}

static void relocatable_kernel_goes_where_there_is_room(void **state)
{
	struct fixture *f = *state;

	/* Where it says is free, so it stays. */
	relocatable(f, 0x100000, UINT32_MAX, 2);
	assert_made(f);
	assert_int_equal(kx_plan_segment(f->plan, 0)->dest, 0x110000);
	assert_int_equal(kx_le32(tag(f, 21) + 8), 0x110000);
	/* Above the least, at the lowest, then at the highest multiple of its alignment. */
	relocatable(f, 0x210000, UINT32_MAX, 1);
	assert_made(f);
	assert_int_equal(kx_plan_segment(f->plan, 0)->dest, 0x400000);
	assert_int_equal(handoff(f)->entry, 0x400020);
	assert_int_equal(kx_le32(tag(f, 21) + 8), 0x400000);
	relocatable(f, 0x210000, 0xbfffff, 2);
	assert_made(f);
	assert_int_equal(kx_plan_segment(f->plan, 0)->dest, 0xa00000);
	relocatable(f, 0x210000, 0x210fff, 1);
	assert_refused(f, -ENOSPC, "up and below 0x211000 at");
	/* The tag says how it is aligned, not the ELF file. */
	relocatable(f, 0x210000, UINT32_MAX, 1);
	kx_put_le32(elf.data + sizeof(Elf32_Ehdr) + offsetof(Elf32_Phdr, p_align), 0x800000);
	assert_made(f);
	assert_int_equal(kx_plan_segment(f->plan, 0)->dest, 0x400000);
	assert_int_equal(kx_le32(tag(f, 21) + 8), 0x400000);
	/* Without the tag it is where it says, and not told. */
	sample(f, 2);
	assert_made(f);
	assert_null(tag(f, 21));
}

static void demands_that_this_machine_does_not_meet(void **state)
{
	struct fixture *f = *state;
	uint8_t tables[] = "tables";
	uint8_t *to;

	to = sample_with_tag(f, 1, 8);
	kx_put_le32(to, 6);
	kx_put_le32(to + 4, 13);
	assert_refused(f, -EOPNOTSUPP, "needs SMBIOS tables");
	f->machine.m.smbios = (struct kx_smbios){ .tables = tables, .size = 6 };
	assert_made(f);

	for (uint32_t type = 14; type <= 15; type++) {
		kx_put_le32(to + 4, type);
		assert_made(f);
		f->machine.m.efi.present = true;
		f->machine.m.acpi_rsdp = 0;
		assert_refused(f, -EOPNOTSUPP, "needs a copy of ACPI's pointer");
		f->machine.m.acpi_rsdp = 0x3fb7d014;
		assert_made(f);
		f->machine.m.efi.present = false;
	}

	f->machine.m.fb_name = (char *)(uintptr_t) "native";
	kx_put_le32(to + 4, 8);
	assert_refused(f, -EOPNOTSUPP, "needs the screen as firmware left it");
	to = sample_with_tag(f, 4, 4);
	kx_put_le32(to, 2);
	sample_multiboot2_end(elf.data + HEADER_AT, 16);
	assert_made(f);
	kx_put_le32(to, 3);
	assert_refused(f, -EOPNOTSUPP, "needs the screen as firmware left it");
	kx_put_le16(to - 6, 1); /* optional */
	assert_made(f);
}

static void acpi_is_found_without_a_bios(void **state)
{
	struct fixture *f = *state;
	const struct kx_memmap *map;
	bool reserved = false;
	uint64_t ebda;

	f->machine.m.acpi_rsdp = 0x3fb7d014;
	for (unsigned version = 1; version <= 2; version++) {
		f->machine.m.efi.present = false;
		sample(f, version);
		assert_made(f);
		assert_int_equal(handoff(f)->ebda, 0);
		f->machine.m.efi.present = true;
		assert_made(f);
		ebda = handoff(f)->ebda;
		assert_in_range(ebda, 0x40000, 0x9f000); /* as Xen wants it */
		assert_says(kx_plan_warning(f->plan, 0), "calls the BIOS");
		assert_int_equal(segment(f, "ebda")->dest, ebda);
		assert_int_equal(handoff(f)->rsdp, 0x3fb7d014);
	}
	assert_int_equal(kx_le32(tag(f, 4) + 8), ebda >> 10);
	map = &f->plan->memmap;
	for (size_t i = 0; i < map->count; i++) {
		reserved |= map->v[i].start == ebda && map->v[i].type == KX_MEM_RESERVED;
		assert_true(map->v[i].type != KX_MEM_RAM || map->v[i].end <= ebda ||
			    map->v[i].start >= ebda + KX_PAGE_SIZE);
	}
	assert_true(reserved);
	f->machine.m.acpi_rsdp = 0;
	assert_made(f);
	assert_int_equal(handoff(f)->ebda, 0);

	/* Below 0x40000 and the 64 KiB that its start needs, Xen would not look. */
	f->machine.m.acpi_rsdp = 0x3fb7d014;
	f->machine.iomem[1].end = 0x50000;
	assert_refused(f, -ENOSPC, "ACPI's pointer");
}

static void make_xen(struct fixture *f, const char *cmdline, const char *dom0)
{
	sample(f, 2);
	add_modules(f);
	memcpy(elf.data + SAMPLE_ELF_CONTENT + 64, "Xen version %d.%d%s", 19);
	modules[0].args = dom0;
	f->request.cmdline = cmdline;
	assert_made(f);
}

static void xen_is_told_that_there_is_no_bios(void **state)
{
	struct fixture *f = *state;

	f->machine.m.acpi_rsdp = 0x3fb7d014;
	make_xen(f, "com1=1", "quiet");
	assert_string_equal(kx_plan_cmdline(f->plan), "com1=1");
	assert_string_equal((const char *)tag(f, 3) + 16, "/boot/one quiet");
	f->machine.m.efi.present = true;
	make_xen(f, "com1=1", "quiet");
	assert_string_equal(kx_plan_cmdline(f->plan), "no-real-mode com1=1");
	assert_string_equal((const char *)tag(f, 1) + 8, "/boot/mach no-real-mode com1=1");
	assert_string_equal((const char *)tag(f, 3) + 16, "/boot/one acpi_rsdp=0x3fb7d014 quiet");
	assert_says(segment(f, "module")->why, "told where ACPI's tables begin");
	make_xen(f, NULL, NULL);
	assert_string_equal(kx_plan_cmdline(f->plan), "no-real-mode");
	assert_string_equal((const char *)tag(f, 3) + 16, "/boot/one acpi_rsdp=0x3fb7d014");
	make_xen(f, "x no-real-mode", "acpi_rsdp=1");
	assert_string_equal(kx_plan_cmdline(f->plan), "x no-real-mode");
	assert_string_equal((const char *)tag(f, 3) + 16, "/boot/one acpi_rsdp=1");
	f->request.module_count = 0;
	assert_made(f);
	f->machine.m.acpi_rsdp = 0;
	assert_refused(f, -EOPNOTSUPP, "Xen without a BIOS must be told where ACPI's tables begin");
	f->machine.m.efi.present = false;
	assert_made(f);
}

static void what_cannot_be_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct kx_source *initrds[] = { add_source(f, "initrd", "INITRD", 6) };
	uint8_t *header = elf.data + HEADER_AT;
	size_t tag_at;

	sample(f, 1);
	f->request.initrds = initrds;
	f->request.initrd_count = 1;
	assert_refused(f, -EOPNOTSUPP, "give it by --module");
	f->request.initrd_count = 0;
	elf.data[0] = 0;
	assert_refused(f, -EBADMSG, "neither addresses in its header nor an ELF file");
	f->request.method = KX_METHOD_FILE_LOAD;
	sample(f, 1);
	assert_refused(f, -EPERM, "takes no multiboot kernel");
	f->request.method = KX_METHOD_AUTO;

	sample(f, 2);
	tag_at = sample_multiboot2_begin(header);
	kx_put_le16(header + tag_at, 7);
	kx_put_le32(header + tag_at + 4, 8);
	sample_multiboot2_end(header, 8);
	assert_made(f);
	f->machine.m.efi.present = true;
	assert_refused(f, -EOPNOTSUPP, "needs EFI boot services");
	f->machine.m.efi.present = false;

	/* A 64-bit file may say what a 32-bit entry cannot reach. */
	sample_elf_init(&elf, 64);
	sample_elf_phdr(&elf, 0,
			&(Elf64_Phdr){ .p_type = PT_LOAD,
				       .p_offset = SAMPLE_ELF_CONTENT,
				       .p_vaddr = 4 * GIB,
				       .p_paddr = 4 * GIB,
				       .p_filesz = 256,
				       .p_memsz = 256 });
	SE_PUT64(&elf, Elf64_Ehdr, e_entry, 4 * GIB);
	sample_multiboot1(header, 0);
	assert_refused(f, -EBADMSG, "entry above 4 GiB");
}

static void elf_without_a_header_is_plain(void **state)
{
	struct fixture *f = *state;

	sample(f, 1);
	elf.data[HEADER_AT]++;
	assert_made(f);
	assert_string_equal(kx_plan_format(f->plan), "elf-x86");
	/* Of two headers the later version counts; the other can be asked for. */
	sample(f, 1);
	sample_multiboot2_begin(elf.data + HEADER_AT + 64);
	sample_multiboot2_end(elf.data + HEADER_AT + 64, 0);
	assert_made(f);
	assert_string_equal(kx_plan_format(f->plan), "multiboot2-x86");
	f->request.type = "multiboot-x86";
	assert_made(f);
	assert_string_equal(kx_plan_format(f->plan), "multiboot-x86");
	assert_int_equal(kx_view_of(NULL, 0).size, view(0).size);
}

static void memory_types_and_sizes(void **state)
{
	struct kx_memmap map = { 0 };
	uint32_t lower, upper;

	assert_int_equal(kx_multiboot_mem_type(KX_MEM_RAM), 1);
	assert_int_equal(kx_multiboot_mem_type(KX_MEM_ACPI), 3);
	assert_int_equal(kx_multiboot_mem_type(KX_MEM_NVS), 4);
	assert_int_equal(kx_multiboot_mem_type(KX_MEM_UNUSABLE), 5);
	assert_int_equal(kx_multiboot_mem_type(KX_MEM_PMEM), 2);
	assert_int_equal(kx_multiboot_mem_type(KX_MEM_SOFT_RESERVED), 2);
	kx_memmap_add(&map, 0, 0x9fc00, KX_MEM_RAM);
	kx_memmap_add(&map, 0x100000, UINT64_C(1) << 50, KX_MEM_RAM);
	kx_multiboot_mem_sizes(&map, &lower, &upper);
	assert_int_equal(lower, 639);
	assert_int_equal(upper, UINT32_MAX);
	kx_memmap_clear(&map);
	kx_memmap_add(&map, 0, GIB, KX_MEM_RAM);
	kx_multiboot_mem_sizes(&map, &lower, &upper);
	assert_int_equal(lower, 640);
	assert_int_equal(upper, (GIB - MIB) >> 10);
	kx_memmap_clear(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header1_is_found_where_it_may_be),
		cmocka_unit_test(header1_demands),
		cmocka_unit_test(header2_is_found_where_it_may_be),
		cmocka_unit_test(header2_defects),
		cmocka_unit_test(memory_types_and_sizes),
		TEST(information1_is_complete),
		TEST(information2_is_complete),
		TEST(smbios_and_where_acpi_begins),
		TEST(framebuffer_is_given_while_it_is_true),
		TEST(addresses_come_before_elf),
		TEST(address_tag_may_mean_the_whole_file),
		TEST(entry_tag_comes_before_elf),
		TEST(relocatable_kernel_goes_where_there_is_room),
		TEST(demands_that_this_machine_does_not_meet),
		TEST(acpi_is_found_without_a_bios),
		TEST(xen_is_told_that_there_is_no_bios),
		TEST(what_cannot_be_is_refused),
		TEST(elf_without_a_header_is_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
