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
#include "compress/compress.h"
#include "format/bzimage.h"
#include "sample_bzimage.h"

static struct kx_view view(const struct sample *s)
{
	return kx_view_of(s->data, s->size);
}

/* Parses what must be right. */
static struct kx_bzimage parsed(const struct sample *s)
{
	struct kx_error err = { 0 };
	struct kx_bzimage image;
	int r = kx_bzimage_parse(view(s), &image, &err);

	if (r)
		fail_msg("%s", err.text);
	return image;
}

/* Parses what must be refused with @code and a message with @text, leaving the output alone. */
static void refused(struct kx_view file, int code, const char *text)
{
	struct kx_error err = { 0 };
	struct kx_bzimage image, untouched;

	memset(&image, 0x5a, sizeof(image));
	memset(&untouched, 0x5a, sizeof(untouched));
	assert_int_equal(kx_bzimage_parse(file, &image, &err), code);
	assert_memory_equal(&image, &untouched, sizeof(image));
	if (!strstr(err.text, text))
		fail_msg("\"%s\" does not say \"%s\"", err.text, text);
}

static void fields_of_2_15(void **state)
{
	struct sample s = sample_bzimage();
	struct kx_bzimage image = parsed(&s);

	assert_int_equal(image.version, 0x020f);
	assert_int_equal(image.setup_header.size, 0x26c - 0x1f1);
	assert_ptr_equal(image.setup_header.data, s.data + 0x1f1);
	assert_int_equal(image.setup.size, 2560);
	assert_int_equal(image.payload.size, s.size - 2560);
	assert_ptr_equal(image.compressed.data, image.payload.data + SB_PAYLOAD);
	assert_int_equal(image.compressed.size, kx_le32(s.data + SB_PAYLOAD_LENGTH));
	assert_int_equal(image.kernel_version.size,
			 strlen("6.1.0-1-test (somebody@nowhere) #1 SMP"));
	assert_memory_equal(image.kernel_version.data, "6.1.0-1-test", 12);
	assert_int_equal(image.loadflags, KX_LOADED_HIGH);
	assert_int_equal(image.xloadflags, 0x7f);
	assert_int_equal(image.code32_start, 0x100000);
	assert_int_equal(image.initrd_addr_max, 0x7fffffff);
	assert_int_equal(image.kernel_alignment, 0x200000);
	assert_int_equal(image.min_alignment, 21);
	assert_true(image.relocatable);
	assert_int_equal(image.cmdline_size, 2047);
	assert_int_equal(image.pref_address, 0x1000000);
	assert_int_equal(image.init_size, 0x100000);
	assert_int_equal(image.handover_offset, 0x300);
	sample_free(&s);
}

/* What each version leaves to a default; the fields' places hold other things. */
static void defaults_of_older_protocols(void **state)
{
	struct sample s = sample_bzimage();
	struct kx_bzimage image;

	for (uint16_t version = 0x0200; version <= 0x020f; version++) {
		kx_put_le16(s.data + SB_VERSION, version);
		image = parsed(&s);
		assert_int_equal(image.version, version);
		assert_int_equal(image.initrd_addr_max, version < 0x0203 ? 0x37ffffff : 0x7fffffff);
		assert_int_equal(image.relocatable, version >= 0x0205);
		assert_int_equal(image.kernel_alignment, version < 0x0205 ? 0 : 0x200000);
		assert_int_equal(image.cmdline_size, version < 0x0206 ? 255 : 2047);
		assert_int_equal(image.compressed.size > 0, version >= 0x0208);
		assert_int_equal(image.min_alignment, version < 0x020a ? 0 : 21);
		assert_int_equal(image.pref_address, version < 0x020a ? 0 : 0x1000000);
		assert_int_equal(image.init_size, version < 0x020a ? 0 : 0x100000);
		assert_int_equal(image.handover_offset, version < 0x020b ? 0 : 0x300);
		assert_int_equal(image.xloadflags, version < 0x020c ? 0 : 0x7f);
	}
	sample_free(&s);
}

