// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the seeds of the binary formats to DIR/<fuzzer>/: valid samples of every kind, which the fuzzers then change.
 * They are made here instead of being kept in git, where nobody could read them. Text formats have theirs in corpus/,
 * whole machines in MACHINES.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit/sample_bzimage.h"
#include "../unit/sample_elf.h"
#include "../unit/sample_kdump.h"
#include "../unit/sample_multiboot.h"
#include "../unit/sample_nbi.h"
#include "../unit/sample_netlink.h"
#include "../unit/sample_pe.h"
#include "fuzz_signatures.h"
#include "machine_files.h"

static const char *out;

static void make_dir(const char *path)
{
	if (mkdir(path, 0777) < 0 && errno != EEXIST) {
		perror(path);
		exit(1);
	}
}

static void save(const char *fuzzer, const char *name, const void *data, size_t size)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", out, fuzzer);
	make_dir(path);
	snprintf(path, sizeof(path), "%s/%s/%s", out, fuzzer, name);
	f = fopen(path, "w");
	if (!f || fwrite(data, 1, size, f) != size || fclose(f)) {
		perror(path);
		exit(1);
	}
}

/* ---- bzimage --------------------------------------------------------------------------------- */

/* As small as it gets, since time is spent on every byte: one sector of setup code, a payload of @payload. */
static struct sample small_bzimage(const char *payload, size_t size)
{
	struct sample p = { 0 }, whole, s;
	size_t code;

	sample_append(&p, payload, size);
	whole = sample_bzimage_with(&p);
	code = whole.size - SB_SETUP_SIZE;
	s = sample_new(1024 + code);
	memcpy(s.data, whole.data, 1024);
	memcpy(s.data + 1024, whole.data + SB_SETUP_SIZE, code);
	s.data[SB_SETUP_SECTS] = 1;
	sample_free(&p);
	sample_free(&whole);
	return s;
}

static void seal(struct sample *s)
{
	kx_put_le32(s->data + s->size - 4, sample_crc(s->data, s->size - 4));
}

/* Before protocol 2.00: one sector of setup code, one paragraph of kernel. */
static struct sample small_zimage(void)
{
	struct sample s = sample_new(2 * 512 + 16);

	s.data[SB_SETUP_SECTS] = 1;
	kx_put_le16(s.data + SB_SYSSIZE, 1);
	kx_put_le16(s.data + SB_BOOT_FLAG, 0xaa55);
	return s;
}

static void bzimage_seeds(void)
{
	struct sample gzip, s = small_bzimage("\177ELF not checked\0\0\0", 20);
	char name[16];

	for (unsigned minor = 0; minor <= 15; minor++) {
		kx_put_le16(s.data + SB_VERSION, (uint16_t)(0x0200 + minor));
		seal(&s);
		snprintf(name, sizeof(name), "2.%02u", minor);
		save("bzimage", name, s.data, s.size);
	}
	/* Found by fuzzing: a header that would not have fit into struct boot_params. */
	s.data[SB_JUMP + 1] = 0xff;
	save("bzimage", "jump-backwards", s.data, s.size);
	s.data[SB_JUMP + 1] = 0x6a;
	kx_put_le16(s.data + SB_PE + 6, 2);
	kx_put_le16(s.data + SB_PE + 20, 160);
	memcpy(s.data + SB_PE + 24 + 160, ".text\0\0", 8);
	memcpy(s.data + SB_PE + 24 + 200, ".data\0\0", 8);
	kx_put_le32(s.data + s.size - 4, 0);
	save("bzimage", "sections", s.data, s.size);
	memcpy(s.data + SB_VERSION_TEXT, "6.15.0", 7);
	save("bzimage", "no-crc", s.data, s.size);
	kx_put_le16(s.data + SB_PE + 24, 0x10b);
	kx_put_le32(s.data + SB_PE + 24 + 92, 6);
	seal(&s);
	save("bzimage", "pe32", s.data, s.size);
	sample_free(&s);
	gzip = sample_gzip("kernel", 7);
	s = small_bzimage((const char *)gzip.data, gzip.size);
	seal(&s);
	save("bzimage", "gzip", s.data, s.size);
	s.data[1024 + SB_PAYLOAD + gzip.size - 4]++;
	save("bzimage", "gzip-size-wrong", s.data, s.size);
	sample_free(&s);
	sample_free(&gzip);
	s = small_zimage();
	save("bzimage", "zimage", s.data, s.size);
	sample_free(&s);
}

