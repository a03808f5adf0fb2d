// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "core.h"

struct kx_cached_page *kx_page_cache_slot(struct kx_page_cache *cache, uint64_t number)
{
	return &cache->pages[number % KX_VMCORE_CACHED];
}

/* Fewer bytes than were asked for are no end yet: only none are. */
static int fill(struct kx_vmcore *core, uint64_t number, struct kx_cached_page *page)
{
	uint64_t at = number * KX_VMCORE_PAGE;
	ssize_t got;

	page->used = false;
	page->size = 0;
	do {
		got = core->io.read(core->io.context, page->data + page->size,
				    KX_VMCORE_PAGE - page->size, at + page->size);
		if (got < 0)
			return (int)got;
		page->size += (size_t)got;
	} while (got && page->size < KX_VMCORE_PAGE);
	page->number = number;
	page->used = true;
	return 0;
}

int kx_vmcore_read_file(struct kx_vmcore *core, uint64_t offset, void *to, size_t size)
{
	uint8_t *out = to;

	if (offset > INT64_MAX || size > INT64_MAX - offset)
		return -ENODATA;
	while (size) {
		uint64_t number = offset / KX_VMCORE_PAGE;
		size_t in = offset % KX_VMCORE_PAGE, part = KX_VMCORE_PAGE - in;
		struct kx_cached_page *page = kx_page_cache_slot(&core->file, number);
		int r = page->used && page->number == number ? 0 : fill(core, number, page);

		if (r < 0)
			return r;
		part = part < size ? part : size;
		if (page->size < in + part)
			return -ENODATA;
		memcpy(out, page->data + in, part);
		out += part;
		offset += part;
		size -= part;
	}
	return 0;
}
