/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed samples, made at test time with each codec's own library. */
#ifndef SAMPLE_COMPRESS_H
#define SAMPLE_COMPRESS_H

#include <assert.h>
#include <bzlib.h>
#include <libdeflate.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzo/lzo1x.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/endian.h"

/* malloc'ed bytes, owned by the test. */
struct sample {
	uint8_t *data;
	size_t size;
};

static inline struct sample sample_new(size_t room)
{
	struct sample s = { calloc(1, room + 1), room };

	assert(s.data);
	return s;
}

static inline void sample_free(struct sample *s)
{
	free(s->data);
	*s = (struct sample){ 0 };
}

static inline void sample_append(struct sample *s, const void *data, size_t size)
{
	s->data = realloc(s->data, s->size + size + 1);
	assert(s->data);
	memcpy(s->data + s->size, data, size);
	s->size += size;
}

/* Text that compresses, but not to nothing. */
static inline struct sample sample_text(size_t size)
{
	struct sample s = sample_new(size);
	uint32_t state = 1;

	for (size_t i = 0; i < size; i++) {
		state = state * 1103515245 + 12345;
		s.data[i] = "the quick brown fox"[(state >> 16) % 19];
	}
	return s;
}

/* A newc archive with nothing but its trailer, and padding up to @size, which compresses well. */
static inline struct sample sample_archive(size_t size)
{
	static const char trailer[] = "070701000000000000000000000000000000000000000000000000"
				      "0000000000000000000000000000000000000000"
				      "0000000b00000000TRAILER!!!";
	struct sample s = sample_new(size);

	memset(s.data, 0, size);
	memcpy(s.data, trailer, sizeof(trailer));
	return s;
}

static inline struct sample sample_gzip(const void *data, size_t size)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(9);
	struct sample s = sample_new(size + 1024);

	assert(c);
	s.size = libdeflate_gzip_compress(c, data, size, s.data, s.size);
	assert(s.size);
	libdeflate_free_compressor(c);
	return s;
}

static inline struct sample sample_lzma_with(lzma_stream *strm, const void *data, size_t size)
{
	struct sample s = sample_new(size + 1024);

	strm->next_in = data;
	strm->avail_in = size;
	strm->next_out = s.data;
	strm->avail_out = s.size;
	assert(lzma_code(strm, LZMA_FINISH) == LZMA_STREAM_END);
	s.size = strm->total_out;
	lzma_end(strm);
	return s;
}

static inline struct sample sample_xz(const void *data, size_t size)
{
	lzma_stream strm = LZMA_STREAM_INIT;

	assert(lzma_easy_encoder(&strm, 0, LZMA_CHECK_CRC32) == LZMA_OK);
	return sample_lzma_with(&strm, data, size);
}

static inline struct sample sample_lzma(const void *data, size_t size)
{
	lzma_stream strm = LZMA_STREAM_INIT;
	lzma_options_lzma options;

	assert(!lzma_lzma_preset(&options, 0));
	options.dict_size = 1 << 20;
	assert(lzma_alone_encoder(&strm, &options) == LZMA_OK);
	return sample_lzma_with(&strm, data, size);
}

static inline struct sample sample_zstd(const void *data, size_t size)
{
	struct sample s = sample_new(ZSTD_compressBound(size));
	ZSTD_CCtx *context = ZSTD_createCCtx();

	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	s.size = ZSTD_compress2(context, s.data, s.size, data, size);
	assert(!ZSTD_isError(s.size));
	ZSTD_freeCCtx(context);
	return s;
}

static inline struct sample sample_bzip2(const void *data, size_t size)
{
	struct sample s = sample_new(size + size / 100 + 1024);
	unsigned used = (unsigned)s.size;

	assert(BZ2_bzBuffToBuffCompress((char *)s.data, &used, (char *)(uintptr_t)data,
					(unsigned)size, 1, 0, 0) == BZ_OK);
	s.size = used;
	return s;
}

/* With a checksum over the content, as lz4(1) writes it. */
static inline struct sample sample_lz4_frame(const void *data, size_t size)
{
	LZ4F_preferences_t preferences = { .frameInfo.contentChecksumFlag =
						   LZ4F_contentChecksumEnabled };
	struct sample s = sample_new(LZ4F_compressFrameBound(size, &preferences));

	s.size = LZ4F_compressFrame(s.data, s.size, data, size, &preferences);
	assert(!LZ4F_isError(s.size));
	return s;
}

/* The legacy frame, in blocks of @block bytes instead of 8 MiB. */
static inline struct sample sample_lz4(const void *data, size_t size, size_t block)
{
	struct sample s = sample_new(4);

	kx_put_le32(s.data, 0x184c2102);
	for (size_t at = 0; at < size; at += block) {
		int part = (int)(size - at < block ? size - at : block);
		struct sample out = sample_new((size_t)LZ4_compressBound(part) + 4);
		int got = LZ4_compress_default((const char *)data + at, (char *)out.data + 4, part,
					       (int)out.size - 4);

		assert(got > 0);
		kx_put_le32(out.data, (uint32_t)got);
		sample_append(&s, out.data, (size_t)got + 4);
		sample_free(&out);
	}
	return s;
}

static inline void sample_append_be32(struct sample *s, uint32_t value)
{
	uint8_t be[4] = { value >> 24, value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff };

	sample_append(s, be, sizeof(be));
}

/* As lzop -1 does it, in blocks of @block bytes, with an Adler-32 of each. */
static inline struct sample sample_lzo(const void *data, size_t size, size_t block)
{
	/* Magic, versions 0x1030, 0x2080, 0x0940, method 1, level 5, flags 1, mode, time, name "k", no sum. */
	static const char header[] = "\x89LZO\0\r\n\x1a\n\x10\x30\x20\x80\x09\x40\x01\x05\0\0\0\1"
				     "\0\0\x81\xa4\0\0\0\0\0\0\0\0\x01k\0\0\0\0";
	struct sample s = sample_new(0), work = sample_new(LZO1X_1_MEM_COMPRESS);

	sample_append(&s, header, sizeof(header) - 1);
	for (size_t at = 0; at < size; at += block) {
		size_t part = size - at < block ? size - at : block;
		const uint8_t *from = (const uint8_t *)data + at;
		struct sample out = sample_new(part + part / 16 + 64 + 3);

		assert(lzo1x_1_compress(from, part, out.data, &out.size, work.data) == LZO_E_OK);
		sample_append_be32(&s, (uint32_t)part);
		sample_append_be32(&s, (uint32_t)(out.size < part ? out.size : part));
		sample_append_be32(&s, libdeflate_adler32(1, from, part));
		sample_append(&s, out.size < part ? out.data : from,
			      out.size < part ? out.size : part);
		sample_free(&out);
	}
	sample_append_be32(&s, 0);
	sample_free(&work);
	return s;
}

/* What the kernel's build puts behind every stream but gzip's. */
static inline void sample_append_le32(struct sample *s, uint32_t value)
{
	uint8_t le[4];

	kx_put_le32(le, value);
	sample_append(s, le, sizeof(le));
}

#endif