/* ---- elf ------------------------------------------------------------------------------------- */

/* Contents right behind the headers instead of at SAMPLE_ELF_CONTENT, to keep it small. */
static void elf_seeds_of(unsigned bits)
{
	Elf64_Phdr load = { .p_type = PT_LOAD,
			    .p_offset = 600,
			    .p_vaddr = 0x1000,
			    .p_paddr = 0x1000,
			    .p_filesz = 16,
			    .p_memsz = 32,
			    .p_align = 4096 };
	Elf64_Phdr note = { .p_type = PT_NOTE, .p_offset = 400, .p_align = 4 };
	struct sample_elf e;
	char name[32];
	size_t end;

	sample_elf_init(&e, bits);
	sample_elf_phdr(&e, 0, &load);
	load.p_paddr = load.p_vaddr = 0x4000;
	sample_elf_phdr(&e, 1, &load);
	end = sample_elf_note(&e, 400, "GNU", 3, "build", 5, 4);
	end = sample_elf_note(&e, end, "Xen", 18, "\1\2\3\4", 4, 4);
	note.p_filesz = end - 400;
	sample_elf_phdr(&e, 2, &note);
	snprintf(name, sizeof(name), "elf%u", bits);
	save("elf", name, e.data, 616);
	sample_elf_set_phnum(&e, PN_XNUM);
	if (bits == 64) {
		SE_PUT64(&e, Elf64_Ehdr, e_shoff, 500);
		kx_put_le32(e.data + 500 + offsetof(Elf64_Shdr, sh_info), 3);
	} else {
		SE_PUT32(&e, Elf32_Ehdr, e_shoff, 500);
		kx_put_le32(e.data + 500 + offsetof(Elf32_Shdr, sh_info), 3);
	}
	snprintf(name, sizeof(name), "elf%u-xnum", bits);
	save("elf", name, e.data, 616);
	for (unsigned i = 0; i < 128; i++)
		sample_elf_phdr(&e, i, &(Elf64_Phdr){ .p_type = PT_NULL });
	snprintf(name, sizeof(name), "elf%u-many", bits);
	save("elf", name, e.data, bits == 64 ? 64 + 128 * 56 : 52 + 128 * 32);
	/* Time does not suffice to come upon this by chance. */
	sample_elf_set_phnum(&e, 129);
	snprintf(name, sizeof(name), "elf%u-too-many", bits);
	save("elf", name, e.data, bits == 64 ? 64 + 129 * 56 : 52 + 129 * 32);
}

/* ---- initrd ---------------------------------------------------------------------------------- */

/* One byte that says where the first of two initrds ends, then both. */
static void initrd_seed(const char *name, uint8_t cut, unsigned first, unsigned second)
{
	static const char plain[] = "070701";
	/* Text, its size, the sum of its bytes, magic. */
	static const char with[] = "070701a=b\n"
				   "\4\0\0\0"
				   "\n\1\0\0"
				   "#BOOTCONFIG\n";
	struct sample s = { 0 };

	sample_append(&s, &cut, 1);
	sample_append(&s, first ? with : plain, first ? sizeof(with) - 1 : sizeof(plain) - 1);
	sample_append(&s, second ? with : plain, second ? sizeof(with) - 1 : sizeof(plain) - 1);
	save("initrd", name, s.data, s.size);
	sample_free(&s);
}

