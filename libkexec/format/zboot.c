// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A compressed kernel in an EFI program that decompresses it: include/linux/pe.h (struct linux_efi_zboot_header) and
 * drivers/firmware/efi/libstub/zboot-header.S of Linux. Fields are little endian, whatever the machine.
 */
#include "format.h"

#include <errno.h>
#include <inttypes.h>

#include "source.h"

enum {
	MAGIC = 0x04, /* "zimg" */
	PAYLOAD_OFFSET = 0x08,
	PAYLOAD_SIZE = 0x0c,
	LINUX_MAGIC = 0x38, /* what Linux' EFI images have there */
	HEADER_END = 0x40,
};

static const uint8_t linux_magic[] = { 0xcd, 0x23, 0x82, 0x81 };

static int cut(struct kx_view file, struct kx_view *ret, struct kx_error *err)
{
	uint32_t offset, size;

	if (!kx_view_equals(file, 0, "MZ", 2) || !kx_view_equals(file, MAGIC, "zimg", 4))
		return kx_fail(err, ENOEXEC, "no \"MZ\" and \"zimg\" at its start");
	if (!kx_view_has(file, 0, HEADER_END))
		return kx_fail(err, EBADMSG,
			       "truncated EFI zboot image: %zu bytes, its header has %d", file.size,
			       HEADER_END);
	if (!kx_view_equals(file, LINUX_MAGIC, linux_magic, sizeof(linux_magic)))
		return kx_fail(err, ENOEXEC, "\"zimg\", but no magic number of a Linux EFI image");
	offset = kx_le32(file.data + PAYLOAD_OFFSET);
	size = kx_le32(file.data + PAYLOAD_SIZE);
	if (!size || offset < HEADER_END)
		return kx_fail(err, EBADMSG,
			       "malformed EFI zboot image: payload of %" PRIu32
			       " bytes at %#" PRIx32,
			       size, offset);
	if (!kx_view_sub(file, offset, size, ret))
		return kx_fail(err, EBADMSG,
			       "truncated EFI zboot image: %zu bytes, its payload ends at %" PRIu64
			       "; copy the file again",
			       file.size, (uint64_t)offset + size);
	return 0;
}

static int probe(const struct kx_request *request, struct kx_view file, struct kx_error *err)
{
	struct kx_view payload;

	return cut(file, &payload, err);
}

/* What is inside is compressed, which is a container of its own. */
static int unwrap(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	struct kx_view payload;
	int r = cut(file, &payload, err);

	if (r < 0)
		return r;
	return kx_plan_keep_source(plan, kx_source_name(plan->request.kernel), payload,
				   &plan->request.kernel, err);
}

const struct kx_format kx_format_zboot = {
	.name = "zboot",
	.summary = "compressed kernel in an EFI program (EFI zboot)",
	.probe = probe,
	.unwrap = unwrap,
};
