// SPDX-License-Identifier: LGPL-2.1-or-later
/* Documentation/x86/boot.rst, "The Real-Mode Kernel Header"; section names below are from there. */
#include "bzimage.h"

#include <errno.h>
#include <inttypes.h>

#include "base/overflow.h"

#define SECTOR 512
/* What setup_sects means when it is 0. */
#define SETUP_SECTS_DEFAULT 4
/* syssize counts paragraphs. */
#define PARAGRAPH 16

/* Offsets in the file. */
enum {
	SETUP_SECTS = 0x1f1,
	SYSSIZE = 0x1f4,
	BOOT_FLAG = 0x1fe,
	JUMP = 0x200,
	HEADER = 0x202,
	VERSION = 0x206,
	KERNEL_VERSION = 0x20e,
	LOADFLAGS = 0x211,
	CODE32_START = 0x214,
	INITRD_ADDR_MAX = 0x22c,
	KERNEL_ALIGNMENT = 0x230,
	RELOCATABLE_KERNEL = 0x234,
	MIN_ALIGNMENT = 0x235,
	XLOADFLAGS = 0x236,
	CMDLINE_SIZE = 0x238,
	PAYLOAD_OFFSET = 0x248,
	PAYLOAD_LENGTH = 0x24c,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
	HANDOVER_OFFSET = 0x264,
	KERNEL_INFO_OFFSET = 0x268,
};

#define JUMP_SHORT 0xeb
/* The 64-bit entry point, from the start of the protected-mode code (section 64-bit boot protocol). */
#define ENTRY_64 0x200

/* Where the fields that a protocol version brings end. */
static const struct {
	uint16_t version;
	uint16_t end;
} header_ends[] = {
	{ 0x020f, 0x26c }, { 0x020b, 0x268 }, { 0x020a, 0x264 }, { 0x0209, 0x258 },
	{ 0x0208, 0x250 }, { 0x0207, 0x248 }, { 0x0206, 0x23c }, { 0x0205, 0x235 },
	{ 0x0203, 0x230 }, { 0x0202, 0x22c }, { 0x0201, 0x226 }, { 0x0200, 0x224 },
};

static uint64_t header_end(uint16_t version)
{
	size_t i = 0;

	while (version < header_ends[i].version)
		i++;
	return header_ends[i].end;
}

/* The version as people write it: 0x020f is 2.15. */
#define VERSION_FORMAT "%u.%02u"
#define VERSION_ARGS(v) (v) >> 8, (v)&0xff

static int bad_header(struct kx_error *err, const char *field, uint64_t found, const char *need)
{
	return kx_fail(err, EBADMSG,
		       "damaged bzImage header: %s is 0x%" PRIx64 ", need %s; copy the file again",
		       field, found, need);
}

static int truncated(struct kx_error *err, uint64_t found, uint64_t need)
{
	return kx_fail(err, EBADMSG,
		       "truncated bzImage: %" PRIu64 " bytes, the header says %" PRIu64
		       "; copy the file again",
		       found, need);
}

/* Boot flag, magic and version: is this a bzImage at all? */
static int identify(struct kx_view file, struct kx_bzimage *image, struct kx_error *err)
{
	uint16_t boot_flag;

	if (!kx_view_le16(file, BOOT_FLAG, &boot_flag) || boot_flag != 0xaa55)
		return kx_fail(err, ENOEXEC, "no boot flag 0xaa55 at offset 0x1fe");
	if (!kx_view_equals(file, HEADER, "HdrS", 4))
		return kx_fail(err, ENOEXEC,
			       "boot flag, but no \"HdrS\" at offset 0x202: not a Linux kernel, or "
			       "its setup header was overwritten");
	if (!kx_view_le16(file, VERSION, &image->version))
		return truncated(err, file.size, VERSION + 2);
	if (image->version >> 8 != 2)
		return kx_fail(err, EOPNOTSUPP,
			       "bzImage boot protocol " VERSION_FORMAT ", need 2.00 to 2.15",
			       VERSION_ARGS(image->version));
	return 0;
}