static void initrd_seeds(void)
{
	initrd_seed("plain", 128, 0, 0);
	initrd_seed("first", 213, 1, 0);
	initrd_seed("second", 43, 0, 1);
	initrd_seed("both", 128, 1, 1);
}

/* ---- compress -------------------------------------------------------------------------------- */

static void compress_seeds(void)
{
	static const char text[] = "a text that is packed, that is packed, that is packed";
	struct sample s[] = {
		sample_gzip(text, sizeof(text)),      sample_xz(text, sizeof(text)),
		sample_zstd(text, sizeof(text)),      sample_lzma(text, sizeof(text)),
		sample_lz4(text, sizeof(text), 40),   sample_bzip2(text, sizeof(text)),
		sample_lz4_frame(text, sizeof(text)), sample_lzo(text, sizeof(text), 40),
	};
	static const char *const names[] = { "gzip", "xz",    "zstd",      "lzma",
					     "lz4",  "bzip2", "lz4-frame", "lzo" };

	for (size_t i = 0; i < sizeof(s) / sizeof(s[0]); i++) {
		save("compress", names[i], s[i].data, s[i].size);
		sample_free(&s[i]);
	}
	/* Two lzo blocks, of which the second says that it is larger than the fuzzer's cap, and is broken. */
	save("compress", "lzo-large-and-broken",
	     (uint8_t[117]){ 0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n',
			     16, [20] = 1, [33] = 1, [42] = 40, [46] = 40, [92] = 0x24, [98] = 14 },
	     117);
	/* More than the fuzzer's cap, and nothing at all. */
	s[0] = sample_new(300000);
	s[1] = sample_gzip(s[0].data, s[0].size);
	save("compress", "gzip-large", s[1].data, s[1].size);
	sample_free(&s[0]);
	sample_free(&s[1]);
	s[0] = sample_gzip("", 0);
	save("compress", "gzip-empty", s[0].data, s[0].size);
	sample_free(&s[0]);
}

/* ---- payloads --------------------------------------------------------------------------------------------------- */

/* With one byte in front, which chooses the type or the profile. */
static void save_with(const char *fuzzer, const char *name, uint8_t first, const void *data,
		      size_t size)
{
	struct sample s = { 0 };

	sample_append(&s, &first, 1);
	sample_append(&s, data, size);
	save(fuzzer, name, s.data, s.size);
	sample_free(&s);
}

/* A small ELF file of one segment, and behind its headers a multiboot header. */
static void payload_elf(struct sample_elf *e, unsigned bits)
{
	sample_elf_init(e, bits);
	sample_elf_phdr(e, 0,
			&(Elf64_Phdr){ .p_type = PT_LOAD,
				       .p_offset = 200,
				       .p_vaddr = 0x1000000,
				       .p_paddr = 0x1000000,
				       .p_filesz = 64,
				       .p_memsz = 0x2000 });
	sample_elf_phdr(e, 1,
			&(Elf64_Phdr){ .p_type = PT_LOAD,
				       .p_offset = 210,
				       .p_vaddr = 0x1004010,
				       .p_paddr = 0x1004010,
				       .p_filesz = 8,
				       .p_memsz = 8 });
}

