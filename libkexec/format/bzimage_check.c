// SPDX-License-Identifier: LGPL-2.1-or-later
/* Is the content of a bzImage what its maker wrote? */
#include "bzimage.h"

#include <errno.h>
#include <inttypes.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/overflow.h"
#include "compress/compress.h"
#include "util.h"

#define LARGE_PAGE (UINT64_C(2) << 20)

/* The first Linux that stores no sum. */
#define NO_CRC_MAJOR 6
#define NO_CRC_MINOR 15

/*
 * Microsoft PE format: "MS-DOS Stub", "COFF File Header", "Optional Header Standard Fields", "Optional Header
 * Windows-Specific Fields", "Optional Header Data Directories", "Section Table".
 */
enum {
	DOS_PE_OFFSET = 0x3c,
	/* From the PE magic on. */
	PE_SECTION_COUNT = 6,
	PE_OPTIONAL_SIZE = 20,
	PE_OPTIONAL_HEADER = 24,
	/* In the optional header. */
	OPT_MAGIC_PE32 = 0x10b,
	OPT_MAGIC_PE32_PLUS = 0x20b,
	OPT_CHECKSUM = 64,
	OPT_DIRECTORIES_PE32 = 96,
	OPT_DIRECTORIES_PE32_PLUS = 112,
	CERTIFICATE_DIRECTORY = 4,
	DIRECTORY_SIZE = 8,
	/* In a section header. */
	SECTION_HEADER_SIZE = 40,
	SECTION_NAME_SIZE = 8,
	SECTION_RAW_SIZE = 16,
	SECTION_RAW_OFFSET = 20,
};

/* Offset of "PE\0\0" in @image; false if there is none. */
static bool find_pe(struct kx_view image, uint64_t *ret)
{
	uint32_t pe;

	if (!kx_view_equals(image, 0, "MZ", 2) || !kx_view_le32(image, DOS_PE_OFFSET, &pe) ||
	    !kx_view_equals(image, pe, "PE\0", 4))
		return false;
	*ret = pe;
	return true;
}

static uint32_t crc_over(uint32_t crc, struct kx_view v)
{
	return libdeflate_crc32(crc, v.data, v.size);
}

static uint32_t crc_over_zeros(uint32_t crc, size_t count)
{
	static const uint8_t zeros[DIRECTORY_SIZE];

	return libdeflate_crc32(crc, zeros, count);
}

/* What signing rewrites, as offsets in the file. */
struct signed_fields {
	uint64_t checksum;
	uint64_t certificates;
};

/* false if there is no PE header with both fields. */
static bool find_signed_fields(struct kx_view image, struct signed_fields *ret)
{
	uint64_t pe, opt, table;
	uint32_t directories;
	uint16_t magic;

	if (!find_pe(image, &pe))
		return false;
	opt = pe + PE_OPTIONAL_HEADER;
	if (!kx_view_le16(image, opt, &magic) ||
	    (magic != OPT_MAGIC_PE32 && magic != OPT_MAGIC_PE32_PLUS))
		return false;
	table = opt + (magic == OPT_MAGIC_PE32 ? OPT_DIRECTORIES_PE32 : OPT_DIRECTORIES_PE32_PLUS);
	/* NumberOfRvaAndSizes stands right before the table. */
	if (!kx_view_le32(image, table - 4, &directories) || directories <= CERTIFICATE_DIRECTORY)
		return false;
	ret->checksum = opt + OPT_CHECKSUM;
	ret->certificates = table + CERTIFICATE_DIRECTORY * DIRECTORY_SIZE;
	return kx_view_has(image, ret->certificates, DIRECTORY_SIZE);
}

static uint32_t image_crc(struct kx_view image)
{
	struct signed_fields field;
	struct kx_view head, middle, tail;
	uint32_t crc;

	if (!find_signed_fields(image, &field) || !kx_view_sub(image, 0, field.checksum, &head) ||
	    !kx_view_sub(image, field.checksum + 4, field.certificates - field.checksum - 4,
			 &middle) ||
	    !kx_view_from(image, field.certificates + DIRECTORY_SIZE, &tail))
		return crc_over(0, image);
	crc = crc_over_zeros(crc_over(0, head), 4);
	crc = crc_over_zeros(crc_over(crc, middle), DIRECTORY_SIZE);
	return crc_over(crc, tail);
}

