// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bzImage entered by the 64-bit boot protocol (Documentation/x86/boot.rst, "64-bit Boot Protocol"): the kernel sits
 * page-tables-up at its 64-bit entry, 0x200 into the protected-mode code, with boot_params in rsi.
 */
#include "format.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arch/x86/boot_params.h"
#include "base/overflow.h"
#include "bzimage.h"
#include "initrd.h"
#include "names.h"
#include "source.h"
#include "util.h"

#define ENTRY_64 0x200
#define FOUR_GIB (UINT64_C(1) << 32)

/* kexec_file_load keeps room for "elfcorehdr=0x…" in every command line: MAX_ELFCOREHDR_STR_LEN, kexec-bzimage64.c */
#define FILE_LOAD_CMDLINE_SPARE 31

static int probe(struct kx_view file, struct kx_error *err)
{
	struct kx_bzimage image;
	int r = kx_bzimage_parse(file, &image, err);

	if (r < 0)
		return r;
	if (image.version < 0x020c)
		return kx_fail(
			err, EOPNOTSUPP,
			"bzImage boot protocol %u.%02u, need 2.12 or later for the 64-bit entry; "
			"older kernels are not built yet",
			image.version >> 8, image.version & 0xff);
	if (!(image.loadflags & KX_LOADED_HIGH) || !(image.xloadflags & KX_XLF_KERNEL_64))
		return kx_fail(err, EOPNOTSUPP,
			       "bzImage has no 64-bit entry (xloadflags %#x); 32-bit kernels are "
			       "not built yet",
			       image.xloadflags);
	return 0;
}

static int check_cmdline(const struct kx_plan *plan, size_t max, const char *who,
			 struct kx_error *err)
{
	size_t size = strlen(plan->cmdline);

	if (size <= max)
		return 0;
	return kx_fail(err, E2BIG, "command line has %zu bytes, %s takes %zu; shorten it", size,
		       who, max);
}

/* A CRC over the whole file makes the slower check of the payload needless. */
static int check_sums(const struct kx_plan *plan, struct kx_view file,
		      const struct kx_bzimage *image, struct kx_error *err)
{
	bool checked;
	int r;

	if (plan->request.flags & KX_REQUEST_FORCE_CRC)
		return 0;
	r = kx_bzimage_crc(file, image, &checked, err);
	if (r < 0 || checked)
		return r;
	return kx_bzimage_payload(image, err);
}

static int check(const struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	struct kx_bzimage image;
	int r = kx_bzimage_parse(file, &image, err);

	if (r == 0)
		r = check_cmdline(plan, image.cmdline_size, "this kernel", err);
	if (r == 0 && plan->machine->la57 == KX_YES && !(image.xloadflags & KX_XLF_5LEVEL))
		r = kx_fail(err, EOPNOTSUPP,
			    "kernel cannot be entered with 5-level page tables, which this machine "
			    "uses; "
			    "boot this machine with no5lvl first");
	if (r == 0)
		r = check_sums(plan, file, &image, err);
	return r;
}

/* What arch/x86/kernel/kexec-bzimage64.c asks for. */
static int file_load(const struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	struct kx_bzimage image;
	int r = kx_bzimage_parse(file, &image, err);
	size_t spare = FILE_LOAD_CMDLINE_SPARE;

	if (r < 0)
		return r;
	if (!(image.xloadflags & KX_XLF_CAN_BE_LOADED_ABOVE_4G))
		return kx_fail(err, EOPNOTSUPP, "kernel cannot be loaded above 4 GiB");
	if (plan->machine->efi.present && plan->machine->efi.bits == 32)
		return kx_fail(err, EOPNOTSUPP, "the firmware is 32-bit EFI");
	if (plan->request.dtb)
		return kx_fail(err, EOPNOTSUPP, "it takes no device tree on x86");
	return check_cmdline(plan, image.cmdline_size > spare ? image.cmdline_size - spare : 0,
			     "kexec_file_load", err);
}

/* ---- placement ------------------------------------------------------------------------------- */

