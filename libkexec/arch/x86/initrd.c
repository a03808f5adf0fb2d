// SPDX-License-Identifier: LGPL-2.1-or-later
/* Initrds as segments, for every format that hands Linux/x86 one. */
#include "initrd.h"

#include <errno.h>
#include <string.h>

#include "boot_params.h"
#include "util.h"

/* A bootconfig that was moved to the end belongs to the layout, which does not live as long as the plan. */
static int keep_bootconfig(struct kx_plan *plan, struct kx_initrd *initrd, struct kx_error *err)
{
	struct kx_view *last = &initrd->parts[initrd->count - 1].bytes;
	uint8_t *copy;

	if (!initrd->bootconfig || last->data != initrd->bootconfig)
		return 0;
	copy = kx_plan_alloc(plan, last->size, err);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, last->data, last->size);
	last->data = copy;
	return 0;
}

static int add_initrd_parts(struct kx_plan *plan, const struct kx_initrd *initrd, uint64_t dest,
			    struct kx_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < initrd->count; i++) {
		const struct kx_initrd_part *part = &initrd->parts[i];
		struct kx_segment segment = {
			.name = "initrd",
			.buf = part->bytes.data,
			.bufsz = part->bytes.size,
			.dest = plan->placed ? dest + part->offset : KX_DEST_UNKNOWN,
			.memsz = part->bytes.size,
		};

		r = kx_plan_add(plan, &segment, err,
				initrd->count == 1 ? "highest free place"
						   : "part %zu of %zu, zero bytes between",
				i + 1, initrd->count);
	}
	return r;
}

/* Parts that are too many for segments of their own become one buffer. */
static int join(struct kx_plan *plan, struct kx_initrd *initrd, struct kx_error *err)
{
	uint8_t *all = kx_plan_alloc(plan, initrd->size, err);

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < initrd->count; i++)
		memcpy(all + initrd->parts[i].offset, initrd->parts[i].bytes.data,
		       initrd->parts[i].bytes.size);
	initrd->parts[0] = (struct kx_initrd_part){ .bytes = kx_view_of(all, initrd->size) };
	initrd->count = 1;
	return 0;
}

int kx_x86_place_initrd(struct kx_plan *plan, uint64_t max, uint64_t *ret_dest, uint64_t *ret_size,
			struct kx_error *err)
{
	const struct kx_request *request = &plan->request;
	size_t others = 4; /* kernel, boot_params, purgatory, trampoline */
	_cleanup_(kx_initrd_clear) struct kx_initrd initrd = { 0 };
	struct kx_place place = { .align = KX_PAGE_SIZE };
	int r;

	if (!request->initrd_count)
		return 0;
	r = kx_initrd_layout(request->initrds, request->initrd_count, KX_PAGE_SIZE, &initrd, err);
	if (r < 0)
		return r;
	place.size = initrd.size;
	place.max = max;
	r = kx_plan_place(plan, "initrd", &place, ret_dest, err);
	if (r == 0 && initrd.count > KX_SEGMENT_MAX - others)
		r = join(plan, &initrd, err);
	if (r == 0)
		r = keep_bootconfig(plan, &initrd, err);
	if (r == 0)
		r = add_initrd_parts(plan, &initrd, *ret_dest, err);
	*ret_size = initrd.size;
	return r;
}
