/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A valid bzImage of a few KiB: MZ/PE header, setup header of boot protocol 2.15, kernel_info, a compressed payload.
 * Tests then set fields to other values, by the offsets of Documentation/x86/boot.rst.
 */
#ifndef SAMPLE_BZIMAGE_H
#define SAMPLE_BZIMAGE_H

#include "sample_compress.h"

enum {
	SB_PE = 0x40,
	SB_PE_CHECKSUM = SB_PE + 24 + 64,
	SB_PE_CERTIFICATES = SB_PE + 24 + 112 + 4 * 8,

	SB_SETUP_SECTS = 0x1f1,
	SB_SYSSIZE = 0x1f4,
	SB_BOOT_FLAG = 0x1fe,
	SB_JUMP = 0x200,
	SB_HEADER = 0x202,
	SB_VERSION = 0x206,
	SB_KERNEL_VERSION = 0x20e,
	SB_LOADFLAGS = 0x211,
	SB_CODE32_START = 0x214,
	SB_INITRD_ADDR_MAX = 0x22c,
	SB_KERNEL_ALIGNMENT = 0x230,
	SB_RELOCATABLE_KERNEL = 0x234,
	SB_MIN_ALIGNMENT = 0x235,
	SB_XLOADFLAGS = 0x236,
	SB_CMDLINE_SIZE = 0x238,
	SB_PAYLOAD_OFFSET = 0x248,
	SB_PAYLOAD_LENGTH = 0x24c,
	SB_PREF_ADDRESS = 0x258,
	SB_INIT_SIZE = 0x260,
	SB_HANDOVER_OFFSET = 0x264,
	SB_KERNEL_INFO_OFFSET = 0x268,

	/* In the file. */
	SB_VERSION_TEXT = 0x300,
	SB_SETUP_SIZE = 5 * 512,
	/* In the protected-mode code. */
	SB_KERNEL_INFO = 0x400,
	SB_PAYLOAD = 0x600,
};

/* Bit by bit, so that it shares nothing with what is tested; without the final inversion. */
static inline uint32_t sample_crc(const uint8_t *p, size_t size)
{
	uint32_t crc = 0xffffffff;

	while (size--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

/* setup + syssize * 16, without what signing may have appended. */
static inline size_t sample_body(const struct sample *s)
{
	return SB_SETUP_SIZE + (size_t)kx_le32(s->data + SB_SYSSIZE) * 16;
}

/* Writes the CRC-32 of what is there now. */
static inline void sample_seal(struct sample *s)
{
	size_t at = sample_body(s) - 4;

	kx_put_le32(s->data + at, sample_crc(s->data, at));
}

static inline void sample_pe_header(uint8_t *p)
{
	memcpy(p, "MZ", 2);
	kx_put_le32(p + 0x3c, SB_PE);
	memcpy(p + SB_PE, "PE\0", 4);
	kx_put_le16(p + SB_PE + 4, 0x8664);   /* Machine: x64 */
	kx_put_le16(p + SB_PE + 24, 0x20b);   /* Magic: PE32+ */
	kx_put_le32(p + SB_PE + 24 + 108, 6); /* NumberOfRvaAndSizes */
}

static inline void sample_setup_header(uint8_t *p, size_t payload_size)
{
	p[SB_SETUP_SECTS] = 4;
	kx_put_le16(p + SB_BOOT_FLAG, 0xaa55);
	p[SB_JUMP] = 0xeb;
	p[SB_JUMP + 1] = 0x6a;
	memcpy(p + SB_HEADER, "HdrS", 4);
	kx_put_le16(p + SB_VERSION, 0x020f);
	kx_put_le16(p + SB_KERNEL_VERSION, SB_VERSION_TEXT - 0x200);
	p[SB_LOADFLAGS] = 0x01;
	kx_put_le32(p + SB_CODE32_START, 0x100000);
	kx_put_le32(p + SB_INITRD_ADDR_MAX, 0x7fffffff);
	kx_put_le32(p + SB_KERNEL_ALIGNMENT, 0x200000);
	p[SB_RELOCATABLE_KERNEL] = 1;
	p[SB_MIN_ALIGNMENT] = 21;
	kx_put_le16(p + SB_XLOADFLAGS, 0x7f);
	kx_put_le32(p + SB_CMDLINE_SIZE, 2047);
	kx_put_le32(p + SB_PAYLOAD_OFFSET, SB_PAYLOAD);
	kx_put_le32(p + SB_PAYLOAD_LENGTH, (uint32_t)payload_size);
	kx_put_le64(p + SB_PREF_ADDRESS, 0x1000000);
	kx_put_le32(p + SB_INIT_SIZE, 0x100000);
	kx_put_le32(p + SB_HANDOVER_OFFSET, 0x300);
	kx_put_le32(p + SB_KERNEL_INFO_OFFSET, SB_KERNEL_INFO);
	strcpy((char *)p + SB_VERSION_TEXT, "6.1.0-1-test (somebody@nowhere) #1 SMP");
}

/* @payload with its size field; sealed. */
static inline struct sample sample_bzimage_with(const struct sample *payload)
{
	size_t code = (SB_PAYLOAD + payload->size + 4 + 15) / 16 * 16;
	struct sample s = sample_new(SB_SETUP_SIZE + code);
	uint8_t *kernel = s.data + SB_SETUP_SIZE;

	sample_pe_header(s.data);
	sample_setup_header(s.data, payload->size);
	kx_put_le32(s.data + SB_SYSSIZE, (uint32_t)(code / 16));
	memset(kernel, 0x90, SB_KERNEL_INFO);
	memcpy(kernel + SB_KERNEL_INFO, "LToP", 4);
	memcpy(kernel + SB_PAYLOAD, payload->data, payload->size);
	sample_seal(&s);
	return s;
}

static inline struct sample sample_bzimage(void)
{
	struct sample text = sample_text(5000);
	struct sample payload = sample_gzip(text.data, text.size);
	struct sample s = sample_bzimage_with(&payload);

	sample_free(&text);
	sample_free(&payload);
	return s;
}

#endif