static void multiboot_seeds(void)
{
	struct sample_elf e;

	payload_elf(&e, 32);
	sample_multiboot1(e.data + 128, 3);
	save("multiboot", "1", e.data, 320);
	save_with("plan", "multiboot1", 3, e.data, 320);
	sample_multiboot1(e.data + 128, 1 << 16);
	kx_put_le32(e.data + 140, 0x200080);
	kx_put_le32(e.data + 144, 0x200000);
	kx_put_le32(e.data + 148, 0x200100);
	kx_put_le32(e.data + 152, 0x201000);
	kx_put_le32(e.data + 156, 0x200010);
	save("multiboot", "1-addresses", e.data, 320);
	save_with("plan", "multiboot1-addresses", 3, e.data, 320);
	memset(e.data + 128, 0, 32);
	sample_multiboot2_begin(e.data + 128);
	kx_put_le16(e.data + 144, 3);
	kx_put_le32(e.data + 148, 12);
	kx_put_le32(e.data + 152, 0x1000000);
	kx_put_le16(e.data + 160, 1);
	kx_put_le32(e.data + 164, 16);
	kx_put_le32(e.data + 168, 6);
	sample_multiboot2_end(e.data + 128, 32);
	save("multiboot", "2", e.data, 320);
	save_with("plan", "multiboot2", 2, e.data, 320);
	kx_put_le16(e.data + 160, 2);
	kx_put_le32(e.data + 164, 24);
	sample_multiboot2_end(e.data + 128, 40);
	save("multiboot", "2-addresses", e.data, 320);
	kx_put_le16(e.data + 144, 1);
	kx_put_le32(e.data + 148, 16);
	kx_put_le32(e.data + 152, 13);
	kx_put_le32(e.data + 156, 15);
	kx_put_le16(e.data + 160, 10);
	kx_put_le32(e.data + 168, 0x2000000);
	kx_put_le32(e.data + 172, 0x2ffffff);
	kx_put_le32(e.data + 176, 0x10000);
	kx_put_le32(e.data + 180, 2);
	save("multiboot", "2-relocatable", e.data, 320);
	kx_put_le16(e.data + 160, 4);
	kx_put_le32(e.data + 168, 3);
	save("multiboot", "2-console", e.data, 320);
}

/* Contents in small blocks, to keep it short. */
static struct sample small_pe(const char *const names[5])
{
	struct sample s = sample_pe(0x8664);

	for (unsigned i = 0; i < 5; i++) {
		uint8_t *header = s.data + sample_pe_header_at(i);

		memcpy(header, names[i], strlen(names[i]));
		kx_put_le32(header + 8, 6);
		kx_put_le32(header + 16, 8);
		kx_put_le32(header + 20, 600 + 8 * i);
	}
	kx_put_le16(s.data + SP_SECTION_COUNT, 5);
	s.size = 648;
	return s;
}

/* A stream that ends before the payload does. */
static void zboot_seeds(void)
{
	struct sample s = sample_new(0x40), stream = sample_gzip("kernel", 6);

	sample_append(&stream, "\0\0\0\0", 4);
	memcpy(s.data, "MZ\0\0zimg", 8);
	kx_put_le32(s.data + 8, 0x40);
	kx_put_le32(s.data + 12, (uint32_t)stream.size);
	kx_put_le32(s.data + 0x38, 0x818223cd);
	sample_append(&s, stream.data, stream.size);
	save_with("plan", "zboot", 8, s.data, s.size);
	save("zboot", "valid", s.data, s.size);
	save("zboot", "short", s.data, s.size - 1);
	save("zboot", "header", s.data, 0x3f);
	s.data[0x38] = 0;
	save("zboot", "not-linux", s.data, s.size);
	sample_free(&s);
	sample_free(&stream);
}

/* For each entry and with an initrd: bits 0 and 1 are the entry, bit 2 the initrd; then the command line's length. */
static void save_entries(const char *name, const struct sample *file)
{
	char as[64];

	for (uint8_t how = 0; how < 8; how++) {
		struct sample s = { 0 };
		uint8_t head[] = { how, 20 };

		if ((how & 3) == 3)
			continue;
		sample_append(&s, head, sizeof(head));
		sample_append(&s, file->data, file->size);
		snprintf(as, sizeof(as), "%s-%u", name, how);
		save("real_mode", as, s.data, s.size);
		sample_free(&s);
	}
}

