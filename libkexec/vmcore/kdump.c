// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * makedumpfile's compressed format, "kdump-compressed" (makedumpfile's IMPLEMENTATION file and diskdump_mod.h), as written on
 * little-endian machines of 64 bits: a header, a sub header, two bitmaps with a bit for each page frame (is it memory; is it
 * in the dump), and a descriptor for each page that is in the dump.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <libdeflate.h>
#include <lzo/lzo1x.h>
#include <string.h>
#include <zstd.h>

#include "base/endian.h"
#include "base/overflow.h"
#include "core.h"
#include "util.h"

#define SIGNATURE "KDUMP   "

/* struct disk_dump_header. */
enum {
	HEADER_VERSION = 8,
	HEADER_MACHINE = 12 + 4 * 65, /* utsname.machine; a name takes 65 bytes */
	HEADER_BLOCK_SIZE = 428,
	HEADER_SUB_BLOCKS = 432,
	HEADER_BITMAP_BLOCKS = 436,
	HEADER_SIZE = 464,
};

/* struct kdump_sub_header; whether it is a part since version 2 of the header, where VMCOREINFO is since version 3. */
enum {
	SUB_PHYS_BASE = 0,
	SUB_SPLIT = 12,
	SUB_INFO = 32,
	SUB_INFO_SIZE = 40,
	SUB_SIZE = 48,
	VERSION_WITH_SPLIT = 2,
	VERSION_WITH_INFO = 3,
};

/* struct page_desc. */
enum { DESC_OFFSET = 0, DESC_SIZE = 8, DESC_FLAGS = 12, DESC_BYTES = 24 };

/* Its flags; none: as it is. */
enum { ZLIB = 0x01, LZO = 0x02, SNAPPY = 0x04, ZSTD = 0x20 };

#define BLOCK_MAX 65536u
/* The pages before every so many bytes of bitmap are counted once. */
#define RANK_STEP (UINT64_C(1) << 16)

/**
 * struct kx_vmcore_kdump
 * @bitmap: where the second one is in the file; @bitmap_size: of one, in bytes
 * @descs: where the page descriptors are
 * @ranks: pages in the dump before each RANK_STEP of the bitmap; @rank_count of them are known so far
 * @page: of page @number, when @has_page; it, and @packed, have room for a block
 */
struct kx_vmcore_kdump {
	uint64_t bitmap, bitmap_size, descs;
	uint64_t *ranks;
	size_t rank_count;
	uint32_t block;
	bool has_page;
	uint64_t number;
	uint8_t *page, *packed;
	struct libdeflate_decompressor *inflate;
};

void kx_kdump_free(struct kx_vmcore_kdump *kdump)
{
	if (!kdump)
		return;
	free(kdump->ranks);
	free(kdump->page);
	free(kdump->packed);
	libdeflate_free_decompressor(kdump->inflate);
	free(kdump);
}

static uint16_t machine_of(const uint8_t *header)
{
	return memcmp(header + HEADER_MACHINE, "x86_64", sizeof("x86_64")) ? EM_NONE : EM_X86_64;
}

static int lay_out(const struct kx_vmcore *core, const uint8_t *header, struct kx_error *err)
{
	struct kx_vmcore_kdump *kdump = core->kdump;
	uint64_t sub = kx_le32(header + HEADER_SUB_BLOCKS);
	uint64_t bitmaps = kx_le32(header + HEADER_BITMAP_BLOCKS);

	kdump->block = kx_le32(header + HEADER_BLOCK_SIZE);
	if (!kx_is_pow2(kdump->block) || kdump->block < KX_VMCORE_PAGE || kdump->block > BLOCK_MAX)
		return kx_fail(err, EOPNOTSUPP,
			       "compressed dump with blocks of %" PRIu32
			       " bytes, need 4096 to 65536: it is malformed, or of a machine of 32 "
			       "bits or with big-endian byte order",
			       kdump->block);
	kdump->bitmap_size = bitmaps * kdump->block / 2;
	kdump->bitmap = (1 + sub) * kdump->block + kdump->bitmap_size;
	kdump->descs = kdump->bitmap + kdump->bitmap_size;
	if (kdump->descs > core->io.size)
		return kx_fail(err, EBADMSG,
			       "truncated compressed dump: %" PRIu64 " bytes, need %" PRIu64
			       " for its bitmaps alone; copy the dump again",
			       core->io.size, kdump->descs);
	return 0;
}

