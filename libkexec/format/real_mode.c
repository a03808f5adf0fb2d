// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The real-mode entry of Documentation/x86/boot.rst, sections "Memory Layout", "Sample Boot Configuration" and
 * "Running the Kernel": the setup code runs first and asks the BIOS for what boot_params otherwise say.
 */
#include "linux_x86.h"

#include <errno.h>
#include <string.h>

#include "arch/x86/boot_params.h"
#include "arch/x86/entry.h"
#include "base/overflow.h"

/* Offsets in the setup code, besides those of struct boot_params that it is a part of. */
enum { OLD_CL_MAGIC = 0x20, OLD_CL_OFFSET = 0x22, HEAP_END_PTR = 0x224 };

#define OLD_CL_MAGIC_VALUE 0xa33f
#define LOADER_KEXEC 0xd0
/* The entry is one sector into the setup code; heap_end_ptr counts from there. */
#define ENTRY 0x200

/* Linux's own build makes the setup code at least this long: what is shorter is a loader dressed as a kernel. */
#define LINUX_SETUP_SIZE ((4 + 1) * 512)

/**
 * struct layout - offsets from the setup code's first byte
 * @min, @max: where the block goes
 * @heap_end: of the heap behind the setup code; the stack is above
 * @stack: where the stack starts, downwards
 * @cmdline: above the segment's end where that is allowed: setup codes were seen to run their stack into it
 */
struct layout {
	uint64_t min, max;
	uint16_t heap_end, stack;
	uint32_t cmdline;
};

/*
 * From 2.02 on the block may be anywhere low. It keeps clear of the upper end, where payloads that stay resident
 * (iPXE, memdisk) copy themselves to, and of the lower one, where GRUB does.
 */
static const struct layout modern = {
	.min = 0x20000, .max = 0x90000, .heap_end = 0xe000, .stack = 0xfff0, .cmdline = 0x10000
};

/* Before, it is at 0x90000, and ends where extended BIOS data may begin. */
static const struct layout old = {
	.min = 0x90000, .max = 0x9a000, .heap_end = 0x9000, .stack = 0x9800, .cmdline = 0x9800
};

static const struct layout *layout_for(const struct kx_bzimage *image)
{
	return image->version >= 0x0202 ? &modern : &old;
}

const char *kx_linux_wants_real_mode(const struct kx_bzimage *image)
{
	static const char memdisk[] = "MEMDISK";

	if (image->version < 0x0200)
		return "boot protocol before 2.00";
	if (image->version >= 0x020a)
		return NULL;
	if (!image->code32_start)
		return "no 32-bit entry, code32_start is 0";
	if (kx_view_equals(image->kernel_version, 0, memdisk, sizeof(memdisk) - 1))
		return "memdisk";
	if (image->setup.size < LINUX_SETUP_SIZE)
		return "its setup code is too short for Linux";
	return NULL;
}

static void put_header(uint8_t *setup, const struct kx_bzimage *image, const struct layout *layout,
		       uint64_t initrd, uint64_t initrd_size)
{
	if (image->version < 0x0200)
		return;
	setup[KX_BP_TYPE_OF_LOADER] = LOADER_KEXEC;
	kx_put_le32(setup + KX_BP_RAMDISK_IMAGE, (uint32_t)initrd);
	kx_put_le32(setup + KX_BP_RAMDISK_SIZE, (uint32_t)initrd_size);
	if (image->version < 0x0201)
		return;
	setup[KX_BP_LOADFLAGS] |= KX_CAN_USE_HEAP;
	kx_put_le16(setup + HEAP_END_PTR, layout->heap_end - ENTRY);
}

static void put_cmdline(uint8_t *setup, const struct kx_bzimage *image, const struct layout *layout,
			uint64_t dest, const char *cmdline)
{
	memcpy(setup + layout->cmdline, cmdline, strlen(cmdline) + 1);
	if (image->version >= 0x0202) {
		kx_put_le32(setup + KX_BP_CMD_LINE_PTR, (uint32_t)(dest + layout->cmdline));
		return;
	}
	kx_put_le16(setup + OLD_CL_MAGIC, OLD_CL_MAGIC_VALUE);
	kx_put_le16(setup + OLD_CL_OFFSET, (uint16_t)layout->cmdline);
}

/* Setup code, heap, stack and command line as one segment. */
static int place_setup(struct kx_plan *plan, const struct kx_bzimage *image, uint64_t initrd,
		       uint64_t initrd_size, uint64_t *ret, struct kx_error *err)
{
	const struct layout *layout = layout_for(image);
	size_t size = layout->cmdline + strlen(plan->cmdline) + 1;
	struct kx_place place = {
		.size = size, .align = KX_PAGE_SIZE, .min = layout->min, .max = layout->max
	};
	uint8_t *setup = kx_plan_alloc(plan, size, err);
	const char *why = kx_linux_wants_real_mode(image);
	int r;

	if (!setup)
		return -ENOMEM;
	r = kx_plan_place(plan, "real-mode code", &place, ret, err);
	if (r < 0)
		return r;
	memcpy(setup, image->setup.data, image->setup.size);
	put_header(setup, image, layout, initrd, initrd_size);
	put_cmdline(setup, image, layout, *ret, plan->cmdline);
	return kx_plan_add(
		plan,
		&(struct kx_segment){
			.name = "setup", .buf = setup, .bufsz = size, .dest = *ret, .memsz = size },
		err, "real-mode code, heap, stack, command line; entered in real mode: %s",
		why ? why : "asked for");
}

static int check_limits(const struct kx_plan *plan, const struct kx_bzimage *image,
			struct kx_error *err)
{
	const struct layout *layout = layout_for(image);

	size_t room = layout->heap_end - ENTRY;

	if (image->setup.size > room)
		return kx_fail(err, EOPNOTSUPP,
			       "setup code has %zu bytes, real mode has room for %zu",
			       image->setup.size, room);
	if (image->version < 0x0200 && plan->request.initrd_count)
		return kx_fail(err, EOPNOTSUPP,
			       "boot protocol before 2.00 knows no initrd; leave --initrd out");
	return 0;
}

int kx_linux_plan_real_mode(struct kx_plan *plan, const struct kx_bzimage *image,
			    struct kx_error *err)
{
	uint64_t kernel = 0, initrd = 0, initrd_size = 0, setup = 0;
	uint16_t segment;
	int r = check_limits(plan, image, err);

	if (r == 0)
		r = kx_linux_place_fixed(plan, image, &kernel, err);
	if (r == 0)
		r = kx_x86_place_initrd(plan, (uint64_t)image->initrd_addr_max + 1, NULL, &initrd,
					&initrd_size, err);
	if (r == 0)
		r = place_setup(plan, image, initrd, initrd_size, &setup, err);
	if (r < 0)
		return r;
	segment = (uint16_t)(setup >> 4);
	return kx_x86_purgatory(plan,
				&(struct kx_x86_entry){ .mode = KX_MODE_16,
							.ip = setup + ENTRY,
							.regs = { .sp = layout_for(image)->stack },
							.cs = (uint16_t)(segment + (ENTRY >> 4)),
							.ds = segment,
							.ss = segment },
				err);
}
