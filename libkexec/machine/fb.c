// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who drives the screen: /proc/fb has "NUMBER NAME" for each frame buffer
 * (drivers/video/fbdev/core/fbmem.c). */
#include <errno.h>
#include <stdlib.h>

#include "base/overflow.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

/*
 * The drivers that draw into what the firmware set up, and nothing else: fix.id of efifb, vesafb
 * and simplefb, and what the DRM drivers simpledrm, efidrm, vesadrm and ofdrm call the frame buffer
 * that they emulate.
 */
static const char *const firmware_drivers[] = {
	"EFI VGA",        "VESA VGA",    "simple",       "simplefb",
	"simpledrmdrmfb", "efidrmdrmfb", "vesadrmdrmfb", "ofdrmdrmfb",
};

static bool fb_is_firmware(struct kx_view name)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(firmware_drivers); i++)
		if (kx_text_is(name, firmware_drivers[i]))
			return true;
	return false;
}

int kx_read_fb(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_view rest, line, number;
	int r;

	r = kx_root_read(root, "/proc/fb", KX_CAP_VALUE, &blob);
	if (r < 0)
		return r;
	machine->firmware_fb = KX_NO;
	rest = kx_blob_view(&blob);
	while (kx_text_line(&rest, &line)) {
		if (!kx_text_word(&line, &number))
			continue;
		line = kx_text_trim(line);
		if (fb_is_firmware(line))
			machine->firmware_fb = KX_YES;
		if (machine->fb_name)
			continue;
		r = kx_text_dup(line, &machine->fb_name);
		if (r < 0)
			return r == -ENOMEM ? r : kx_malformed(err, "/proc/fb", line, "a name");
	}
	return 0;
}
