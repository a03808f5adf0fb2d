/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small dump in makedumpfile's compressed format, with the memory of a sample_vmcore. */
#ifndef KX_SAMPLE_KDUMP_H
#define KX_SAMPLE_KDUMP_H

#include <libdeflate.h>
#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/endian.h"
#include "sample_vmcore.h"

#define SAMPLE_BLOCK 4096u
enum { SAMPLE_ZLIB = 1, SAMPLE_LZO = 2, SAMPLE_SNAPPY = 4, SAMPLE_ZSTD = 0x20 };

/* As small as it gets: no blocks for the sub header, whose block so holds the bitmaps too. */
enum {
	SAMPLE_KDUMP_SUB = SAMPLE_BLOCK,
	SAMPLE_KDUMP_INFO = SAMPLE_KDUMP_SUB + 256,
	SAMPLE_KDUMP_BITMAP = SAMPLE_KDUMP_SUB + 2048,
	SAMPLE_KDUMP_DESCS = 2 * SAMPLE_BLOCK,
	SAMPLE_KDUMP_PAGES = SAMPLE_KDUMP_DESCS + 3 * 24,
};

struct sample_kdump {
	uint8_t data[6 * SAMPLE_BLOCK];
	size_t size;
};

/* Literals, and copies of the byte before. */
static inline size_t sample_snappy(const uint8_t *page, uint8_t *out)
{
	size_t at = 2, run;

	kx_put_le16(out, 0x2080); /* 4096, seven bits in a byte */
	for (size_t i = 0; i < SAMPLE_BLOCK; i += run) {
		run = 0;
		while (i && run < 60 && i + run < SAMPLE_BLOCK && page[i + run] == page[i - 1])
			run++;
		if (run) {
			out[at] = (uint8_t)((run - 1) << 2 | 2);
			kx_put_le16(out + at + 1, 1);
			at += 3;
		} else {
			run = 1;
			out[at++] = 0;
			out[at++] = page[i];
		}
	}
	return at;
}

static inline size_t sample_zlib(const uint8_t *page, uint8_t *out, size_t room)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(1);
	size_t size = c ? libdeflate_zlib_compress(c, page, SAMPLE_BLOCK, out, room) : 0;

	libdeflate_free_compressor(c);
	return size;
}

/* How many bytes it becomes; 0 when it cannot be done. */
static inline size_t sample_pack(const uint8_t *page, unsigned packing, uint8_t *out, size_t room)
{
	static uint8_t work[LZO1X_1_MEM_COMPRESS];
	lzo_uint lzo_size = room;

	switch (packing) {
	case SAMPLE_ZLIB:
		return sample_zlib(page, out, room);
	case SAMPLE_LZO:
		lzo1x_1_compress(page, SAMPLE_BLOCK, out, &lzo_size, work);
		return lzo_size;
	case SAMPLE_SNAPPY:
		return sample_snappy(page, out);
	case SAMPLE_ZSTD:
		return ZSTD_compress(out, room, page, SAMPLE_BLOCK, 1);
	default:
		memcpy(out, page, SAMPLE_BLOCK);
		return SAMPLE_BLOCK;
	}
}

/* The two pages of memory, and one before them. */
static inline void sample_compress(struct sample_kdump *c, const struct sample_vmcore *s,
				   unsigned packing)
{
	size_t at = SAMPLE_KDUMP_PAGES, size = 0;

	memset(c, 0, sizeof(*c));
	memcpy(c->data, "KDUMP   ", 8);
	kx_put_le32(c->data + 8, 6);
	memcpy(c->data + 12 + 4 * 65, "x86_64", 6);
	kx_put_le32(c->data + 428, SAMPLE_BLOCK);
	kx_put_le32(c->data + 436, 1);
	kx_put_le64(c->data + SAMPLE_KDUMP_SUB + 32, SAMPLE_KDUMP_INFO);
	kx_put_le64(c->data + SAMPLE_KDUMP_SUB + 40, s->info_size);
	memcpy(c->data + SAMPLE_KDUMP_INFO, s->data + SAMPLE_INFO, s->info_size);
	c->data[SAMPLE_KDUMP_BITMAP] = 1 << 3;
	c->data[SAMPLE_KDUMP_BITMAP + SAMPLE_PHYS / SAMPLE_BLOCK / 8] = 3;
	for (size_t i = 0; i < 3; i++) {
		uint8_t *desc = c->data + SAMPLE_KDUMP_DESCS + i * 24, page[SAMPLE_BLOCK] = { 0 };
		size_t from = i == 2 ? SAMPLE_BLOCK : 0;

		memcpy(page, s->data + SAMPLE_FILE + from,
		       i == 2 ? SAMPLE_RAM - from : SAMPLE_BLOCK);
		/* The first one, which nobody reads, is the second once more. */
		if (i != 1) {
			at += size;
			size = sample_pack(page, packing, c->data + at, sizeof(c->data) - at);
		}
		kx_put_le64(desc, at);
		kx_put_le32(desc + 8, (uint32_t)size);
		kx_put_le32(desc + 12, packing);
	}
	at += size;
	c->size = at;
}

#endif