static void setup_sects_0_means_4(void **state)
{
	struct sample s = sample_bzimage();

	s.data[SB_SETUP_SECTS] = 0;
	assert_int_equal(parsed(&s).setup.size, 2560);
	sample_free(&s);
}

/* Before 2.04 only the low half of syssize means anything, so the kernel goes on to the end of the file. */
static void before_2_04_the_file_tells_the_size(void **state)
{
	struct sample s = sample_bzimage();
	size_t whole = s.size;

	kx_put_le16(s.data + SB_VERSION, 0x0203);
	kx_put_le32(s.data + SB_SYSSIZE, 0xdead0000);
	s.size -= 100;
	assert_int_equal(parsed(&s).payload.size, whole - 100 - 2560);
	refused(kx_view_of(s.data, 2560), -EBADMSG, "truncated");
	kx_put_le16(s.data + SB_VERSION, 0x0204);
	refused(view(&s), -EBADMSG, "truncated");
	sample_free(&s);
}

/* Each version's header needs its own length, and no more. */
static void header_that_ends_early(void **state)
{
	static const struct {
		uint16_t version, end;
	} ends[] = {
		{ 0x0200, 0x224 }, { 0x0201, 0x226 }, { 0x0202, 0x22c }, { 0x0203, 0x230 },
		{ 0x0204, 0x230 }, { 0x0205, 0x235 }, { 0x0206, 0x23c }, { 0x0207, 0x248 },
		{ 0x0208, 0x250 }, { 0x0209, 0x258 }, { 0x020a, 0x264 }, { 0x020b, 0x268 },
		{ 0x020c, 0x268 }, { 0x020d, 0x268 }, { 0x020f, 0x26c },
	};
	struct sample s = sample_bzimage();

	for (size_t i = 0; i < KX_ARRAY_SIZE(ends); i++) {
		kx_put_le16(s.data + SB_VERSION, ends[i].version);
		s.data[SB_JUMP + 1] = (uint8_t)(ends[i].end - 0x202);
		assert_int_equal(parsed(&s).setup_header.size, ends[i].end - 0x1f1);
		s.data[SB_JUMP + 1]--;
		refused(view(&s), -EBADMSG, "ends at");
	}
	sample_free(&s);
}

static void longest_header(void **state)
{
	struct sample s = sample_bzimage();

	s.data[SB_JUMP + 1] = 0x7f;
	assert_int_equal(parsed(&s).setup_header.size, 0x281 - 0x1f1);
	sample_free(&s);
}

/* Every shorter file is refused; up to the magic it is not known to be ours. */
static void every_truncation(void **state)
{
	struct sample s = sample_bzimage();

	for (size_t size = 0; size < s.size; size++) {
		/* A copy of just that size, so that ASan sees a read past its end. */
		uint8_t *copy = malloc(size ? size : 1);

		memcpy(copy, s.data, size);
		refused(kx_view_of(copy, size), size < 0x206 ? -ENOEXEC : -EBADMSG,
			size < 0x200   ? "no boot flag"
			: size < 0x206 ? "HdrS"
				       : "truncated");
		free(copy);
	}
	sample_free(&s);
}

static void truncated_message_has_numbers(void **state)
{
	struct sample s = sample_bzimage();
	char need[80];

	snprintf(need, sizeof(need), "3000 bytes, the header says %zu; copy the file again",
		 s.size);
	refused(kx_view_of(s.data, 3000), -EBADMSG, need);
	sample_free(&s);
}

/* As iPXE and memtest86+ are: syssize rounds up, the file does not. */
static void last_paragraph_not_filled_up(void **state)
{
	struct sample s = sample_bzimage();

	s.size -= 15;
	kx_put_le16(s.data + SB_VERSION, 0x0208);
	refused(view(&s), -EBADMSG, "truncated");
	kx_put_le16(s.data + SB_VERSION, 0x0207);
	assert_int_equal(parsed(&s).payload.size, s.size - SB_SETUP_SIZE);
	kx_put_le16(s.data + SB_VERSION, 0x020f);
	kx_put_le32(s.data + SB_PAYLOAD_OFFSET, 0);
	assert_int_equal(parsed(&s).payload.size, s.size - SB_SETUP_SIZE);
	refused(kx_view_of(s.data, s.size - 1), -EBADMSG, "truncated");
	sample_free(&s);
}

