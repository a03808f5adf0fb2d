// SPDX-License-Identifier: LGPL-2.1-or-later
/* What multiboot kernels miss on a machine without a BIOS: docs/xen-efi.md. */
#include "multiboot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/entry.h"
#include "cmdline.h"

/* In the memory map that the next kernel is told. */
static int reserve(struct kx_memmap *map, uint64_t start, uint64_t end)
{
	int r = kx_memmap_add(map, start, end, KX_MEM_RESERVED);

	for (size_t i = 0; r == 0 && i < map->count; i++) {
		struct kx_mem *mem = &map->v[i];
		uint64_t after = mem->end;

		if (mem->type != KX_MEM_RAM || mem->start > start || mem->end < end)
			continue;
		mem->end = start;
		r = kx_memmap_add(map, end, after, KX_MEM_RAM);
		break;
	}
	kx_memmap_sort(map);
	return r;
}

/* Xen takes one from 0x40000 on, with 64 KiB for its own start below it: docs/xen-efi.md. */
#define EBDA_MIN 0x50000

int kx_multiboot_place_ebda(struct kx_plan *plan, uint64_t *ret, struct kx_error *err)
{
	struct kx_place place = {
		.size = KX_PAGE_SIZE, .align = KX_PAGE_SIZE, .min = EBDA_MIN, .max = KX_X86_LOW_MAX
	};
	struct kx_segment segment = { .name = "ebda", .buf = "", .memsz = KX_PAGE_SIZE };
	int r;

	if (!plan->machine->efi.present || !plan->machine->acpi_rsdp)
		return 0;
	r = kx_plan_place(plan, "ACPI's pointer", &place, &segment.dest, err);
	if (r < 0 || !plan->placed)
		return r;
	if (reserve(&plan->memmap, segment.dest, segment.dest + segment.memsz) < 0)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	*ret = segment.dest;
	return kx_plan_add(plan, &segment, err,
			   "ACPI's pointer where a BIOS would have it; filled by purgatory");
}

/* ---- Xen ------------------------------------------------------------------------------------- */

/* It has no note that says so; but its banner, xen/common/kernel.c and xen/drivers/char/console.c, is in the image. */
static bool is_xen(struct kx_view file)
{
	static const char banner[] = "Xen version %d.%d";

	return memmem(file.data, file.size, banner, sizeof(banner) - 1);
}

int kx_multiboot_check_xen(const struct kx_plan *plan, struct kx_view file, struct kx_error *err)
{
	if (!plan->machine->efi.present || plan->machine->acpi_rsdp || !is_xen(file))
		return 0;
	return kx_fail(err, EOPNOTSUPP,
		       "Xen without a BIOS must be told where ACPI's tables begin, and this system "
		       "does not know; start it with efi=runtime, or with acpi_rsdp=ADDRESS");
}

/* Xen asks the BIOS for disks and video modes, from real mode, unless told not to. */
static int add_no_real_mode(struct kx_plan *plan, struct kx_error *err)
{
	char *text = NULL;
	struct kx_word word;

	if (kx_cmdline_find(plan->cmdline, "no-real-mode", &word))
		return 0;
	if (asprintf(&text, "no-real-mode%s%s", *plan->cmdline ? " " : "", plan->cmdline) < 0)
		return kx_fail(err, ENOMEM, "out of memory for plan");
	free(plan->cmdline);
	plan->cmdline = text;
	return 0;
}

/* Linux as dom0 has no first page of the machine, and looks for ACPI there. kernel-parameters.txt, acpi_rsdp=. */
static int add_rsdp(struct kx_plan *plan, const char **ret_args, struct kx_error *err)
{
	const char *args = plan->request.modules[0].args;
	struct kx_word word;
	char *text;

	if (kx_cmdline_find(args, "acpi_rsdp", &word))
		return 0;
	args = args ? args : "";
	text = kx_plan_alloc(plan, strlen(args) + 32, err);
	if (!text)
		return -ENOMEM;
	/* First, since behind "--" words belong to init. */
	sprintf(text, "acpi_rsdp=0x%" PRIx64 "%s%s", plan->machine->acpi_rsdp, *args ? " " : "",
		args);
	*ret_args = text;
	return 0;
}

int kx_multiboot_tell_xen(struct kx_plan *plan, struct kx_view file, const char **ret_args,
			  struct kx_error *err)
{
	int r;

	if (!plan->machine->efi.present)
		return 0;
	if (!is_xen(file)) {
		kx_plan_warn(plan, "this machine was booted by UEFI: a multiboot kernel that calls "
				   "the BIOS hangs here");
		return 0;
	}
	r = add_no_real_mode(plan, err);
	if (r == 0 && plan->request.module_count)
		r = add_rsdp(plan, ret_args, err);
	return r;
}