static void real_mode_seeds(void)
{
	static const uint16_t versions[] = { 0x0200, 0x0201, 0x0202, 0x0203, 0x0207, 0x020c };
	struct sample old = small_zimage(), s = small_bzimage("\177ELF not checked\0\0\0", 20);
	char name[16];

	save_entries("zimage", &old);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		kx_put_le16(s.data + SB_VERSION, versions[i]);
		snprintf(name, sizeof(name), "%x", versions[i]);
		save_entries(name, &s);
	}
	/* A loader: not moved, and without a 32-bit entry. */
	s.data[SB_RELOCATABLE_KERNEL] = 0;
	kx_put_le16(s.data + SB_VERSION, 0x0207);
	kx_put_le32(s.data + SB_CODE32_START, 0);
	save_entries("loader", &s);
	memcpy(s.data + SB_VERSION_TEXT, "MEMDISK", 8);
	kx_put_le16(s.data + SB_VERSION, 0x0203);
	kx_put_le32(s.data + SB_CODE32_START, 0x100000);
	save_entries("memdisk", &s);
	s.data[SB_LOADFLAGS] = 0;
	save_entries("low", &s);
	sample_free(&old);
	sample_free(&s);
}

/* Bit 0 is the class, 1 and 2 the arguments, 3 the initrd, 4 to 7 the command line's length. */
static void elf_x86_seeds(void)
{
	struct sample_elf e;
	char name[16];

	for (uint8_t how = 0; how < 16; how++) {
		payload_elf(&e, how & 1 ? 64 : 32);
		snprintf(name, sizeof(name), "how-%u", how);
		save_with("elf_x86", name, (uint8_t)(how | 0x50), e.data, 320);
	}
	/* Position-independent, at an address that is not free. */
	payload_elf(&e, 64);
	kx_put_le16(e.data + offsetof(Elf64_Ehdr, e_type), ET_DYN);
	SE_PUT64(&e, Elf64_Ehdr, e_entry, 0x10);
	sample_elf_phdr(&e, 0,
			&(Elf64_Phdr){ .p_type = PT_LOAD,
				       .p_offset = 200,
				       .p_filesz = 64,
				       .p_memsz = 0x2000,
				       .p_align = 0x1000 });
	sample_elf_phdr(&e, 1, &(Elf64_Phdr){ .p_type = PT_NULL });
	save_with("elf_x86", "moved", 7, e.data, 320);
}

/* Where each magic number is, and where the rest may be. */
static void foreign_seeds(void)
{
	static const struct {
		const char *name;
		size_t at;
		const char *magic;
	} kinds[] = {
		{ "beoboot", 0, "BeoB" },         { "arm64", 0x38, "ARM\x64" },
		{ "riscv", 0x38, "RSC\x05" },     { "uimage", 0, "\x27\x05\x19\x56" },
		{ "fit", 0, "\xd0\x0d\xfe\xed" }, { "cpio", 0, "070701" },
		{ "deb", 0, "!<arch>\n" },        { "tar", 257, "ustar" },
		{ "script", 0, "#!/bin/sh" },     { "ext4", 0x438, "\x53\xef" },
		{ "html", 2, "<!DOCTYPE html>" }, { "boot", 510, "\x55\xaa" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct sample s = sample_new(kinds[i].at);

		memset(s.data, ' ', s.size);
		sample_append(&s, kinds[i].magic, strlen(kinds[i].magic));
		save_with("foreign", kinds[i].name, 0, s.data, s.size);
		if (!strcmp(kinds[i].name, "boot")) {
			memcpy(s.data, "\xeb\x58\x90", 3);
			save_with("foreign", "fat", 0, s.data, s.size);
		}
		sample_free(&s);
	}
	/* 0x8001 is 0x101 behind where the rest of the input goes. */
	save_with("foreign", "iso", 1, (uint8_t[0x106]){ [0x101] = 'C', 'D', '0', '0', '1' },
		  0x106);
}

/* ---- machines ---------------------------------------------------------------------------------------------------- */

/* What is at @path, or where it leads. */
static void append_content(struct sample *s, const char *path, bool link)
{
	uint8_t buf[PATH_MAX > 65536 ? PATH_MAX : 65536];
	ssize_t size;
	FILE *f;

	if (link) {
		size = readlink(path, (char *)buf, sizeof(buf));
	} else {
		f = fopen(path, "r");
		size = f ? (ssize_t)fread(buf, 1, sizeof(buf), f) : -1;
		if (f)
			fclose(f);
	}
	if (size < 0) {
		perror(path);
		exit(1);
	}
	while (!link && size && !buf[size - 1])
		size--;
	sample_append(s, buf, (size_t)size);
}

static void append_folder(struct sample *s, const char *root, const char *folder)
{
	char path[PATH_MAX], inner[PATH_MAX];
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof(path), "%s%s", root, folder);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(inner, sizeof(inner), "%s/%s", folder, entry->d_name) < 0 ||
		    snprintf(path, sizeof(path), "%s%s", root, inner) < 0 || lstat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			append_folder(s, root, inner);
			continue;
		}
		sample_append(s, (uint8_t[]){ MACHINE_SEPARATOR }, 1);
		sample_append(s, inner, strlen(inner));
		sample_append(s, "\n", 1);
		append_content(s, path, S_ISLNK(st.st_mode));
	}
	if (dir)
		closedir(dir);
}