static void malformed(void **state)
{
	static const struct {
		const char *defect;
		unsigned at, width;
		uint64_t value;
		int code;
		const char *text;
	} samples[] = {
		{ "no boot flag", SB_BOOT_FLAG, 2, 0xaa54, -ENOEXEC, "boot flag 0xaa55" },
		{ "no magic", SB_HEADER, 4, 0, -ENOEXEC, "HdrS" },
		{ "protocol 1.xx", SB_VERSION, 2, 0x0105, -EOPNOTSUPP, "protocol 1.05" },
		{ "protocol 3.xx", SB_VERSION, 2, 0x0300, -EOPNOTSUPP, "protocol 3.00" },
		{ "no jump", SB_JUMP, 1, 0, -EBADMSG, "jump at 0x200 is 0x0, need 0xeb" },
		{ "jump backwards", SB_JUMP + 1, 1, 0x80, -EBADMSG, "distance of the jump" },
		{ "syssize zero", SB_SYSSIZE, 4, 0, -EBADMSG, "syssize" },
		{ "syssize highest", SB_SYSSIZE, 4, 0xffffffff, -EBADMSG, "truncated" },
		{ "setup_sects highest", SB_SETUP_SECTS, 1, 255, -EBADMSG, "truncated" },
		{ "kernel_alignment zero", SB_KERNEL_ALIGNMENT, 4, 0, -EBADMSG,
		  "kernel_alignment" },
		{ "kernel_alignment not a power of two", SB_KERNEL_ALIGNMENT, 4, 0x200001, -EBADMSG,
		  "kernel_alignment is 0x200001, need a power of two" },
		{ "min_alignment above kernel_alignment", SB_MIN_ALIGNMENT, 1, 22, -EBADMSG,
		  "min_alignment" },
		{ "min_alignment past 31", SB_MIN_ALIGNMENT, 1, 32, -EBADMSG, "min_alignment" },
		{ "min_alignment highest", SB_MIN_ALIGNMENT, 1, 255, -EBADMSG, "min_alignment" },
		{ "init_size zero", SB_INIT_SIZE, 4, 0, -EBADMSG, "init_size" },
		{ "init_size below the kernel's", SB_INIT_SIZE, 4, 0x600, -EBADMSG, "init_size" },
		{ "pref_address too high", SB_PREF_ADDRESS, 8, UINT64_MAX - 0xfffff, -EBADMSG,
		  "pref_address" },
		{ "pref_address askew", SB_PREF_ADDRESS, 8, 0x1100000, -EBADMSG,
		  "multiple of kernel_alignment" },
		{ "payload behind the kernel", SB_PAYLOAD_OFFSET, 4, 0x10000, -EBADMSG, "payload" },
		{ "payload_offset highest", SB_PAYLOAD_OFFSET, 4, 0xffffffff, -EBADMSG, "payload" },
		{ "payload_length zero", SB_PAYLOAD_LENGTH, 4, 0, -EBADMSG, "payload_length" },
		{ "payload_length too large", SB_PAYLOAD_LENGTH, 4, 0x10000, -EBADMSG, "payload" },
		{ "payload_length highest", SB_PAYLOAD_LENGTH, 4, 0xffffffff, -EBADMSG, "payload" },
		{ "kernel_info elsewhere", SB_KERNEL_INFO_OFFSET, 4, SB_KERNEL_INFO + 1, -EBADMSG,
		  "kernel_info_offset" },
		{ "kernel_info behind the kernel", SB_KERNEL_INFO_OFFSET, 4, 0xfffffffe, -EBADMSG,
		  "kernel_info_offset" },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(samples); i++) {
		struct sample s = sample_bzimage();

		print_message("  %s\n", samples[i].defect);
		for (unsigned b = 0; b < samples[i].width; b++)
			s.data[samples[i].at + b] = (uint8_t)(samples[i].value >> 8 * b);
		refused(view(&s), samples[i].code, samples[i].text);
		sample_free(&s);
	}
}