/* A decimal number at *@at, moving it behind; false if there is none. */
static bool read_number(struct kx_view text, size_t *at, unsigned *ret)
{
	unsigned n = 0;
	size_t i = *at;

	while (i < text.size && text.data[i] >= '0' && text.data[i] <= '9' && n < 1000)
		n = n * 10 + (text.data[i++] - '0');
	if (i == *at)
		return false;
	*at = i;
	*ret = n;
	return true;
}

/* Does Linux of this version, or a file of this kind, carry a sum? kx_bzimage_crc() has the rule and its reasons. */
static bool may_carry_crc(const struct kx_bzimage *image)
{
	unsigned major, minor;
	size_t at = 0;

	if (read_number(image->kernel_version, &at, &major) &&
	    kx_view_equals(image->kernel_version, at++, ".", 1) &&
	    read_number(image->kernel_version, &at, &minor))
		return major < NO_CRC_MAJOR || (major == NO_CRC_MAJOR && minor < NO_CRC_MINOR);
	return image->compressed.size > 0;
}

int kx_bzimage_crc(struct kx_view file, const struct kx_bzimage *image, bool *ret_checked,
		   struct kx_error *err)
{
	struct kx_view body;
	uint32_t stored, found;

	if (!kx_view_sub(file, 0, image->setup.size + image->payload.size - 4, &body) ||
	    !kx_view_le32(file, body.size, &stored))
		return kx_fail(err, EBADMSG, "bzImage is shorter than when it was parsed");
	if (!stored || image->version < 0x0208) {
		*ret_checked = false;
		return 0;
	}
	/* arch/x86/boot/tools/build.c leaves out the final inversion that the library's function does. */
	found = ~image_crc(body);
	if (found != stored && may_carry_crc(image))
		return kx_fail(err, EBADMSG,
			       "damaged bzImage: its CRC-32 is 0x%08" PRIx32
			       ", the file says 0x%08" PRIx32
			       "; copy the file again, or load it as it is with --force-crc",
			       found, stored);
	*ret_checked = found == stored;
	return 0;
}

/*
 * What stands at the end of every payload: the size of what it unpacks to. A gzip stream ends with that field
 * (RFC 1952, ISIZE); the kernel's build appends it to the other formats' streams (scripts/Makefile.lib, size_append).
 * The stream must end right there: one damaged bit can say that it carries no checksum, which then would be left over.
 */
static int unpack(const struct kx_codec *codec, struct kx_view stream, void *to, uint32_t size,
		  struct kx_error *err)
{
	uint64_t unpacked = 0, used = 0;
	int r = to ? kx_codec_unpack_to(codec, stream, to, size, &unpacked, &used, err)
		   : kx_codec_check(codec, stream, size, &unpacked, &used, err);

	if (r == -EFBIG || (!r && unpacked != size))
		return kx_fail(err, EBADMSG,
			       "damaged bzImage: its %s payload unpacks to %s than the %" PRIu32
			       " bytes that it should; copy the file again",
			       codec->name, r ? "more" : "less", size);
	if (!r && used != stream.size)
		r = kx_fail(err, EBADMSG, "damaged %s data: it ends after %" PRIu64 " of %zu bytes",
			    codec->name, used, stream.size);
	if (r < 0)
		kx_error_prefix(err, "damaged bzImage, copy the file again");
	return r;
}

/*
 * The same kernel as a PE image: its code and data must lie within what the setup header calls the kernel, or syssize is
 * too small and the end of it would not be loaded.
 */
