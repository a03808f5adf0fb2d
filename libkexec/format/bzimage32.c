// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bzImage and zImage by what is not the 64-bit entry: the 32-bit boot protocol (Documentation/x86/boot.rst, "32-bit
 * Boot Protocol") or real mode. Old kernels, i386 ones, and boot loaders dressed as kernels.
 */
#include "format.h"

#include <errno.h>

#include "arch/x86/boot_params.h"
#include "arch/x86/entry.h"
#include "linux_x86.h"

/* Before, the command line's place counts from the real-mode code's segment, and there is none. */
#define VERSION_32 0x0202
/* Nothing older than this Linux 2.6.14's was ever told of EFI, or does without what a BIOS answers. */
#define VERSION_WITHOUT_BIOS 0x0204

#define LOADER_CMDLINE_SIZE 1535

static int parse(struct kx_view file, struct kx_bzimage *ret, struct kx_error *err)
{
	int r = kx_bzimage_parse(file, ret, err);

	return r == -ENOEXEC ? kx_zimage_parse(file, ret, err) : r;
}

static int probe(const struct kx_request *request, struct kx_view file, struct kx_error *err)
{
	struct kx_bzimage image;

	return parse(file, &image, err);
}

static bool is_real_mode(const struct kx_request *request, const struct kx_bzimage *image)
{
	if (request->flags & KX_REQUEST_FORCE_REAL_MODE || request->entry == KX_ENTRY_REAL_MODE)
		return true;
	return request->entry == KX_ENTRY_AUTO && kx_linux_wants_real_mode(image);
}

/* Linux truncates what is longer. GRUB4DOS, which speaks protocol 2.03 too, copies this much. */
static size_t cmdline_max(const struct kx_bzimage *image)
{
	struct kx_view text = image->kernel_version;
	bool linux_text = text.size && text.data[0] >= '0' && text.data[0] <= '9';

	return image->version < 0x0202 || image->version >= 0x0206 || linux_text
		       ? image->cmdline_size
		       : LOADER_CMDLINE_SIZE;
}

static int check_entry_32(const struct kx_bzimage *image, struct kx_error *err)
{
	if (image->version < VERSION_32)
		return kx_fail(err, EOPNOTSUPP,
			       "boot protocol %u.%02u has no command line for the 32-bit entry, "
			       "need 2.02 or later; try --real-mode",
			       image->version >> 8, image->version & 0xff);
	if (!(image->loadflags & KX_LOADED_HIGH))
		return kx_fail(err, EOPNOTSUPP,
			       "zImage has no 32-bit entry outside of low memory; try --real-mode");
	return 0;
}

/* There is no BIOS behind UEFI to go back to: what needs one hangs without a word. */
static int check_firmware(const struct kx_plan *plan, const struct kx_bzimage *image,
			  struct kx_error *err)
{
	const struct kx_request *request = &plan->request;

	if (!plan->machine->efi.present || request->flags & KX_REQUEST_FORCE_REAL_MODE)
		return 0;
	if (is_real_mode(request, image))
		return kx_fail(
			err, EOPNOTSUPP,
			"needs a BIOS (real-mode entry), and this machine was booted by UEFI; "
			"boot it by legacy BIOS (CSM), or try --force-real-mode");
	if (image->version < VERSION_WITHOUT_BIOS && request->entry == KX_ENTRY_AUTO)
		return kx_fail(
			err, EOPNOTSUPP,
			"needs a BIOS (boot protocol %u.%02u), and this machine was booted by "
			"UEFI; boot it by legacy BIOS (CSM), or try --entry-32bit",
			image->version >> 8, image->version & 0xff);
	return 0;
}

static int check(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	struct kx_bzimage image;
	int r = parse(file, &image, err);

	if (r == 0)
		r = check_firmware(plan, &image, err);
	if (r == 0 && !is_real_mode(&plan->request, &image))
		r = check_entry_32(&image, err);
	if (r == 0)
		r = kx_linux_check_cmdline(plan, cmdline_max(&image), "this kernel", err);
	if (r == 0 && kx_plan_panic(plan))
		r = is_real_mode(&plan->request, &image)
			    ? kx_fail(err, EOPNOTSUPP,
				      "cannot be started in real mode after a panic; leave "
				      "--real-mode out")
			    : kx_linux_check_capture(plan, &image, err);
	if (r == 0)
		r = kx_linux_check_sums(plan, file, &image, false, err);
	return r;
}

static int file_load(const struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	return kx_fail(err, EOPNOTSUPP, "it takes kernels by their 64-bit entry only");
}

static int plan_32(struct kx_plan *plan, const struct kx_bzimage *image, struct kx_error *err)
{
	struct kx_place params = { .align = KX_PAGE_SIZE, .max = KX_X86_FOUR_GIB };
	uint64_t kernel = 0, initrd = 0, initrd_size = 0, boot_params = 0;
	int r;

	r = image->relocatable
		    ? kx_linux_place_relocatable(plan, image, KX_X86_FOUR_GIB, &kernel, err)
		    : kx_linux_place_fixed(plan, image, &kernel, err);
	if (r == 0)
		r = kx_x86_place_initrd(plan, (uint64_t)image->initrd_addr_max + 1, NULL, &initrd,
					&initrd_size, err);
	if (r == 0)
		r = kx_x86_boot_params(plan, image, initrd, initrd_size, &params, &boot_params,
				       err);
	if (r < 0)
		return r;
	return kx_x86_purgatory(plan,
				&(struct kx_x86_entry){ .mode = KX_MODE_32,
							.ip = kernel,
							.regs = { .si = boot_params } },
				err);
}

static int plan(struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	struct kx_bzimage image;
	int r = parse(file, &image, err);

	if (r == 0)
		r = kx_x86_find_memmap(plan, err);
	if (r < 0)
		return r;
	return is_real_mode(&plan->request, &image) ? kx_linux_plan_real_mode(plan, &image, err)
						    : plan_32(plan, &image, err);
}

const struct kx_format kx_format_bzimage = {
	.name = "bzImage",
	.summary = "Linux/x86 by its 32-bit or real-mode entry; zImage, memdisk",
	.arch = KX_ARCH_X86_64,
	.takes_entry = true,
	.captures = true,
	.probe = probe,
	.check = check,
	.file_load = file_load,
	.plan = plan,
};
