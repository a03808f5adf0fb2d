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
#include "arch/x86/entry.h"
#include "base/overflow.h"
#include "bzimage_direct.h"
#include "crash/crash.h"
#include "hints.h"
#include "linux_x86.h"
#include "names.h"

#define ENTRY_64 0x200

static int probe(const struct kx_request *request, struct kx_view file, struct kx_error *err)
{
	struct kx_bzimage image;
	int r = kx_bzimage_parse(file, &image, err);

	if (r < 0)
		return r;
	if (request->entry != KX_ENTRY_AUTO || request->flags & KX_REQUEST_FORCE_REAL_MODE)
		return kx_fail(err, ENOEXEC, "another entry was asked for");
	if (image.version < 0x020c)
		return kx_fail(
			err, ENOEXEC,
			"bzImage boot protocol %u.%02u, need 2.12 or later for the 64-bit entry",
			image.version >> 8, image.version & 0xff);
	if (!(image.loadflags & KX_LOADED_HIGH) || !(image.xloadflags & KX_XLF_KERNEL_64))
		return kx_fail(err, ENOEXEC, "bzImage has no 64-bit entry (xloadflags %#x)",
			       image.xloadflags);
	return 0;
}

static bool may_be_direct(const struct kx_plan *plan, const struct kx_bzimage *image)
{
	return plan->request.method != KX_METHOD_FILE_LOAD && !kx_direct_refused(plan, image);
}

static size_t file_load_cmdline_size(const struct kx_bzimage *image)
{
	size_t spare = KX_CRASH_CMDLINE_SPARE;

	return image->cmdline_size > spare ? image->cmdline_size - spare : 0;
}

static int check(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	struct kx_bzimage image;
	int r = kx_bzimage_parse(file, &image, err);

	if (r == 0)
		kx_hints_fit(plan, file_load_cmdline_size(&image));
	if (r == 0)
		r = kx_linux_check_cmdline(plan, image.cmdline_size, "this kernel", err);
	if (r == 0 && plan->machine->la57 == KX_YES && !(image.xloadflags & KX_XLF_5LEVEL))
		r = kx_fail(err, EOPNOTSUPP,
			    "kernel cannot be entered with 5-level page tables, which this machine "
			    "uses; "
			    "boot this machine with no5lvl first");
	if (r == 0 && kx_plan_panic(plan))
		r = kx_linux_check_capture(plan, &image, err);
	if (r == 0)
		r = kx_linux_check_sums(plan, file, &image, may_be_direct(plan, &image), err);
	return r;
}

/* What arch/x86/kernel/kexec-bzimage64.c asks for. */
static int file_load(const struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	struct kx_bzimage image;
	int r = kx_bzimage_parse(file, &image, err);

	if (r < 0)
		return r;
	if (!(image.xloadflags & KX_XLF_CAN_BE_LOADED_ABOVE_4G))
		return kx_fail(err, EOPNOTSUPP, "kernel cannot be loaded above 4 GiB");
	if (plan->machine->efi.present && plan->machine->efi.bits == 32)
		return kx_fail(err, EOPNOTSUPP, "the firmware is 32-bit EFI");
	if (plan->request.dtb)
		return kx_fail(err, EOPNOTSUPP, "it takes no device tree on x86");
	if (kx_plan_panic(plan)) {
		struct kx_crash_fit fit = { image.init_size, image.kernel_alignment,
					    kx_request_initrd_size(&plan->request) };

		r = kx_crash_check_fit(plan->machine, &fit, err);
	}
	if (r < 0)
		return r;
	return kx_linux_check_cmdline(plan, file_load_cmdline_size(&image), "kexec_file_load", err);
}

/* ---- placement ------------------------------------------------------------------------------- */

static uint64_t highest(const struct kx_bzimage *image, uint64_t otherwise)
{
	return image->xloadflags & KX_XLF_CAN_BE_LOADED_ABOVE_4G ? UINT64_MAX : otherwise;
}

/* A kernel that is not relocatable is where it moves itself to: its 64-bit entry does without that move. */
static int place_kernel(struct kx_plan *plan, const struct kx_bzimage *image, uint64_t *ret,
			struct kx_error *err)
{
	uint64_t max = highest(image, KX_X86_FOUR_GIB);