static int check_section(const struct kx_bzimage *image, uint64_t at, struct kx_error *err)
{
	uint64_t size = image->setup.size + image->payload.size;
	uint32_t raw_size, raw_offset;

	if (!kx_view_equals(image->setup, at, ".text\0\0", SECTION_NAME_SIZE) &&
	    !kx_view_equals(image->setup, at, ".data\0\0", SECTION_NAME_SIZE))
		return 0;
	if (!kx_view_le32(image->setup, at + SECTION_RAW_SIZE, &raw_size) ||
	    !kx_view_le32(image->setup, at + SECTION_RAW_OFFSET, &raw_offset) ||
	    (uint64_t)raw_offset + raw_size <= size)
		return 0;
	return kx_fail(err, EBADMSG,
		       "damaged bzImage header: by syssize the kernel ends at 0x%" PRIx64
		       ", by its PE header at 0x%" PRIx64 "; copy the file again",
		       size, (uint64_t)raw_offset + raw_size);
}

static int check_sections(const struct kx_bzimage *image, struct kx_error *err)
{
	uint16_t count = 0, optional_size = 0;
	uint64_t pe = 0;
	int r = 0;

	if (!find_pe(image->setup, &pe) ||
	    !kx_view_le16(image->setup, pe + PE_SECTION_COUNT, &count) ||
	    !kx_view_le16(image->setup, pe + PE_OPTIONAL_SIZE, &optional_size))
		return 0;
	for (uint64_t i = 0; !r && i < count; i++)
		r = check_section(image,
				  pe + PE_OPTIONAL_HEADER + optional_size + i * SECTION_HEADER_SIZE,
				  err);
	return r;
}

/* Cuts the stream out of the payload. */
static int find_stream(const struct kx_bzimage *image, const struct kx_codec **ret_codec,
		       struct kx_view *ret_stream, uint32_t *ret_size, struct kx_error *err)
{
	struct kx_view payload = image->compressed;
	const struct kx_codec *codec = kx_codec_find(payload);
	uint32_t size;

	if (!codec || !kx_view_le32(payload, payload.size - 4, &size))
		return kx_fail(err, EBADMSG,
			       "damaged bzImage: the payload is in no compression format that is "
			       "known; copy the file again");
	if (image->init_size && size > image->init_size)
		return kx_fail(err, EBADMSG,
			       "damaged bzImage: its payload unpacks to %" PRIu32
			       " bytes, init_size leaves room for %" PRIu32 "; copy the file again",
			       size, image->init_size);
	if (!codec->ends_with_size)
		payload.size -= 4;
	*ret_codec = codec;
	*ret_stream = payload;
	*ret_size = size;
	return 0;
}

int kx_bzimage_payload(const struct kx_bzimage *image, struct kx_error *err)
{
	const struct kx_codec *codec;
	struct kx_view stream;
	uint32_t size;
	int r;

	if (!image->compressed.size)
		return 0;
	r = check_sections(image, err);
	if (r < 0 || kx_view_equals(image->compressed, 0, "\177ELF", 4))
		return r;
	r = find_stream(image, &codec, &stream, &size, err);
	return r < 0 ? r : unpack(codec, stream, NULL, size, err);
}

/* In large pages where the system gives them: one fault in place of 512. */
static void *alloc_large(uint64_t size)
{
	uint64_t room = kx_align_up(size, LARGE_PAGE);
	void *p = aligned_alloc(LARGE_PAGE, (size_t)room);

	if (p)
		madvise(p, (size_t)room, MADV_HUGEPAGE);
	return p;
}

int kx_bzimage_unpack(const struct kx_bzimage *image, uint8_t **ret, uint64_t *ret_size,
		      struct kx_error *err)
{
	const struct kx_codec *codec;
	_cleanup_free_ uint8_t *to = NULL;
	struct kx_view stream;
	uint32_t size = 0;
	int r = check_sections(image, err);

	if (r == 0)
		r = find_stream(image, &codec, &stream, &size, err);
	if (r < 0)
		return r;
	to = alloc_large(size ? size : 1);
	if (!to)
		return kx_fail(err, ENOMEM, "no memory for %" PRIu32 " bytes of kernel", size);
	r = unpack(codec, stream, to, size, err);
	if (r < 0)
		return r;
	*ret = kx_steal(to);
	*ret_size = size;
	return 0;
}
