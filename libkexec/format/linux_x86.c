// SPDX-License-Identifier: LGPL-2.1-or-later
#include "linux_x86.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arch/x86/entry.h"
#include "base/overflow.h"
#include "bzimage_direct.h"
#include "crash/crash.h"
#include "names.h"

/* Where protected-mode code goes that is not moved: boot.rst, "Loading The Rest of The Kernel". */
#define HIGH_ADDRESS 0x100000
#define LOW_ADDRESS 0x10000

/* A kernel that does not say how much memory it needs decompresses to a multiple of its size. */
#define GROWTH 4

int kx_linux_check_cmdline(const struct kx_plan *plan, size_t max, const char *who,
			   struct kx_error *err)
{
	size_t size = strlen(plan->cmdline);

	if (kx_plan_panic(plan) && plan->request.method != KX_METHOD_FILE_LOAD)
		max = max > KX_CRASH_CMDLINE_SPARE ? max - KX_CRASH_CMDLINE_SPARE : 0;
	if (size <= max)
		return 0;
	return kx_fail(err, E2BIG, "command line has %zu bytes, %s takes %zu; shorten it", size,
		       who, max);
}

static uint64_t run_size(const struct kx_bzimage *image)
{
	if (image->version < 0x020a)
		return image->payload.size * GROWTH;
	return image->init_size > image->payload.size ? image->init_size : image->payload.size;
}

int kx_linux_check_capture(const struct kx_plan *plan, const struct kx_bzimage *image,
			   struct kx_error *err)
{
	uint64_t initrd = kx_request_initrd_size(&plan->request), size;
	struct kx_error unknown = { 0 };
	struct kx_range at = { 0 };

	if (kx_crash_region(plan->machine, &at, &unknown) < 0)
		return 0;
	size = at.end - at.start;
	if (!image->relocatable &&
	    (image->pref_address < at.start || image->pref_address >= at.end))
		return kx_fail(err, EOPNOTSUPP,
			       "kernel is not relocatable and runs at %#" PRIx64
			       ", the memory kept for a crash kernel is at %#" PRIx64
			       "; use a kernel with CONFIG_RELOCATABLE=y",
			       image->pref_address, at.start);
	if (run_size(image) <= size && initrd <= size - run_size(image))
		return 0;
	return kx_fail(err, ENOSPC,
		       "needs %s for itself and %s for its initrd, %s are kept for a crash kernel; "
		       "use a smaller kernel or initrd, or a larger crashkernel=, as `kexec crash "
		       "size` says, and reboot",
		       kx_size_text(run_size(image)).s, kx_size_text(initrd).s,
		       kx_size_text(size).s);
}

/* A CRC over the whole file makes the slower check of the payload needless. */
int kx_linux_check_sums(struct kx_plan *plan, struct kx_view file, const struct kx_bzimage *image,
			bool keep, struct kx_error *err)
{
	bool checked;
	int r;

	if (plan->request.flags & KX_REQUEST_FORCE_CRC)
		return 0;
	r = kx_bzimage_crc(file, image, &checked, err);
	if (r < 0 || checked)
		return r;
	r = keep ? kx_direct_unpack(plan, image, err) : -ENOMEM;
	/* Without memory to keep it, it is for its decompressor, and needs only be checked. */
	if (r == -ENOMEM)
		r = kx_bzimage_payload(image, err);
	if (r != -ENOMEM)
		return r;
	kx_plan_warn(plan,
		     "the kernel's payload is not checked, since there is no memory to unpack it");
	return 0;
}

/* ---- placement ------------------------------------------------------------------------------- */

static struct kx_segment kernel_segment(const struct kx_bzimage *image, uint64_t dest,
					uint64_t size)
{
	return (struct kx_segment){
		.name = "kernel",
		.buf = image->payload.data,
		.bufsz = image->payload.size,
		.dest = dest,
		.memsz = image->payload.size,
		.reserved = size,
	};
}

/* That is where the kernel would move itself. Up to init_size it clears or fills its memory by itself. */
int kx_linux_place_relocatable(struct kx_plan *plan, const struct kx_bzimage *image, uint64_t max,
			       uint64_t *ret, struct kx_error *err)
{
	uint64_t wanted = image->version < 0x020a ? HIGH_ADDRESS : image->pref_address;
	const char *where = "lowest free aligned place";
	struct kx_segment segment;
	struct kx_place place = {
		.size = run_size(image),
		.align = image->relocatable ? image->kernel_alignment : KX_PAGE_SIZE,
		.min = wanted,
		.max = max,
		.low_first = true,
	};
	int r;

	if (place.align < KX_PAGE_SIZE)
		place.align = KX_PAGE_SIZE;
	r = kx_plan_place(plan, "kernel", &place, ret, err);
	if (r < 0)
		return r;
	if (!plan->placed)
		where = "wherever there is room";
	else if (*ret == wanted)
		where = "preferred address";
	segment = kernel_segment(image, *ret, place.size);
	return kx_plan_add(plan, &segment, err, "%s, %s for its init_size", where,
			   kx_size_text(place.size).s);
}

/* Where the kernel runs after it has moved itself there: initrds and the like must not be there. */
static int keep_free(struct kx_plan *plan, const struct kx_bzimage *image, struct kx_error *err)
{
	/* The header has been checked for an overflow of this. */
	uint64_t end = image->pref_address + image->init_size;

	if (image->version < 0x020a || !image->pref_address)
		return 0;
	if (kx_ranges_remove(&plan->free, image->pref_address, end) < 0)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	return 0;
}

int kx_linux_place_fixed(struct kx_plan *plan, const struct kx_bzimage *image, uint64_t *ret,
			 struct kx_error *err)
{
	uint64_t at = image->loadflags & KX_LOADED_HIGH ? HIGH_ADDRESS : LOW_ADDRESS;
	bool in_place = image->version < 0x020a || image->pref_address == at;
	struct kx_place place = { .size = image->payload.size, .align = KX_PAGE_SIZE, .min = at };
	struct kx_segment segment;
	int r;

	if (at == HIGH_ADDRESS && in_place)
		place.size = run_size(image);
	place.max = at + kx_align_up(place.size, KX_PAGE_SIZE);
	r = kx_plan_place(plan, "kernel", &place, ret, err);
	if (r == 0)
		r = keep_free(plan, image, err);
	if (r < 0)
		return r;
	segment = kernel_segment(image, *ret, place.size);
	return kx_plan_add(plan, &segment, err,
			   "where the boot protocol has a kernel that is not moved");
}