static void machine_seeds(const char *machines)
{
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir = opendir(machines);

	if (!dir) {
		perror(machines);
		exit(1);
	}
	while ((entry = readdir(dir))) {
		struct sample s = { 0 };

		snprintf(path, sizeof(path), "%s/%s", machines, entry->d_name);
		if (entry->d_name[0] != '.')
			append_folder(&s, path, "");
		if (s.size)
			save("machine", entry->d_name, s.data, s.size);
		sample_free(&s);
	}
	closedir(dir);
}

static void payload_seeds(void)
{
	static const char *const image[] = { ".linux", ".cmdline", ".profile", ".cmdline",
					     ".initrd" };
	static const char *const parts[] = { ".cmdline", ".initrd", ".ucode", ".dtb", ".sbat" };
	struct sample old = small_zimage();
	struct sample uki = small_pe(image), addon = small_pe(parts), nbi = sample_nbi(),
		      kernel = small_bzimage("\177ELF not checked\0\0\0", 20);
	struct sample_elf e;

	save_with("uki", "base", 0, uki.data, uki.size);
	save_with("uki", "profile", 1, uki.data, uki.size);
	save_with("uki", "add-on", 0, addon.data, addon.size);
	kx_put_le32(uki.data + SP_CERTIFICATES, 640);
	kx_put_le32(uki.data + SP_CERTIFICATES + 4, 8);
	save_with("uki", "signed", 0, uki.data, uki.size);
	save_with("plan", "uki", 6, uki.data, uki.size);
	save("nbi", "real-mode", nbi.data, nbi.size);
	save_with("plan", "nbi", 7, nbi.data, nbi.size);
	kx_put_le32(nbi.data + 4, 0x80000004);
	kx_put_le32(nbi.data + 32, 0x05000004);
	save("nbi", "linear", nbi.data, nbi.size);
	save_with("plan", "nbi-linear", 7, nbi.data, nbi.size);
	save_with("plan", "bzimage64", 0, kernel.data, kernel.size);
	save_with("plan", "bzimage", 1, kernel.data, kernel.size);
	save_with("plan", "real-mode", 136, kernel.data,
		  kernel.size); /* 136 / 64 is 2, modulo 9 1 */
	save_with("plan", "zimage", 1, old.data, old.size);
	zboot_seeds();
	payload_elf(&e, 64);
	save_with("plan", "elf64", 4, e.data, 320);
	payload_elf(&e, 32);
	save_with("plan", "elf32", 5, e.data, 320);
	sample_free(&old);
	sample_free(&uki);
	sample_free(&addon);
	sample_free(&nbi);
	sample_free(&kernel);
}

/* ---- relocations ------------------------------------------------------------------------------------------------ */