static void sixty_four_bit_entry_outside(void **state)
{
	struct sample s = sample_bzimage();

	kx_put_le32(s.data + SB_SYSSIZE, 0x20);
	refused(view(&s), -EBADMSG, "64-bit entry");
	sample_free(&s);
}

/* Loaders dressed as kernels leave fields empty: allowed where nothing contradicts anything. */
static void absent_things(void **state)
{
	struct sample s = sample_bzimage();

	kx_put_le16(s.data + SB_KERNEL_VERSION, 0);
	kx_put_le32(s.data + SB_PAYLOAD_OFFSET, 0);
	kx_put_le32(s.data + SB_KERNEL_INFO_OFFSET, 0);
	s.data[SB_RELOCATABLE_KERNEL] = 0;
	kx_put_le32(s.data + SB_KERNEL_ALIGNMENT, 0);
	s.data[SB_MIN_ALIGNMENT] = 0;
	assert_int_equal(parsed(&s).kernel_version.size, 0);
	assert_int_equal(parsed(&s).compressed.size, 0);
	assert_int_equal(parsed(&s).kernel_alignment, 0);
	sample_free(&s);
}

/* init_size came with 2.10, and is enough when it is the kernel's own size. */
static void init_size_edges(void **state)
{
	struct sample s = sample_bzimage();

	kx_put_le32(s.data + SB_INIT_SIZE, (uint32_t)s.size - SB_SETUP_SIZE);
	assert_int_equal(parsed(&s).init_size, s.size - SB_SETUP_SIZE);
	kx_put_le32(s.data + SB_INIT_SIZE, (uint32_t)s.size - SB_SETUP_SIZE - 1);
	refused(view(&s), -EBADMSG, "init_size");
	kx_put_le16(s.data + SB_VERSION, 0x020a);
	refused(view(&s), -EBADMSG, "init_size");
	kx_put_le16(s.data + SB_VERSION, 0x0209);
	assert_int_equal(parsed(&s).init_size, 0);
	sample_free(&s);
}

static void alignment_of_a_fixed_kernel(void **state)
{
	struct sample s = sample_bzimage();

	s.data[SB_RELOCATABLE_KERNEL] = 0;
	assert_int_equal(parsed(&s).kernel_alignment, 0x200000);
	kx_put_le32(s.data + SB_KERNEL_ALIGNMENT, 0x300000);
	refused(view(&s), -EBADMSG, "kernel_alignment");
	sample_free(&s);
}

static void kernel_version_outside_setup(void **state)
{
	struct sample s = sample_bzimage();

	kx_put_le16(s.data + SB_KERNEL_VERSION, 0xffff);
	assert_int_equal(parsed(&s).kernel_version.size, 0);
	sample_free(&s);
}

static void kernel_version_without_nul(void **state)
{
	struct sample s = sample_bzimage();

	memset(s.data + SB_VERSION_TEXT, 'x', SB_SETUP_SIZE - SB_VERSION_TEXT);
	assert_int_equal(parsed(&s).kernel_version.size, SB_SETUP_SIZE - SB_VERSION_TEXT);
	sample_free(&s);
}

/* ---- CRC-32 ---------------------------------------------------------------------------------- */

/* Returns what kx_bzimage_crc() does, checking what it promises about its output. */
static int crc(const struct sample *s, bool expect_checked)
{
	struct kx_bzimage image = parsed(s);
	struct kx_error err = { 0 };
	bool checked = !expect_checked;
	int r = kx_bzimage_crc(view(s), &image, &checked, &err);

	if (r) {
		assert_int_equal(checked, !expect_checked);
		assert_non_null(strstr(err.text, "--force-crc"));
	} else {
		assert_int_equal(checked, expect_checked);
	}
	return r;
}

