// SPDX-License-Identifier: GPL-2.0-or-later
/* What kexec-unpack says of an image's menu: from a process that may have been taken over. */
#include "image.h"

#include <errno.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_image image = { 0 };
	int r = kx_image_parse(kx_view_of(data, size), &image);

	require(r == 0 || r == -EBADMSG || r == -E2BIG);
	for (size_t i = 0; i < image.entries.count; i++) {
		const struct kx_boot_entry *entry = &image.entries.v[i];

		/* What is shown, chosen and loaded by. */
		require(entry->id && entry->title && entry->source_kind);
		require(!entry->kernel || strlen(entry->kernel) < size);
	}
	/* Paths on disks are this process's own. */
	require(!image.path && !image.uuid && !image.device);
	kx_image_clear(&image);
	return 0;
}