/* fuzz_relocs.c's three pieces, then the tables. */
static void relocs_seed(const char *name, bool inverse)
{
	struct sample s = sample_new(64 + 40 + 7);

	kx_put_le64(s.data, UINT64_C(0xffffffff81000010));
	kx_put_le32(s.data + 8, 0x7f000000);
	kx_put_le32(s.data + 64, 0x81000000);
	kx_put_le32(s.data + 104, 0x1000000);
	sample_append_le32(&s, 0);
	sample_append_le32(&s, 0x81000000);
	if (inverse) {
		sample_append_le32(&s, 0);
		sample_append_le32(&s, 0x81000008);
	}
	sample_append_le32(&s, 0);
	sample_append_le32(&s, 0x81000040);
	sample_append_le32(&s, 0x81400000);
	save("relocs", name, s.data, s.size);
	sample_free(&s);
}

/* ---- vmcore ---------------------------------------------------------------------------------- */

static void vmcore_seed(const char *name, struct sample_vmcore s)
{
	sample_make(&s);
	save("vmcore", name, s.data, s.size);
}

static void kdump_seed(const char *name, unsigned packing)
{
	struct sample_vmcore s = { .kind = SAMPLE_LOCKLESS };
	static struct sample_kdump c;

	sample_make(&s);
	sample_compress(&c, &s, packing);
	save("vmcore", name, c.data, c.size);
}

/* One descriptor's position is one that none has; a symbol has too many digits; memory is shorter than its header says. */
static void damaged_vmcore_seeds(void)
{
	struct sample_vmcore s = { .kind = SAMPLE_LOCKLESS };

	sample_make(&s);
	sample_poke(&s, AT_DESCS + 7 * 24 + 8, 8, 1);
	save("vmcore", "lockless-damaged", s.data, s.size);
	memset(&s, 0, sizeof(s));
	sample_info(&s, "CRASHTIME=1\nSYMBOL(log_end)=10000000000000100\n");
	sample_make(&s);
	save("vmcore", "long-number", s.data, s.size);
	save("vmcore", "truncated", s.data, s.size / 2);
}

/* Each kind of snappy's elements, for 20 bytes. */
static void snappy_seed(void)
{
	static const uint8_t packed[] = { 20,         3 << 2, 'a',        'b', 'c',     'd',
					  0 << 2 | 1, 4,      3 << 2 | 2, 2,   0,       2 << 2 | 3,
					  1,          0,      0,          0,   60 << 2, 4,
					  'v',        'w',    'x',        'y', 'z' };

	save("vmcore", "snappy", packed, sizeof(packed));
}

static void vmcore_seeds(void)
{
	vmcore_seed("lockless", (struct sample_vmcore){ .kind = SAMPLE_LOCKLESS });
	vmcore_seed("records", (struct sample_vmcore){ .kind = SAMPLE_RECORDS });
	vmcore_seed("old-records", (struct sample_vmcore){ .kind = SAMPLE_OLD_RECORDS });
	vmcore_seed("plain", (struct sample_vmcore){ .kind = SAMPLE_PLAIN });
	vmcore_seed("paged", (struct sample_vmcore){ .paged = true });
	vmcore_seed("elf32", (struct sample_vmcore){ .kind = SAMPLE_RECORDS, .elf32 = true });
	vmcore_seed("narrow", (struct sample_vmcore){ .narrow = true });
	vmcore_seed("big-endian", (struct sample_vmcore){ .kind = SAMPLE_RECORDS, .big = true });
	damaged_vmcore_seeds();
	kdump_seed("kdump", 0);
	kdump_seed("kdump-zlib", SAMPLE_ZLIB);
	kdump_seed("kdump-lzo", SAMPLE_LZO);
	kdump_seed("kdump-snappy", SAMPLE_SNAPPY);
	kdump_seed("kdump-zstd", SAMPLE_ZSTD);
	snappy_seed();
}