static int allocate(struct kx_vmcore_kdump *kdump, struct kx_error *err)
{
	uint64_t steps = kdump->bitmap_size / RANK_STEP + 1;

	kdump->ranks = calloc(steps, sizeof(*kdump->ranks));
	kdump->page = malloc(kdump->block);
	kdump->packed = malloc(kdump->block);
	kdump->inflate = libdeflate_alloc_decompressor();
	if (!kdump->ranks || !kdump->page || !kdump->packed || !kdump->inflate)
		return kx_fail(err, ENOMEM, "no memory to read a compressed dump");
	kdump->rank_count = 1;
	return 0;
}

int kx_kdump_open(struct kx_vmcore *core, struct kx_error *err)
{
	uint8_t header[HEADER_SIZE], sub[SUB_SIZE];
	uint32_t version;
	int r;

	if (kx_vmcore_read_file(core, 0, header, sizeof(SIGNATURE) - 1) < 0 ||
	    memcmp(header, SIGNATURE, sizeof(SIGNATURE) - 1) != 0)
		return -ENOEXEC;
	if (kx_vmcore_read_file(core, 0, header, sizeof(header)) < 0)
		return kx_fail(err, EBADMSG,
			       "truncated compressed dump: not even its header is there");
	core->kdump = calloc(1, sizeof(*core->kdump));
	if (!core->kdump)
		return kx_fail(err, ENOMEM, "no memory to read a compressed dump");
	r = lay_out(core, header, err);
	if (!r)
		r = allocate(core->kdump, err);
	if (r < 0)
		return r;
	core->wide_file = true;
	core->machine = machine_of(header);
	if (kx_vmcore_read_file(core, core->kdump->block, sub, sizeof(sub)) < 0)
		return kx_fail(err, EBADMSG,
			       "truncated compressed dump: its sub header is missing");
	version = kx_le32(header + HEADER_VERSION);
	/* Each part has the bitmaps of the whole, and descriptors of its own pages only. */
	if (version >= VERSION_WITH_SPLIT && kx_le32(sub + SUB_SPLIT))
		return kx_fail(err, EOPNOTSUPP,
			       "one of several parts of a dump, need the whole; put them together "
			       "with makedumpfile --reassemble");
	core->phys_base = kx_le64(sub + SUB_PHYS_BASE);
	core->has_phys_base = true;
	if (version < VERSION_WITH_INFO)
		return 0;
	r = kx_vmcore_keep_info(core, kx_le64(sub + SUB_INFO), kx_le64(sub + SUB_INFO_SIZE));
	return r == -ENOMEM ? kx_fail(err, ENOMEM, "no memory for VMCOREINFO") : 0;
}

/* Adds the bits that are set in [@from, @to) of the bitmap. */
static int count_bits(struct kx_vmcore *core, uint64_t from, uint64_t to, uint64_t *count)
{
	uint8_t bytes[512];

	while (from < to) {
		size_t size = to - from < sizeof(bytes) ? (size_t)(to - from) : sizeof(bytes);
		int r = kx_vmcore_read_file(core, core->kdump->bitmap + from, bytes, size);

		if (r < 0)
			return r;
		for (size_t i = 0; i < size; i++)
			*count += (unsigned)__builtin_popcount(bytes[i]);
		from += size;
	}
	return 0;
}

