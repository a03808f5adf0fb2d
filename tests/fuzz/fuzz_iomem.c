// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "fuzz.h"
#include "machine/readers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_view text = kx_view_of(data, size);
	struct kx_iomem iomem = { 0 };
	struct kx_error err = { 0 };
	int r = kx_iomem_parse(text, &iomem, &err);

	if (r < 0) {
		require(r == -EBADMSG);
		require_message(&err);
		require(!iomem.have && !iomem.v);
		return 0;
	}
	require(iomem.have);
	require(iomem.count <= KX_IOMEM_MAX && iomem.count <= text.size);
	for (size_t i = 0; i < iomem.count; i++) {
		const struct kx_iomem_entry *entry = &iomem.v[i];

		require(entry->name[0]);
		require(entry->depth <= (i ? iomem.v[i - 1].depth + 1 : 0));
		require(iomem.hidden ? !entry->start && !entry->end : entry->start < entry->end);
	}
	kx_iomem_clear(&iomem);
	return 0;
}