/* "jump": the short jump over the header tells where it ends. What stands before the version is there. */
static int cut_header(struct kx_view file, struct kx_bzimage *image, struct kx_error *err)
{
	uint64_t need = header_end(image->version);
	uint8_t opcode = file.data[JUMP], distance = file.data[JUMP + 1];
	uint64_t end;

	if (opcode != JUMP_SHORT)
		return bad_header(err, "the jump at 0x200", opcode, "0xeb");
	/* The distance is signed. That also keeps a header within the place for it in struct boot_params. */
	if (distance > INT8_MAX)
		return bad_header(err, "the distance of the jump at 0x200", distance,
				  "0x7f or less");
	end = (uint64_t)HEADER + distance;
	if (end < need)
		return kx_fail(err, EBADMSG,
			       "damaged bzImage header: it ends at 0x%" PRIx64
			       ", boot protocol " VERSION_FORMAT " needs 0x%" PRIx64
			       "; copy the file again",
			       end, VERSION_ARGS(image->version), need);
	if (!kx_view_sub(file, KX_SETUP_HEADER_OFFSET, end - KX_SETUP_HEADER_OFFSET,
			 &image->setup_header))
		return truncated(err, file.size, end);
	return 0;
}

/*
 * "syssize": what it says, or what is there of it. Linux fills its last paragraph up, and Linux alone has a payload;
 * iPXE and memtest86+ do not, so there the last 15 bytes may be missing.
 */
static uint64_t payload_size(struct kx_view file, const struct kx_bzimage *image, uint64_t there)
{
	uint64_t size = (uint64_t)kx_le32(file.data + SYSSIZE) * PARAGRAPH;
	bool fills_up = image->version >= 0x0208 && kx_le32(file.data + PAYLOAD_OFFSET);

	if (image->version < 0x0204)
		return there ? there : 1;
	return !fills_up && there < size && size - there < PARAGRAPH ? there : size;
}

/*
 * "setup_sects" and "syssize". The file has been found to hold the whole header, and a header, whose end a jump byte
 * tells, is always within the 1024 bytes of the smallest setup code.
 */
static int cut_file(struct kx_view file, struct kx_bzimage *image, struct kx_error *err)
{
	unsigned sectors = file.data[SETUP_SECTS];
	uint64_t setup_size = ((sectors ? sectors : SETUP_SECTS_DEFAULT) + 1) * SECTOR;
	uint64_t size =
		payload_size(file, image, file.size > setup_size ? file.size - setup_size : 0);

	if (!size)
		return bad_header(err, "syssize", 0, "the size of the kernel");
	if (!kx_view_sub(file, 0, setup_size, &image->setup) ||
	    !kx_view_sub(file, setup_size, size, &image->payload))
		return truncated(err, file.size, setup_size + size);
	return 0;
}

/* Copies the fields, each from the version on that brought it; @file holds the header that the version needs. */
static void read_fields(struct kx_view file, struct kx_bzimage *image)
{
	const uint8_t *p = file.data;
	uint16_t version = image->version;

	image->loadflags = p[LOADFLAGS];
	image->code32_start = kx_le32(p + CODE32_START);
	image->initrd_addr_max = version >= 0x0203 ? kx_le32(p + INITRD_ADDR_MAX) : 0x37ffffff;
	image->cmdline_size = version >= 0x0206 ? kx_le32(p + CMDLINE_SIZE) : 255;
	if (version >= 0x0205) {
		image->kernel_alignment = kx_le32(p + KERNEL_ALIGNMENT);
		image->relocatable = p[RELOCATABLE_KERNEL];
	}
	if (version >= 0x020a) {
		image->min_alignment = p[MIN_ALIGNMENT];
		image->pref_address = kx_le64(p + PREF_ADDRESS);
		image->init_size = kx_le32(p + INIT_SIZE);
	}
	if (version >= 0x020b)
		image->handover_offset = kx_le32(p + HANDOVER_OFFSET);
	if (version >= 0x020c)
		image->xloadflags = kx_le16(p + XLOADFLAGS);
}

static int check_alignment(const struct kx_bzimage *image, struct kx_error *err)
{
	uint32_t align = image->kernel_alignment;

	if (!kx_is_pow2(align) && (align || image->relocatable))
		return bad_header(err, "kernel_alignment", align, "a power of two");
	if (image->min_alignment &&
	    (image->min_alignment >= 32 || UINT32_C(1) << image->min_alignment > align))
		return bad_header(err, "min_alignment", image->min_alignment,
				  "a power of two not above kernel_alignment");
	return 0;
}

