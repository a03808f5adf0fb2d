// SPDX-License-Identifier: LGPL-2.1-or-later
/* Initrds as segments, for every format that hands Linux/x86 one. */
#include "initrd.h"

#include <errno.h>
#include <string.h>

#include "base/overflow.h"
#include "boot_params.h"
#include "cmdline.h"
#include "initrd.h"
#include "relocs.h"
#include "util.h"

/* What was made for the layout is needed as long as the plan. */
static int keep_owned(struct kx_plan *plan, struct kx_initrd *initrd, struct kx_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < initrd->count; i++)
		if (initrd->parts[i].owned)
			r = kx_plan_own(plan, kx_steal(initrd->parts[i].owned), err);
	return r;
}

static int add_initrd_parts(struct kx_plan *plan, const struct kx_initrd *initrd, uint64_t dest,
			    struct kx_error *err)
{
	char parts[80] = "";
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

		if (initrd->count > 1)
			snprintf(parts, sizeof(parts), "; part %zu of %zu, zero bytes between",
				 i + 1, initrd->count);
		r = kx_plan_add(plan, &segment, err, "%s%s", kx_plan_where(plan, initrd->size),
				parts);
	}
	return r;
}

/* Parts that are too many for segments of their own become one buffer. */
static int join(struct kx_plan *plan, struct kx_initrd *initrd, struct kx_error *err)
{
	uint8_t *all = kx_plan_alloc(plan, initrd->size, err);

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < initrd->count; i++) {
		memcpy(all + initrd->parts[i].offset, initrd->parts[i].bytes.data,
		       initrd->parts[i].bytes.size);
		free(initrd->parts[i].owned);
	}
	if (plan->wiped_count)
		kx_plan_wipe(plan, all, initrd->size);
	initrd->parts[0] = (struct kx_initrd_part){ .bytes = kx_view_of(all, initrd->size) };
	initrd->count = 1;
	return 0;
}

/* For boot_params and purgatory. */
#define REST (UINT64_C(4) << 20)

/*
 * How much may be unpacked; 0 for nothing. All that is loaded must fit into half of memory, which is what kexec_load takes.
 * What the next kernel has to make do with is not known where mem= limits it.
 */
static uint64_t unpack_max(const struct kx_plan *plan, const struct kx_relocs_image *kernel)
{
	uint64_t kept, most, half = plan->machine->mem_total / 2;
	struct kx_word word;

	if (plan->request.flags & KX_REQUEST_INITRD_AS_IS || kx_plan_panic(plan) ||
	    kx_cmdline_find(plan->cmdline, "mem", &word))
		return 0;
	if (kx_add_overflow(kx_plan_memsz(plan), kx_request_initrd_size(&plan->request), &kept))
		return 1;
	for (size_t i = 0; kernel && i < kernel->count; i++)
		if (kx_add_overflow(kept, kernel->parts[i].size, &kept))
			return 1;
	most = kx_initrd_unpack_max(plan->machine->mem_available,
				    kept + (plan->direct ? plan->vmlinux_size : 0));
	if (!half)
		return most;
	half = half > REST && half - REST > kept ? half - REST - kept : 1;
	return most < half ? most : half;
}

static int lay_out(struct kx_plan *plan, uint64_t max, struct kx_initrd *ret, struct kx_error *err)
{
	return kx_initrd_layout(plan->request.initrds, plan->request.initrd_count, KX_PAGE_SIZE,
				max, ret, err);
}

static int place(struct kx_plan *plan, const struct kx_initrd *initrd, uint64_t max, uint64_t *ret,
		 struct kx_error *err)
{
	struct kx_place at = { .size = initrd->size, .align = KX_PAGE_SIZE, .max = max };

	return kx_plan_place(plan, "initrd", &at, ret, err);
}

static void note_archives(struct kx_plan *plan, const struct kx_initrd *initrd)
{
	plan->archive_count = 0;
	for (size_t i = 0; i < initrd->archive_count; i++) {
		const struct kx_archive *archive = &initrd->archives[i];

		if (archive->left == -EBADMSG)
			kx_plan_warn(plan,
				     "%s: its %s archive is damaged, and is passed as it is; make "
				     "or copy it again",
				     kx_source_name(archive->source), archive->format);
		plan->archives[plan->archive_count++] = *archive;
	}
}

/* Unpacked it has no place: then as it is, which is known from the archives why. */
static int place_as_is(struct kx_plan *plan, uint64_t max, struct kx_initrd *initrd, uint64_t *ret,
		       struct kx_error *err)
{
	struct kx_initrd as_is = { 0 };
	int r = lay_out(plan, 0, &as_is, err);

	if (r < 0)
		return r;
	as_is.archive_count = initrd->archive_count;
	for (size_t i = 0; i < initrd->archive_count; i++) {
		as_is.archives[i] = initrd->archives[i];
		as_is.archives[i].left = -ENOSPC;
	}
	kx_initrd_clear(initrd);
	*initrd = as_is;
	return place(plan, initrd, max, ret, err);
}

int kx_x86_place_initrd(struct kx_plan *plan, uint64_t max, const struct kx_relocs_image *kernel,
			uint64_t *ret_dest, uint64_t *ret_size, struct kx_error *err)
{
	size_t most = KX_SEGMENT_MAX - plan->segment_count - (kernel ? kernel->count : 0) -
		      3; /* boot_params, purgatory, trampoline */
	_cleanup_(kx_initrd_clear) struct kx_initrd initrd = { 0 };
	int r;

	if (!plan->request.initrd_count)
		return 0;
	r = lay_out(plan, unpack_max(plan, kernel), &initrd, err);
	if (r < 0)
		return r;
	/* Parts that are unpacked are not joined: that would take their memory once more. */
	r = initrd.archive_count && initrd.count > most ? -ENOSPC
							: place(plan, &initrd, max, ret_dest, err);
	if (r == -ENOSPC && initrd.archive_count)
		r = place_as_is(plan, max, &initrd, ret_dest, err);
	if (r == 0 && initrd.count > most)
		r = join(plan, &initrd, err);
	if (r == 0)
		r = keep_owned(plan, &initrd, err);
	if (r == 0)
		note_archives(plan, &initrd);
	if (r == 0)
		r = add_initrd_parts(plan, &initrd, *ret_dest, err);
	*ret_size = initrd.size;
	return r;
}
