// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the seeds of the binary formats to DIR/<fuzzer>/: valid samples of every kind, which the fuzzers then change.
 * They are made here instead of being kept in git, where nobody could read them. Text formats have theirs in corpus/.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../unit/sample_bzimage.h"
#include "../unit/sample_elf.h"

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

static void bzimage_seeds(void)
{
	struct sample gzip, s = small_bzimage("\x89LZO not checked\0\0", 20);
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
		sample_lz4_frame(text, sizeof(text)),
	};
	static const char *const names[] = { "gzip", "xz",    "zstd",     "lzma",
					     "lz4",  "bzip2", "lz4-frame" };

	for (size_t i = 0; i < sizeof(s) / sizeof(s[0]); i++) {
		save("compress", names[i], s[i].data, s[i].size);
		sample_free(&s[i]);
	}
	save("compress", "lzo", "\x89LZO", 4);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s DIR\n", argv[0]);
		return 2;
	}
	out = argv[1];
	make_dir(out);
	bzimage_seeds();
	elf_seeds_of(32);
	elf_seeds_of(64);
	initrd_seeds();
	compress_seeds();
	return 0;
}