/* init_size counts from where the kernel runs, over at least all that was loaded. */
static int check_init_size(const struct kx_bzimage *image, struct kx_error *err)
{
	uint64_t end;

	if (image->version < 0x020a)
		return 0;
	if (image->init_size < image->payload.size)
		return bad_header(err, "init_size", image->init_size,
				  "at least the size of the kernel");
	if (kx_add_overflow(image->pref_address, image->init_size, &end))
		return bad_header(err, "pref_address", image->pref_address, "a physical address");
	/* A kernel that is loaded askew moves itself up, past the end of what init_size kept free for it. */
	if (image->relocatable &&
	    kx_align_down(image->pref_address, image->kernel_alignment) != image->pref_address)
		return bad_header(err, "pref_address", image->pref_address,
				  "a multiple of kernel_alignment");
	return 0;
}

static int check_entry(const struct kx_bzimage *image, struct kx_error *err)
{
	if (image->xloadflags & KX_XLF_KERNEL_64 && image->payload.size <= ENTRY_64)
		return bad_header(err, "syssize", image->payload.size / PARAGRAPH,
				  "more than the 0x20 in front of the 64-bit entry point");
	return 0;
}

/* "kernel_info": from protocol 2.15 on, in the protected-mode code; loaders dressed as kernels may have none. */
static int check_kernel_info(struct kx_view file, const struct kx_bzimage *image,
			     struct kx_error *err)
{
	uint32_t offset;

	if (image->version < 0x020f)
		return 0;
	offset = kx_le32(file.data + KERNEL_INFO_OFFSET);
	if (offset && !kx_view_equals(image->payload, offset, "LToP", 4))
		return bad_header(err, "kernel_info_offset", offset,
				  "the place of \"LToP\" in the kernel");
	return 0;
}

/* "payload_offset", "payload_length". */
static int cut_payload(struct kx_view file, struct kx_bzimage *image, struct kx_error *err)
{
	uint32_t offset, length;

	if (image->version < 0x0208)
		return 0;
	offset = kx_le32(file.data + PAYLOAD_OFFSET);
	length = kx_le32(file.data + PAYLOAD_LENGTH);
	if (!offset)
		return 0;
	if (!length)
		return bad_header(err, "payload_length", length, "a size");
	if (!kx_view_sub(image->payload, offset, length, &image->compressed))
		return kx_fail(err, EBADMSG,
			       "damaged bzImage header: the payload of 0x%" PRIx32
			       " bytes at 0x%" PRIx32 " is not within the 0x%zx bytes of the kernel"
			       "; copy the file again",
			       length, offset, image->payload.size);
	return 0;
}

/* "kernel_version": less 0x200, a NUL-terminated text within the setup code; 0 for none. */
static void cut_kernel_version(struct kx_view file, struct kx_bzimage *image)
{
	uint16_t at = kx_le16(file.data + KERNEL_VERSION);
	struct kx_view text;
	size_t size = 0;

	if (!at || !kx_view_from(image->setup, (uint64_t)at + SECTOR, &text))
		return;
	while (size < text.size && text.data[size])
		size++;
	image->kernel_version = kx_view_of(text.data, size);
}

/* Values that contradict each other show a header that was overwritten. */
static int check_fields(struct kx_view file, const struct kx_bzimage *image, struct kx_error *err)
{
	int r = check_alignment(image, err);

	if (!r)
		r = check_init_size(image, err);
	if (!r)
		r = check_entry(image, err);
	if (!r)
		r = check_kernel_info(file, image, err);
	return r;
}

int kx_bzimage_parse(struct kx_view file, struct kx_bzimage *ret, struct kx_error *err)
{
	struct kx_bzimage image = { 0 };
	int r = identify(file, &image, err);

	if (!r)
		r = cut_header(file, &image, err);
	if (!r)
		r = cut_file(file, &image, err);
	if (r)
		return r;
	read_fields(file, &image);
	r = check_fields(file, &image, err);
	if (!r)
		r = cut_payload(file, &image, err);
	if (r)
		return r;
	cut_kernel_version(file, &image);
	*ret = image;
	return 0;
}
