// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bzImage and zImage by their real-mode and 32-bit entries: what the setup code is told must be where it is told.
 * The first byte chooses entry and initrd, the second the length of the command line.
 */
#include "format/linux_x86.h"
#include "fuzz_plan.h"

enum {
	LOADFLAGS = 0x211,
	RAMDISK_IMAGE = 0x218,
	RAMDISK_SIZE = 0x21c,
	HEAP_END_PTR = 0x224,
	CMD_LINE_PTR = 0x228,
};

static bool is_string_at(const struct kx_segment *setup, uint64_t at, const char *text)
{
	return kx_view_equals(kx_view_of(setup->buf, setup->bufsz), at, text, strlen(text) + 1);
}

static void require_cmdline(const struct kx_segment *setup, const struct kx_bzimage *image,
			    const char *cmdline)
{
	const uint8_t *p = setup->buf;

	if (image->version >= 0x0202) {
		require(kx_le32(p + CMD_LINE_PTR) >= setup->dest);
		require(is_string_at(setup, kx_le32(p + CMD_LINE_PTR) - setup->dest, cmdline));
		return;
	}
	require(kx_le16(p + 0x20) == 0xa33f);
	require(setup->dest == 0x90000);
	require(is_string_at(setup, kx_le16(p + 0x22), cmdline));
}

/* The heap begins behind the setup code, and ends before stack and command line. */
static void require_heap(const struct kx_segment *setup, const struct kx_bzimage *image)
{
	const uint8_t *p = setup->buf;
	uint32_t end;

	if (image->version < 0x0201)
		return;
	end = kx_le16(p + HEAP_END_PTR) + 0x200U;
	require(p[LOADFLAGS] & KX_CAN_USE_HEAP);
	require(image->setup.size <= end && end + 0x800 <= setup->bufsz);
	require(image->version < 0x0202 || kx_le32(p + CMD_LINE_PTR) - setup->dest >= end + 0x800);
}

static void require_initrd(const struct kx_plan *plan, const struct kx_segment *setup,
			   const struct kx_bzimage *image)
{
	const struct kx_segment *initrd = segment_of(plan, "initrd");
	const uint8_t *p = setup->buf;

	if (image->version < 0x0200) {
		require(!initrd);
		return;
	}
	require(kx_le32(p + RAMDISK_SIZE) == (initrd ? initrd->bufsz : 0));
	if (!initrd)
		return;
	require(kx_le32(p + RAMDISK_IMAGE) == initrd->dest);
	require(initrd->dest + initrd->bufsz - 1 <= image->initrd_addr_max);
}

static void require_plan(const struct kx_plan *plan, struct kx_view file, const char *cmdline)
{
	const struct kx_segment *setup = segment_of(plan, "setup");
	const struct kx_segment *kernel = segment_of(plan, "kernel");
	struct kx_error err = { 0 };
	struct kx_bzimage image = { 0 };

	if (kx_bzimage_parse(file, &image, &err) < 0)
		require(kx_zimage_parse(file, &image, &err) == 0);
	require(kernel && kernel->bufsz == image.payload.size);
	require(!memcmp(kernel->buf, image.payload.data, image.payload.size));
	if (!setup) {
		require(image.version >= 0x0202 && image.loadflags & KX_LOADED_HIGH);
		return;
	}
	require(kernel->dest == (image.loadflags & KX_LOADED_HIGH ? 0x100000 : 0x10000));
	require(setup->bufsz >= image.setup.size);
	require(kx_plan_entry(plan) == setup->dest + 0x200);
	require_cmdline(setup, &image, cmdline);
	require_heap(setup, &image);
	require_initrd(plan, setup, &image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t archive[] = "an image of another system";
	char cmdline[256] = "";
	struct kx_request request = { .method = KX_METHOD_LOAD,
				      .type = "bzImage",
				      .cmdline = cmdline,
				      .flags = KX_REQUEST_FORCE_CRC };
	const struct kx_source *initrds[1];
	struct kx_source *kernel, *initrd;
	struct kx_view file;
	struct kx_plan *plan;

	if (!kx_view_from(kx_view_of(data, size), 2, &file))
		return 0;
	memset(cmdline, 'x', data[1]);
	kernel = source_of(file.data, file.size);
	initrds[0] = initrd = source_of(archive, sizeof(archive));
	request.kernel = kernel;
	request.initrds = initrds;
	request.initrd_count = data[0] >> 2 & 1;
	request.entry = (enum kx_entry_mode)((data[0] & 3) % 3);
	plan = plan_on_usual_machine(&request);
	if (plan)
		require_plan(plan, file, cmdline);
	kx_plan_free(plan);
	kx_source_free(kernel);
	kx_source_free(initrd);
	return 0;
}