/* The pages in the dump before the byte @at of the bitmap. */
static int rank_of(struct kx_vmcore *core, uint64_t at, uint64_t *ret)
{
	struct kx_vmcore_kdump *kdump = core->kdump;
	uint64_t step = at / RANK_STEP, count;
	int r;

	while (kdump->rank_count <= step) {
		count = kdump->ranks[kdump->rank_count - 1];
		r = count_bits(core, (kdump->rank_count - 1) * RANK_STEP,
			       kdump->rank_count * RANK_STEP, &count);
		if (r < 0)
			return r;
		kdump->ranks[kdump->rank_count++] = count;
	}
	count = kdump->ranks[step];
	r = count_bits(core, step * RANK_STEP, at, &count);
	if (!r)
		*ret = count;
	return r;
}

/* -ENODATA for a page that was left out. */
static int read_desc(struct kx_vmcore *core, uint64_t number, uint8_t *desc)
{
	struct kx_vmcore_kdump *kdump = core->kdump;
	uint64_t at = number / 8, index = 0;
	unsigned bit = number % 8;
	uint8_t byte;
	int r;

	if (at >= kdump->bitmap_size)
		return -ENODATA;
	r = kx_vmcore_read_file(core, kdump->bitmap + at, &byte, 1);
	if (!r && !(byte >> bit & 1))
		r = -ENODATA;
	if (!r)
		r = rank_of(core, at, &index);
	if (r < 0)
		return r;
	index += (unsigned)__builtin_popcount(byte & ((1u << bit) - 1));
	return kx_vmcore_read_file(core, kdump->descs + index * DESC_BYTES, desc, DESC_BYTES);
}

/* Did the packed bytes make a whole page? */
static bool unpack(struct kx_vmcore_kdump *kdump, uint32_t flags, uint32_t size)
{
	lzo_uint lzo_size = kdump->block;

	switch (flags & (ZLIB | LZO | SNAPPY | ZSTD)) {
	case 0:
		memcpy(kdump->page, kdump->packed, size);
		return size == kdump->block;
	case ZLIB:
		/* Without an actual size to return, it wants just as much as there is room for. */
		return libdeflate_zlib_decompress(kdump->inflate, kdump->packed, size, kdump->page,
						  kdump->block, NULL) == LIBDEFLATE_SUCCESS;
	case LZO:
		return lzo1x_decompress_safe(kdump->packed, size, kdump->page, &lzo_size, NULL) ==
			       LZO_E_OK &&
		       lzo_size == kdump->block;
	case ZSTD:
		return ZSTD_decompress(kdump->page, kdump->block, kdump->packed, size) ==
		       kdump->block;
	default:
		return kx_snappy_page(kx_view_of(kdump->packed, size), kdump->page, kdump->block);
	}
}

static int load_page(struct kx_vmcore *core, uint64_t number)
{
	struct kx_vmcore_kdump *kdump = core->kdump;
	uint8_t desc[DESC_BYTES];
	uint32_t size;
	int r;

	if (kdump->has_page && kdump->number == number)
		return 0;
	r = read_desc(core, number, desc);
	if (r < 0)
		return r;
	size = kx_le32(desc + DESC_SIZE);
	if (size > kdump->block)
		return -ENODATA;
	kdump->has_page = false;
	r = kx_vmcore_read_file(core, kx_le64(desc + DESC_OFFSET), kdump->packed, size);
	if (r < 0)
		return r;
	if (!unpack(kdump, kx_le32(desc + DESC_FLAGS), size))
		return -ENODATA;
	kdump->has_page = true;
	kdump->number = number;
	return 0;
}

int kx_kdump_read(struct kx_vmcore *core, uint64_t pa, void *to, size_t size)
{
	struct kx_vmcore_kdump *kdump = core->kdump;
	uint8_t *out = to;

	while (size) {
		size_t in = pa % kdump->block, part = kdump->block - in;

		if (load_page(core, pa / kdump->block) < 0)
			return -ENODATA;
		part = part < size ? part : size;
		memcpy(out, kdump->page + in, part);
		out += part;
		pa += part;
		size -= part;
	}
	return 0;
}