static void crc_right(void **state)
{
	struct sample s = sample_bzimage();

	assert_int_equal(crc(&s, true), 0);
	sample_free(&s);
}

static void crc_finds_every_flipped_bit(void **state)
{
	struct sample s = sample_bzimage();
	struct kx_bzimage image = parsed(&s);
	struct kx_error err;
	bool checked;

	for (size_t at = 0; at < s.size; at++) {
		if ((at >= SB_PE_CHECKSUM && at < SB_PE_CHECKSUM + 4) ||
		    (at >= SB_PE_CERTIFICATES && at < SB_PE_CERTIFICATES + 8))
			continue;
		/* Makes it 7.1, which carries no sum: the one thing that goes unseen, and it is text for people. */
		if (at == SB_VERSION_TEXT)
			continue;
		s.data[at] ^= 1;
		assert_int_equal(kx_bzimage_crc(view(&s), &image, &checked, &err), -EBADMSG);
		s.data[at] ^= 1;
	}
	sample_free(&s);
}

static void crc_mismatch_names_both_sums(void **state)
{
	struct sample s = sample_bzimage();
	struct kx_bzimage image = parsed(&s);
	struct kx_error err;
	bool checked;
	char text[80];

	s.data[s.size / 2] ^= 0x80;
	snprintf(text, sizeof(text), "CRC-32 is 0x%08x, the file says 0x%08x",
		 sample_crc(s.data, s.size - 4), kx_le32(s.data + s.size - 4));
	assert_int_equal(kx_bzimage_crc(view(&s), &image, &checked, &err), -EBADMSG);
	assert_non_null(strstr(err.text, text));
	sample_free(&s);
}

/* As sbsign does: the PE checksum, the certificate table's entry, and the table behind the image. */
static void crc_of_signed_image(void **state)
{
	static const uint8_t signature[200] = { 200, 0, 0, 0, 0, 2, 2 };
	struct sample s = sample_bzimage();

	kx_put_le32(s.data + SB_PE_CHECKSUM, 0x12345678);
	kx_put_le32(s.data + SB_PE_CERTIFICATES, (uint32_t)s.size);
	kx_put_le32(s.data + SB_PE_CERTIFICATES + 4, sizeof(signature));
	sample_append(&s, signature, sizeof(signature));
	assert_int_equal(crc(&s, true), 0);
	sample_free(&s);
}

/* 32-bit kernels: the fields of PE32 stand elsewhere. */
static void crc_of_signed_pe32(void **state)
{
	struct sample s = sample_bzimage();
	uint8_t *opt = s.data + SB_PE + 24;

	memset(opt, 0, 240);
	kx_put_le16(opt, 0x10b);
	kx_put_le32(opt + 92, 6);
	sample_seal(&s);
	kx_put_le32(opt + 64, 0x12345678);
	kx_put_le64(opt + 96 + 32, 0x1122334455667788);
	assert_int_equal(crc(&s, true), 0);
	sample_free(&s);
}

/* Where there is no such field, every byte counts. */
static void crc_without_pe_fields(void **state)
{
	static const struct {
		const char *defect;
		unsigned at;
		uint32_t value;
	} samples[] = {
		{ "no MZ", 0, 0 },
		{ "PE header outside", 0x3c, 0xfffffff0 },
		{ "no PE magic", SB_PE, 0 },
		{ "no optional header magic", SB_PE + 24, 0 },
		{ "no certificate entry", SB_PE + 24 + 108, 4 },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(samples); i++) {
		struct sample s = sample_bzimage();

		print_message("  %s\n", samples[i].defect);
		kx_put_le32(s.data + samples[i].at, samples[i].value);
		sample_seal(&s);
		assert_int_equal(crc(&s, true), 0);
		s.data[SB_PE_CHECKSUM] ^= 1;
		assert_int_equal(crc(&s, true), -EBADMSG);
		sample_free(&s);
	}
}