static uint64_t highest(const struct kx_bzimage *image, uint64_t otherwise)
{
	return image->xloadflags & KX_XLF_CAN_BE_LOADED_ABOVE_4G ? UINT64_MAX : otherwise;
}

/*
 * At pref_address if that is free, since that is where the kernel would move itself, else at the next aligned place
 * above. Only the file's bytes are loaded: up to init_size the kernel clears or fills its memory by itself.
 */
static int place_kernel(struct kx_plan *plan, const struct kx_bzimage *image, uint64_t *ret,
			struct kx_error *err)
{
	const char *where = "lowest free aligned place";
	uint64_t size =
		image->init_size > image->payload.size ? image->init_size : image->payload.size;
	struct kx_place place = {
		.size = size,
		.align = image->relocatable ? image->kernel_alignment : KX_PAGE_SIZE,
		.min = image->pref_address,
		.max = highest(image, FOUR_GIB),
		.low_first = true,
	};
	int r;

	if (!image->relocatable && (kx_add_overflow(place.min, size, &place.max) ||
				    kx_align_up_overflow(place.max, KX_PAGE_SIZE, &place.max)))
		return kx_fail(err, EBADMSG, "kernel asks for %s at %#" PRIx64,
			       kx_size_text(size).s, place.min);
	if (place.align < KX_PAGE_SIZE)
		place.align = KX_PAGE_SIZE;
	r = kx_plan_place(plan, "kernel", &place, ret, err);
	if (r < 0)
		return r;
	if (!plan->placed)
		where = "wherever there is room";
	else if (*ret == image->pref_address)
		where = "preferred address";
	return kx_plan_add(plan,
			   &(struct kx_segment){ .name = "kernel",
						 .buf = image->payload.data,
						 .bufsz = image->payload.size,
						 .dest = *ret,
						 .memsz = image->payload.size,
						 .reserved = size },
			   err, "%s, %s for its init_size", where, kx_size_text(size).s);
}

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

static int place_initrd(struct kx_plan *plan, const struct kx_bzimage *image, uint64_t *ret_dest,
			uint64_t *ret_size, struct kx_error *err)
{
	const struct kx_request *request = &plan->request;
	size_t others = 3; /* kernel, boot_params, purgatory */
	_cleanup_(kx_initrd_clear) struct kx_initrd initrd = { 0 };
	struct kx_place place = { .align = KX_PAGE_SIZE };
	int r;

	if (!request->initrd_count)
		return 0;
	r = kx_initrd_layout(request->initrds, request->initrd_count, KX_PAGE_SIZE, &initrd, err);
	if (r < 0)
		return r;
	place.size = initrd.size;
	place.max = highest(image, (uint64_t)image->initrd_addr_max + 1);
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

static int plan(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	struct kx_place params = { .align = KX_PAGE_SIZE };
	struct kx_bzimage image;
	uint64_t kernel = 0, initrd = 0, initrd_size = 0, boot_params = 0;
	int r = kx_bzimage_parse(file, &image, err);

	if (r == 0 && kx_x86_next_memmap(plan->machine, &plan->memmap) < 0)
		r = kx_fail(err, ENOMEM, "out of memory for plan");
	if (r == 0)
		r = place_kernel(plan, &image, &kernel, err);
	if (r == 0)
		r = place_initrd(plan, &image, &initrd, &initrd_size, err);
	params.max = highest(&image, FOUR_GIB);
	if (r == 0)
		r = kx_x86_boot_params(plan, &image, initrd, initrd_size, &params, &boot_params,
				       err);
	if (r == 0)
		r = kx_x86_purgatory(plan, kernel + ENTRY_64, boot_params, err);
	return r;
}

const struct kx_format kx_format_bzimage64 = {
	.name = "bzImage64",
	.summary = "Linux/x86 by its 64-bit entry, boot protocol 2.12 and later",
	.arch = KX_ARCH_X86_64,
	.probe = probe,
	.check = check,
	.file_load = file_load,
	.plan = plan,
};
