// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An image that the next kernel finds in memory: a region of E820 type 12, of which arch/x86/kernel/pmem.c makes the device
 * that drivers/nvdimm/e820.c takes, and that /dev/pmem0.
 */
#include "boot_params.h"

#include <errno.h>

#include "base/overflow.h"

/*
 * Regions begin and end at what memremap_compat_align() says, a subsection (include/linux/mmzone.h, SUBSECTION_SHIFT); and a
 * namespace has 16 MiB and more before 5.10 (ND_MIN_NAMESPACE_SIZE, include/uapi/linux/ndctl.h).
 */
#define ALIGN (UINT64_C(2) << 20)
#define SIZE_MIN (UINT64_C(16) << 20)

/* RAM that the image has is no RAM for the next kernel, nor for those after it. */
static int carve(const struct kx_memmap *map, uint64_t start, uint64_t end, struct kx_memmap *ret)
{
	int r = kx_memmap_add(ret, start, end, KX_MEM_PRAM);

	for (size_t i = 0; r == 0 && i < map->count; i++) {
		const struct kx_mem *mem = &map->v[i];

		if (mem->end <= start || mem->start >= end) {
			r = kx_memmap_add(ret, mem->start, mem->end, mem->type);
			continue;
		}
		r = kx_memmap_add(ret, mem->start, start, mem->type);
		if (r == 0)
			r = kx_memmap_add(ret, end, mem->end, mem->type);
	}
	return r;
}

static int set_memmap(struct kx_plan *plan, uint64_t start, uint64_t size, struct kx_error *err)
{
	struct kx_memmap map = { 0 };

	if (carve(&plan->memmap, start, start + size, &map) < 0) {
		kx_memmap_clear(&map);
		return kx_fail(err, ENOMEM, "out of memory for plan");
	}
	kx_memmap_sort(&map);
	kx_memmap_clear(&plan->memmap);
	plan->memmap = map;
	return 0;
}

int kx_x86_place_ramdisk(struct kx_plan *plan, struct kx_error *err)
{
	const struct kx_source *image = plan->request.ramdisk;
	struct kx_segment segment = { .name = "image" };
	struct kx_place place = { .align = ALIGN, .max = UINT64_MAX };
	int r;

	if (!image)
		return 0;
	segment.buf = kx_source_data(image);
	segment.bufsz = segment.memsz = kx_source_size(image);
	place.size = segment.bufsz < SIZE_MIN ? SIZE_MIN : kx_align_up(segment.bufsz, ALIGN);
	segment.reserved = place.size;
	r = kx_plan_place(plan, "image", &place, &segment.dest, err);
	if (r == 0)
		r = kx_plan_add(plan, &segment, err,
				"highest free multiple of 2 MiB; persistent memory from now on");
	if (r == 0 && segment.dest != KX_DEST_UNKNOWN)
		r = set_memmap(plan, segment.dest, place.size, err);
	return r;
}