	if (!image->relocatable && (kx_add_overflow(image->pref_address, image->init_size, &max) ||
				    kx_align_up_overflow(max, KX_PAGE_SIZE, &max)))
		return kx_fail(err, EBADMSG, "kernel asks for %s at %#" PRIx64,
			       kx_size_text(image->init_size).s, image->pref_address);
	return kx_linux_place_relocatable(plan, image, max, ret, err);
}

/* Where it is; both are 0 when there is none. */
struct initrd {
	uint64_t dest, size;
};

static int place_initrd(struct kx_plan *plan, const struct kx_bzimage *image,
			const struct kx_relocs_image *kernel, struct initrd *ret,
			struct kx_error *err)
{
	return kx_x86_place_initrd(plan, highest(image, (uint64_t)image->initrd_addr_max + 1),
				   kernel, &ret->dest, &ret->size, err);
}

/* What is the same for the kernel itself and for its decompressor: boot_params, purgatory. */
static int plan_rest(struct kx_plan *plan, const struct kx_bzimage *image,
		     const struct initrd *initrd, uint64_t entry, struct kx_error *err)
{
	struct kx_place params = { .align = KX_PAGE_SIZE, .max = highest(image, KX_X86_FOUR_GIB) };
	uint64_t boot_params = 0;
	int r = kx_x86_boot_params(plan, image, initrd->dest, initrd->size, &params, &boot_params,
				   err);

	if (r < 0)
		return r;
	return kx_x86_purgatory(plan,
				&(struct kx_x86_entry){ .mode = KX_MODE_64,
							.ip = entry,
							.regs = { .si = boot_params } },
				err);
}

/*
 * The decompressor's part of boot_params is to say whether it made the kernel hard to find: boot.rst, KASLR_FLAG. A kernel
 * that can be anywhere leaves the initrd, which cannot be placed so well in many places, its first choice.
 */
static int plan_direct(struct kx_plan *plan, const struct kx_bzimage *image,
		       struct kx_direct *direct, struct kx_error *err)
{
	struct kx_bzimage started = *image;
	struct initrd initrd = { 0 };
	uint64_t entry = 0;
	int r = kx_x86_find_memmap(plan, err);

	if (direct->random)
		started.loadflags |= KX_KASLR_FLAG;
	if (r == 0 && direct->random)
		r = place_initrd(plan, image, &direct->image, &initrd, err);
	if (r == 0)
		r = kx_direct_place(plan, image, highest(image, KX_X86_FOUR_GIB), direct, &entry,
				    err);
	if (r == 0 && !direct->random)
		r = place_initrd(plan, image, NULL, &initrd, err);
	return r < 0 ? r : plan_rest(plan, &started, &initrd, entry, err);
}

static int plan_compressed(struct kx_plan *plan, const struct kx_bzimage *image,
			   struct kx_error *err)
{
	struct initrd initrd = { 0 };
	uint64_t kernel = 0;
	int r = kx_x86_find_memmap(plan, err);

	if (r == 0)
		r = place_kernel(plan, image, &kernel, err);
	if (r == 0)
		r = place_initrd(plan, image, NULL, &initrd, err);
	return r < 0 ? r : plan_rest(plan, image, &initrd, kernel + ENTRY_64, err);
}

static int plan(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	struct kx_plan_mark mark = kx_plan_mark(plan);
	struct kx_direct direct = { 0 };
	struct kx_bzimage image;
	int r = kx_bzimage_parse(file, &image, err);

	if (r < 0)
		return r;
	if (!kx_direct_open(plan, &image, &direct))
		return plan_compressed(plan, &image, err);
	r = plan_direct(plan, &image, &direct, err);
	explicit_bzero(&direct.rng, sizeof(direct.rng));
	if (r != -ENOSPC)
		return r;
	kx_direct_give_up(plan, err->text);
	r = kx_plan_restart(plan, &mark, err);
	return r < 0 ? r : plan_compressed(plan, &image, err);
}

const struct kx_format kx_format_bzimage64 = {
	.name = "bzImage64",
	.summary = "Linux/x86 by its 64-bit entry, boot protocol 2.12 and later",
	.arch = KX_ARCH_X86_64,
	.hints = kx_hints_x86,
	.captures = true,
	.probe = probe,
	.check = check,
	.file_load = file_load,
	.plan = plan,
};
