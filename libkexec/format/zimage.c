// SPDX-License-Identifier: LGPL-2.1-or-later
/* Kernels from before Linux 1.3.73, and what still looks like them: memtest86+ up to version 5. */
#include "linux_x86.h"

#include <errno.h>

#define SECTOR 512
#define PARAGRAPH 16

enum { SETUP_SECTS = 0x1f1, SYSSIZE = 0x1f4, BOOT_FLAG = 0x1fe };

/* The setup code's first instruction is where later protocols have their jump. */
#define SETUP_SECTS_MAX 64

/* The command line has one page at most in the old layout; what a kernel copies of it is not told. */
#define CMDLINE_SIZE 255

int kx_zimage_parse(struct kx_view file, struct kx_bzimage *ret, struct kx_error *err)
{
	struct kx_bzimage image = { .cmdline_size = CMDLINE_SIZE, .version = 0x0100 };
	uint16_t boot_flag, paragraphs;
	uint64_t setup, payload;
	uint8_t sectors;

	if (!kx_view_u8(file, SETUP_SECTS, &sectors) || !kx_view_le16(file, SYSSIZE, &paragraphs) ||
	    !kx_view_le16(file, BOOT_FLAG, &boot_flag) || boot_flag != 0xaa55)
		return kx_fail(err, ENOEXEC, "no boot flag 0xaa55 at offset 0x1fe");
	setup = (uint64_t)(sectors + 1) * SECTOR;
	payload = file.size > setup ? file.size - setup : 0;
	if (!sectors || sectors > SETUP_SECTS_MAX || !payload ||
	    (payload + PARAGRAPH - 1) / PARAGRAPH != paragraphs)
		return kx_fail(
			err, ENOEXEC,
			"boot flag, but no \"HdrS\" at offset 0x202, and no old zImage either: "
			"setup_sects and syssize do not add up to the size of the file");
	if (!kx_view_sub(file, 0, setup, &image.setup) ||
	    !kx_view_sub(file, setup, payload, &image.payload))
		return kx_fail(err, ENOEXEC, "truncated zImage");
	*ret = image;
	return 0;
}
