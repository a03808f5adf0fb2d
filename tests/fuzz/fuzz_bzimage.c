// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "base/overflow.h"
#include "compress/compress.h"
#include "format/linux_x86.h"
#include "fuzz.h"

static void require_parts(struct kx_view file, const struct kx_bzimage *image)
{
	require(inside(file, image->setup_header));
	require(inside(file, image->setup));
	require(inside(file, image->payload));
	require(inside(image->payload, image->compressed));
	require(inside(image->setup, image->kernel_version));
	require(image->setup.size >= 1024 && image->payload.size);
	require(image->setup_header.data == file.data + KX_SETUP_HEADER_OFFSET);
	/* It has to fit into struct boot_params, up to edd_mbr_sig_buffer. */
	require(image->setup_header.size <= 0x290 - KX_SETUP_HEADER_OFFSET);
	touch(image->payload);
	touch(image->compressed);
}

static void require_fields(const struct kx_bzimage *image)
{
	uint64_t end;

	require(image->version >> 8 == 2);
	require(!image->kernel_alignment || kx_is_pow2(image->kernel_alignment));
	require(!image->relocatable || image->kernel_alignment);
	require(!image->min_alignment ||
		(image->min_alignment < 32 &&
		 UINT32_C(1) << image->min_alignment <= image->kernel_alignment));
	require(!kx_add_overflow(image->pref_address, image->init_size, &end));
	require(image->version < 0x020a || image->init_size >= image->payload.size);
}

/* Decompression is fuzz_compress's. Here only what leads up to it, and gzip, which is the fastest to set up. */
static bool takes_long(const struct kx_bzimage *image)
{
	const struct kx_codec *codec = kx_codec_find(image->compressed);

	return codec && strcmp(codec->name, "gzip") != 0;
}

/* What is no bzImage may be a kernel from before there was a magic number. */
static void parse_zimage(struct kx_view file)
{
	struct kx_error err = { 0 };
	struct kx_bzimage image;
	int r = kx_zimage_parse(file, &image, &err);

	if (r < 0) {
		require(r == -ENOEXEC);
		require_message(&err);
		return;
	}
	require(inside(file, image.setup) && inside(file, image.payload));
	require(image.setup.size >= 1024 && image.payload.size);
	touch(image.payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_view file = kx_view_of(data, size);
	struct kx_error err = { 0 };
	struct kx_bzimage image;
	bool checked;
	int r = kx_bzimage_parse(file, &image, &err);

	if (r < 0) {
		require(r == -ENOEXEC || r == -EBADMSG || r == -EOPNOTSUPP);
		require_message(&err);
		if (r == -ENOEXEC)
			parse_zimage(file);
		return 0;
	}
	require_parts(file, &image);
	require_fields(&image);
	r = kx_bzimage_crc(file, &image, &checked, &err);
	require(r == 0 || r == -EBADMSG);
	if (takes_long(&image))
		return 0;
	r = kx_bzimage_payload(&image, &err);
	require(r == 0 || r == -EBADMSG);
	if (r < 0)
		require_message(&err);
	return 0;
}
