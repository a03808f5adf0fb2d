/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Valid PE files with any sections, as objcopy(1) lays them out: contents padded to 512 bytes. */
#ifndef SAMPLE_PE_H
#define SAMPLE_PE_H

#include "sample_compress.h"

enum {
	SP_PE = 0x80,
	SP_SECTION_COUNT = SP_PE + 6,
	SP_OPTIONAL_SIZE = SP_PE + 20,
	SP_OPTIONAL = SP_PE + 24,
	SP_OPTIONAL_BYTES = 160,
	SP_DIRECTORIES = SP_OPTIONAL + 108,
	SP_CERTIFICATES = SP_OPTIONAL + 112 + 4 * 8,
	SP_SECTIONS = SP_OPTIONAL + SP_OPTIONAL_BYTES,
	SP_SECTION_SIZE = 40,
	SP_BLOCK = 512,
	SP_CONTENT = 0x1000, /* where the first section's content is: room for 94 headers */
};

static inline struct sample sample_pe(uint16_t machine)
{
	struct sample s = sample_new(SP_CONTENT);

	memcpy(s.data, "MZ", 2);
	kx_put_le32(s.data + 0x3c, SP_PE);
	memcpy(s.data + SP_PE, "PE\0", 4);
	kx_put_le16(s.data + SP_PE + 4, machine);
	kx_put_le16(s.data + SP_OPTIONAL_SIZE, SP_OPTIONAL_BYTES);
	kx_put_le16(s.data + SP_OPTIONAL, 0x20b);
	kx_put_le32(s.data + SP_DIRECTORIES, 6);
	return s;
}

/* Where the header of section @i stands. */
static inline size_t sample_pe_header_at(unsigned i)
{
	return SP_SECTIONS + (size_t)i * SP_SECTION_SIZE;
}

static inline void sample_pe_section(struct sample *s, const char *name, const void *data,
				     size_t size)
{
	static const uint8_t zeros[SP_BLOCK];
	uint16_t count = kx_le16(s->data + SP_SECTION_COUNT);
	size_t at = s->size, padding = (SP_BLOCK - size % SP_BLOCK) % SP_BLOCK;
	uint8_t *header;

	sample_append(s, data, size);
	sample_append(s, zeros, padding);
	header = s->data + sample_pe_header_at(count);
	memcpy(header, name, strlen(name) < 8 ? strlen(name) : 8);
	kx_put_le32(header + 8, (uint32_t)size);
	kx_put_le32(header + 16, (uint32_t)(size + padding));
	kx_put_le32(header + 20, (uint32_t)at);
	kx_put_le16(s->data + SP_SECTION_COUNT, (uint16_t)(count + 1));
}

static inline void sample_pe_text(struct sample *s, const char *name, const char *text)
{
	sample_pe_section(s, name, text, strlen(text));
}

/* @size bytes of certificates at the end. */
static inline void sample_pe_sign(struct sample *s, size_t size)
{
	struct sample certificate = sample_new(size);

	kx_put_le32(s->data + SP_CERTIFICATES, (uint32_t)s->size);
	kx_put_le32(s->data + SP_CERTIFICATES + 4, (uint32_t)size);
	sample_append(s, certificate.data, size);
	sample_free(&certificate);
}

#endif