/* The header at the very end: magic and checksum are inside, the directory is not. */
static void crc_with_pe_header_cut_off(void **state)
{
	struct sample s = sample_bzimage();

	for (size_t before = 8; before < 300; before++) {
		struct sample copy = sample_new(s.size);
		size_t pe = s.size - before;

		memcpy(copy.data, s.data, s.size);
		memcpy(copy.data + pe, s.data + SB_PE, before < 200 ? before : 200);
		kx_put_le32(copy.data + 0x3c, (uint32_t)pe);
		sample_seal(&copy);
		assert_int_equal(crc(&copy, true), 0);
		sample_free(&copy);
	}
	sample_free(&s);
}

static void set_version_text(struct sample *s, const char *text)
{
	memset(s->data + SB_VERSION_TEXT, 0, 64);
	strcpy((char *)s->data + SB_VERSION_TEXT, text);
}

/* Who may go without a sum: a word that is none stands where it would. */
static void crc_absent(void **state)
{
	static const struct {
		const char *version_text;
		bool compressed;
		int code;
	} samples[] = {
		{ "7.2.13+deb14-cloud-amd64", true, 0 },
		{ "6.15.0", true, 0 },
		{ "6.15-rc1", true, 0 },
		{ "6.19.2", true, 0 },
		{ "10.0.1", true, 0 },
		{ "6.14.11", true, -EBADMSG },
		{ "6.1.0-50-amd64", true, -EBADMSG },
		{ "6.1.0-50-amd64", false, -EBADMSG },
		{ "5.10.0", true, -EBADMSG },
		{ "2.6.32", true, -EBADMSG },
		/* Not a version of Linux: a payload as Linux has it decides. */
		{ "", true, -EBADMSG },
		{ "6", true, -EBADMSG },
		{ "6.", true, -EBADMSG },
		{ "6,15", true, -EBADMSG },
		{ "", false, 0 },
		{ "Memtest86+ v6.10", false, 0 },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(samples); i++) {
		struct sample s = sample_bzimage();

		print_message("  \"%s\"\n", samples[i].version_text);
		set_version_text(&s, samples[i].version_text);
		if (!samples[i].compressed)
			kx_put_le32(s.data + SB_PAYLOAD_OFFSET, 0);
		kx_put_le32(s.data + s.size - 4, 0x11223344);
		assert_int_equal(crc(&s, false), samples[i].code);
		/* Whoever has a right one is checked by it; whoever has 0 has none. */
		kx_put_le32(s.data + s.size - 4, 0);
		assert_int_equal(crc(&s, false), 0);
		sample_seal(&s);
		assert_int_equal(crc(&s, true), 0);
		sample_free(&s);
	}
}

static void crc_before_2_08(void **state)
{
	struct sample s = sample_bzimage();

	kx_put_le16(s.data + SB_VERSION, 0x0207);
	assert_int_equal(crc(&s, false), 0);
	sample_seal(&s);
	assert_int_equal(crc(&s, false), 0);
	sample_free(&s);
}

/* ---- payload --------------------------------------------------------------------------------- */

static struct sample with_size(struct sample s, size_t size)
{
	sample_append_le32(&s, (uint32_t)size);
	return s;
}

static struct sample make_payload(unsigned codec, size_t size)
{
	struct sample text = sample_text(size);
	struct sample s = { 0 };

	switch (codec) {
	case 0:
		s = sample_gzip(text.data, size);
		break;
	case 1:
		s = with_size(sample_xz(text.data, size), size);
		break;
	case 2:
		s = with_size(sample_zstd(text.data, size), size);
		break;
	case 3:
		s = with_size(sample_lz4(text.data, size, 1 << 15), size);
		break;
	case 4:
		s = with_size(sample_lzma(text.data, size), size);
		break;
	case 5:
		s = with_size(sample_bzip2(text.data, size), size);
		break;
	}
	sample_free(&text);
	return s;
}