/* @count entries of a certificate table, of revision 2 but for the second one ("PE Format", WIN_CERTIFICATE). */
static void signed_seed(const char *name, unsigned count, bool pe32)
{
	enum { ENTRY = 16 };
	struct sample s = sample_pe(0x8664);
	size_t table;

	sample_pe_text(&s, ".linux", "linux");
	table = s.size;
	sample_pe_sign(&s, (size_t)count * ENTRY);
	for (unsigned i = 0; i < count; i++) {
		uint8_t *entry = s.data + table + (size_t)i * ENTRY;

		kx_put_le32(entry, ENTRY - i % 8);
		kx_put_le16(entry + 4, i == 1 ? 0x100 : 0x200);
		kx_put_le16(entry + 6, 2);
		memcpy(entry + 8, "0\3\2\1\1", 5);
	}
	if (pe32) { /* its directories are 16 bytes further ahead */
		kx_put_le16(s.data + SP_OPTIONAL, 0x10b);
		memmove(s.data + SP_DIRECTORIES - 16, s.data + SP_DIRECTORIES, 4 + 5 * 8);
	}
	table = SP_CERTIFICATES - (pe32 ? 16 : 0);
	kx_put_le32(s.data + table, kx_le32(s.data + table) + FUZZ_PADDING);
	save("signatures", name, s.data, s.size);
	sample_free(&s);
}

static void signatures_seeds(void)
{
	signed_seed("one", 1, false);
	signed_seed("two-of-three", 3, false);
	signed_seed("eighteen", 18, false);
	signed_seed("pe32", 1, true);
}

static void network_seed(const char *name, struct sample_netlink *s, const char *resolv)
{
	memcpy(s->data + s->size, resolv, strlen(resolv));
	s->size += strlen(resolv);
	save("network", name, s->data, s->size);
	free(s->data);
}

static struct sample_netlink network_new(void)
{
	struct sample_netlink s = { .data = calloc(1, SN_SIZE) };

	if (!s.data)
		abort();
	return s;
}

static void network_seeds(void)
{
	static const char resolv[] = "\nresolv\nserver.example.org\nnameserver 192.0.2.53\n"
				     "nameserver 2001:db8::53\nsearch a.b c.d\n";
	struct sample_netlink s = network_new();

	sn_card(&s, 2, "lan0");
	sn_address(&s, 2, "192.0.2.15", 24, 0);
	sn_address(&s, 2, "2001:db8::15", 64, 0);
	sn_route(&s, 2, "0.0.0.0", 0, "192.0.2.1", 0);
	sn_route(&s, 2, "::", 0, "fe80::1", 0);
	network_seed("card", &s, resolv);
	s = network_new();
	sn_bond(&s, 4, "bond0", 4, 100);
	sn_slave(&s, 2, "lan0", 4);
	sn_slave(&s, 3, "eth1", 4);
	sn_vlan(&s, 5, "mgmt", 4, 5);
	sn_address(&s, 4, "192.0.2.15", 32, 0);
	sn_address(&s, 5, "10.0.5.1", 24, 0);
	sn_route(&s, 4, "0.0.0.0", 0, "172.31.1.1", RTNH_F_ONLINK);
	sn_route(&s, 5, "10.1.0.0", 16, "fe80::9", 0);
	network_seed("bond", &s, "");
	s = network_new();
	sn_link(&s, 4, "br0");
	sn_kind(&s, "bridge");
	sn_end(&s);
	sn_link(&s, 2, "eth0");
	sn_u32(&s, IFLA_MASTER, 4);
	sn_end(&s);
	sn_address(&s, 4, "192.0.2.15", 24, 0);
	network_seed("bridge", &s, resolv);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s DIR MACHINES\n", argv[0]);
		return 2;
	}
	out = argv[1];
	make_dir(out);
	bzimage_seeds();
	elf_seeds_of(32);
	elf_seeds_of(64);
	initrd_seeds();
	compress_seeds();
	multiboot_seeds();
	payload_seeds();
	real_mode_seeds();
	elf_x86_seeds();
	foreign_seeds();
	machine_seeds(argv[2]);
	relocs_seed("two-tables", false);
	relocs_seed("three-tables", true);
	vmcore_seeds();
	signatures_seeds();
	network_seeds();
	return 0;
}