#define CODECS 6

static int payload(const struct sample *s, const char *text)
{
	struct kx_bzimage image = parsed(s);
	struct kx_error err = { 0 };
	int r = kx_bzimage_payload(&image, &err);

	if (r && !strstr(err.text, text))
		fail_msg("\"%s\" does not say \"%s\"", err.text, text);
	return r;
}

static void payload_right(void **state)
{
	for (unsigned codec = 0; codec < CODECS; codec++) {
		struct sample p = make_payload(codec, 200000);
		struct sample s = sample_bzimage_with(&p);

		assert_int_equal(payload(&s, ""), 0);
		sample_free(&p);
		sample_free(&s);
	}
}

static void payload_size_field_wrong(void **state)
{
	for (unsigned codec = 0; codec < CODECS; codec++) {
		struct sample p = make_payload(codec, 200000);
		struct sample s;

		kx_put_le32(p.data + p.size - 4, 200001);
		s = sample_bzimage_with(&p);
		/* gzip's own size field is part of its check. */
		assert_int_equal(payload(&s, codec ? "unpacks to less than the 200001" : "gzip"),
				 -EBADMSG);
		sample_free(&s);
		kx_put_le32(p.data + p.size - 4, 199999);
		s = sample_bzimage_with(&p);
		assert_int_equal(payload(&s, codec ? "unpacks to more than the 199999" : "gzip"),
				 -EBADMSG);
		sample_free(&s);
		sample_free(&p);
	}
}

static bool unpacks_to(const struct sample *p, const struct sample *text)
{
	struct kx_view in = kx_view_of(p->data, p->size);
	uint64_t size = 0, used = 0;
	struct kx_error err;
	uint8_t *out = NULL;
	bool same;

	if (kx_codec_unpack(kx_codec_find(in), in, 1 << 20, &out, &size, &used, &err))
		return false;
	same = size == text->size && !memcmp(out, text->data, size);
	free(out);
	return same;
}

/*
 * Either it is seen or it changes nothing, as in gzip's time of day. Not so with lz4 and LZMA, which sum nothing up: a
 * changed literal goes unseen there.
 */
static void payload_flipped_bits(void **state)
{
	struct sample text = sample_text(3000);

	for (unsigned codec = 0; codec < 3; codec++) {
		struct sample p = make_payload(codec, text.size);
		size_t harmless = 0;

		for (size_t at = 0; at < p.size; at++) {
			struct sample s;

			p.data[at] ^= 0x04;
			s = sample_bzimage_with(&p);
			if (payload(&s, "damaged bzImage") != -EBADMSG) {
				assert_true(unpacks_to(&p, &text));
				harmless++;
			}
			p.data[at] ^= 0x04;
			sample_free(&s);
		}
		assert_in_range(harmless, 0, 16);
		sample_free(&p);
	}
	sample_free(&text);
}

static void payload_larger_than_init_size(void **state)
{
	struct sample p = make_payload(0, 300000);
	struct sample s = sample_bzimage_with(&p);

	kx_put_le32(s.data + SB_INIT_SIZE, 299999);
	assert_int_equal(payload(&s, "300000 bytes, init_size leaves room for 299999"), -EBADMSG);
	sample_free(&p);
	sample_free(&s);
}

static void payload_of_other_kinds(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		int code;
	} samples[] = {
		{ "\177ELF\0\0\0\0", 8, 0 },
		{ "\0\0\0\0\0\0\0\0", 8, -EBADMSG },
		{ "XXXXXXXX", 8, -EBADMSG },
		{ "\037\213", 2, -EBADMSG },
	};

	for (size_t i = 0; i < KX_ARRAY_SIZE(samples); i++) {
		struct sample p = { 0 };
		struct sample s;

		sample_append(&p, samples[i].bytes, samples[i].size);
		s = sample_bzimage_with(&p);
		assert_int_equal(payload(&s, "payload is in no compression format"),
				 samples[i].code);
		sample_free(&p);
		sample_free(&s);
	}
}

/* Where syssize is too small, the end of the kernel would be missing. */
static void pe_sections_past_syssize(void **state)
{
	struct sample p = make_payload(0, 1000);
	struct sample s = sample_bzimage_with(&p);
	uint8_t *section = s.data + SB_PE + 24 + 160 + 40;
	uint32_t start = 0x600;

	kx_put_le16(s.data + SB_PE + 6, 2);
	kx_put_le16(s.data + SB_PE + 20, 160);
	for (int i = 0; i < 2; i++) {
		memcpy(section, i ? ".data\0\0" : ".text\0\0", 8);
		kx_put_le32(section + 20, start);
		kx_put_le32(section + 16, (uint32_t)s.size - start);
		assert_int_equal(payload(&s, ""), 0);
		kx_put_le32(section + 16, (uint32_t)s.size - start + 1);
		assert_int_equal(payload(&s, "by its PE header"), -EBADMSG);
		kx_put_le32(section + 16, UINT32_MAX);
		assert_int_equal(payload(&s, "by its PE header"), -EBADMSG);
	}
	/* What distributions append is no part of it. */
	memcpy(section, ".sbat\0\0", 8);
	assert_int_equal(payload(&s, ""), 0);
	/* Headers that are not there. */
	memcpy(section, ".data\0\0", 8);
	kx_put_le16(s.data + SB_PE + 6, 1);
	assert_int_equal(payload(&s, ""), 0);
	kx_put_le16(s.data + SB_PE + 6, 0xffff);
	kx_put_le16(s.data + SB_PE + 20, 0xffff);
	assert_int_equal(payload(&s, ""), 0);
	kx_put_le32(s.data + 0x3c, SB_SETUP_SIZE - 4);
	memcpy(s.data + SB_SETUP_SIZE - 4, "PE\0", 4);
	assert_int_equal(payload(&s, ""), 0);
	sample_free(&p);
	sample_free(&s);
}

static void no_payload(void **state)
{
	struct sample s = sample_bzimage();

	kx_put_le32(s.data + SB_PAYLOAD_OFFSET, 0);
	assert_int_equal(payload(&s, ""), 0);
	sample_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_of_2_15),
		cmocka_unit_test(defaults_of_older_protocols),
		cmocka_unit_test(setup_sects_0_means_4),
		cmocka_unit_test(before_2_04_the_file_tells_the_size),
		cmocka_unit_test(header_that_ends_early),
		cmocka_unit_test(longest_header),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(truncated_message_has_numbers),
		cmocka_unit_test(last_paragraph_not_filled_up),
		cmocka_unit_test(malformed),
		cmocka_unit_test(sixty_four_bit_entry_outside),
		cmocka_unit_test(absent_things),
		cmocka_unit_test(init_size_edges),
		cmocka_unit_test(alignment_of_a_fixed_kernel),
		cmocka_unit_test(kernel_version_outside_setup),
		cmocka_unit_test(kernel_version_without_nul),
		cmocka_unit_test(crc_right),
		cmocka_unit_test(crc_finds_every_flipped_bit),
		cmocka_unit_test(crc_mismatch_names_both_sums),
		cmocka_unit_test(crc_of_signed_image),
		cmocka_unit_test(crc_of_signed_pe32),
		cmocka_unit_test(crc_without_pe_fields),
		cmocka_unit_test(crc_with_pe_header_cut_off),
		cmocka_unit_test(crc_absent),
		cmocka_unit_test(crc_before_2_08),
		cmocka_unit_test(payload_right),
		cmocka_unit_test(payload_size_field_wrong),
		cmocka_unit_test(payload_flipped_bits),
		cmocka_unit_test(payload_larger_than_init_size),
		cmocka_unit_test(payload_of_other_kinds),
		cmocka_unit_test(pe_sections_past_syssize),
		cmocka_unit_test(no_payload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
