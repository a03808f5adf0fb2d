// SPDX-License-Identifier: LGPL-2.1-or-later
/* boot_params, field by field: what is not named here is zero in the next kernel, whatever this one was given. */
#include "boot_params.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "abi/handoff.h"
#include "base/endian.h"
#include "base/overflow.h"
#include "format/bzimage.h"
#include "names.h"
#include "source.h"

/* kexec's number in the table of boot loader ids of boot.rst, as the kernel's own kexec_file_load says. */
#define LOADER_KEXEC 0xd0

/* struct setup_data: next (64 bits), type, len (32 bits each). */
#define SETUP_DATA_HEADER 16

#define RNG_SEED_SIZE 32
#define CC_BLOB_SIZE 4 /* a 32-bit address */

/* More than any device tree; setup_data has 32 bits for it. */
#define DTB_MAX (UINT64_C(1) << 21)

/* orig_video_isVGA: include/uapi/linux/screen_info.h */
enum { VIDEO_TYPE_VLFB = 0x23, VIDEO_TYPE_EFI = 0x70 };

void *kx_boot_block_take(struct kx_boot_block *block, size_t size, uint64_t *ret)
{
	size_t at = (size_t)kx_align_up(block->used, 16);

	if (at > block->room || size > block->room - at)
		return NULL;
	block->used = at + size;
	*ret = block->dest + at;
	return block->buf + at;
}

void *kx_boot_block_setup_data(struct kx_boot_block *block, uint32_t type, size_t size)
{
	uint8_t *head = block->buf + KX_BP_SETUP_DATA;
	uint64_t at;
	uint8_t *node = kx_boot_block_take(block, SETUP_DATA_HEADER + size, &at);

	if (!node)
		return NULL;
	kx_put_le64(node, kx_le64(head));
	kx_put_le32(node + 8, type);
	kx_put_le32(node + 12, (uint32_t)size);
	kx_put_le64(head, at);
	return node + SETUP_DATA_HEADER;
}

/* SEV-SNP: the kernel clears the field in boot_params and looks for setup_data, or in EFI's tables (snp_init()). */
static bool has_cc_blob(const struct kx_machine *machine)
{
	return machine->confidential == KX_CC_SEV_SNP && machine->boot_params &&
	       kx_le32(machine->boot_params + KX_BP_CC_BLOB_ADDRESS);
}

/* An upper bound for one thing: its size, its setup_data header, and alignment. */
static size_t room_for(size_t size)
{
	return size ? size + SETUP_DATA_HEADER + 16 : 0;
}

static size_t block_room(const struct kx_plan *plan)
{
	const struct kx_source *dtb = plan->request.dtb;

	return KX_BOOT_PARAMS_SIZE + room_for(strlen(plan->cmdline) + 1) +
	       room_for(kx_x86_e820_room(&plan->memmap)) + 2 * room_for(kx_x86_efi_room(plan)) +
	       room_for(dtb ? kx_source_size(dtb) : 0) + room_for(CC_BLOB_SIZE) +
	       room_for(sizeof(struct kx_times)) + room_for(RNG_SEED_SIZE);
}

/* ---- video ----------------------------------------------------------------------------------- */

static bool is_text(const uint8_t *old)
{
	return old[KX_BP_SCREEN_IS_VGA] != VIDEO_TYPE_VLFB &&
	       old[KX_BP_SCREEN_IS_VGA] != VIDEO_TYPE_EFI;
}

/*
 * screen_info says what firmware or boot loader set the display to. It is still true while a driver for firmware
 * frame buffers, or none at all in text mode, drives it; a native driver has changed the mode.
 */
bool kx_x86_screen_valid(const struct kx_plan *plan)
{
	const struct kx_machine *machine = plan->machine;

	return (!machine->fb_name && is_text(machine->boot_params)) ||
	       machine->firmware_fb == KX_YES || (plan->request.flags & KX_REQUEST_REUSE_VIDEO);
}

static void put_screen(struct kx_boot_block *block, const uint8_t *old)
{
	const struct kx_machine *machine = block->plan->machine;

	if (kx_x86_screen_valid(block->plan)) {
		memcpy(block->buf + KX_BP_SCREEN_INFO, old + KX_BP_SCREEN_INFO,
		       KX_BP_SCREEN_INFO_SIZE);
		kx_put_le16(block->buf + KX_BP_SCREEN_EXT_MEM_K, 0);
		return;
	}
	kx_plan_warn(
		block->plan,
		"%s drives the display: it stays dark until the next kernel's own driver loads; "
		"--reuse-video-type hands over the mode it was booted with",
		machine->fb_name ? machine->fb_name : "an unknown driver");
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void copy(uint8_t *to, const uint8_t *from, size_t offset, size_t size)
{
	memcpy(to + offset, from + offset, size);
}

/* Facts that only a BIOS or the boot loader could have told, in the words in which they told the running kernel. */
static void put_inherited(struct kx_boot_block *block)
{
	const uint8_t *old = block->plan->machine->boot_params;

	if (!old) {
		kx_plan_warn(block->plan, "/sys/kernel/boot_params/data is not readable: "
					  "video mode, EDD and EDID are not handed over");
		return;
	}
	put_screen(block, old);
	copy(block->buf, old, KX_BP_APM_BIOS_INFO, KX_BP_APM_BIOS_INFO_SIZE);
	copy(block->buf, old, KX_BP_IST_INFO, KX_BP_IST_INFO_SIZE);
	copy(block->buf, old, KX_BP_EDID_INFO, KX_BP_EDID_INFO_SIZE);
	copy(block->buf, old, KX_BP_EDDBUF_ENTRIES, 1);
	copy(block->buf, old, KX_BP_EDDBUF, KX_BP_EDDBUF_SIZE);
	copy(block->buf, old, KX_BP_EDD_MBR_SIG_BUF_ENTRIES, 1);
	copy(block->buf, old, KX_BP_EDD_MBR_SIG_BUFFER, KX_BP_EDD_MBR_SIG_BUFFER_SIZE);
	copy(block->buf, old, KX_BP_SECURE_BOOT, 1);
	copy(block->buf, old, KX_BP_HARDWARE_SUBARCH, 12);
}

/* The two memory sizes of older BIOS calls, in KiB above 1 MiB, capped as those calls capped them. */
static void put_old_memory_sizes(uint8_t *bp, const struct kx_memmap *map)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct kx_mem *mem = &map->v[i];
		uint64_t size;

		if (mem->type != KX_MEM_RAM || mem->start > 0x100000 || mem->end <= 0x100000)
			continue;
		size = (mem->end - 0x100000) >> 10;
		kx_put_le16(bp + KX_BP_SCREEN_EXT_MEM_K, (uint16_t)(size > 0xfc00 ? 0xfc00 : size));
		kx_put_le32(bp + KX_BP_ALT_MEM_K,
			    (uint32_t)(size > UINT32_MAX ? UINT32_MAX : size));
	}
}

static void put_header(uint8_t *bp, const struct kx_bzimage *image, uint64_t initrd,
		       uint64_t initrd_size)
{
	size_t room = KX_BP_EDD_MBR_SIG_BUFFER - KX_BP_HDR;
	size_t size = image->setup_header.size < room ? image->setup_header.size : room;

	memcpy(bp + KX_BP_HDR, image->setup_header.data, size);
	bp[KX_BP_SENTINEL] = 0;
	bp[KX_BP_TYPE_OF_LOADER] = LOADER_KEXEC;
	bp[KX_BP_LOADFLAGS] = image->loadflags & (KX_LOADED_HIGH | KX_KASLR_FLAG);
	kx_put_le64(bp + KX_BP_SETUP_DATA, 0);
	kx_put_le32(bp + KX_BP_RAMDISK_IMAGE, (uint32_t)initrd);
	kx_put_le32(bp + KX_BP_EXT_RAMDISK_IMAGE, (uint32_t)(initrd >> 32));
	kx_put_le32(bp + KX_BP_RAMDISK_SIZE, (uint32_t)initrd_size);
	kx_put_le32(bp + KX_BP_EXT_RAMDISK_SIZE, (uint32_t)(initrd_size >> 32));
}

static int put_cmdline(struct kx_boot_block *block)
{
	const char *cmdline = block->plan->cmdline;
	uint64_t at;
	char *to = kx_boot_block_take(block, strlen(cmdline) + 1, &at);

	if (!to)
		return -ENOSPC;
	memcpy(to, cmdline, strlen(cmdline) + 1);
	kx_put_le32(block->buf + KX_BP_CMD_LINE_PTR, (uint32_t)at);
	kx_put_le32(block->buf + KX_BP_EXT_CMD_LINE_PTR, (uint32_t)(at >> 32));
	return 0;
}

/* What purgatory writes is in no digest. It can tell the time where that needs nobody's help (flags_for()). */
static int put_times(struct kx_boot_block *block)
{
	struct kx_plan *plan = block->plan;
	struct kx_times *times;

	if (plan->machine->confidential >= KX_CC_SEV_ES)
		return 0;
	times = kx_boot_block_setup_data(block, KX_TIMES_SETUP_TYPE, sizeof(*times));
	if (!times)
		return -ENOSPC;
	times->magic = htole64(KX_TIMES_MAGIC);
	plan->times = block->dest + (uint64_t)((uint8_t *)times - block->buf);
	return 0;
}

static int put_setup_data(struct kx_boot_block *block)
{
	struct kx_plan *plan = block->plan;
	const struct kx_source *dtb = plan->request.dtb;

	if (dtb) {
		void *to = kx_boot_block_setup_data(block, KX_SETUP_DTB, kx_source_size(dtb));

		if (!to)
			return -ENOSPC;
		memcpy(to, kx_source_data(dtb), kx_source_size(dtb));
	}
	if (has_cc_blob(plan->machine)) {
		void *to = kx_boot_block_setup_data(block, KX_SETUP_CC_BLOB, CC_BLOB_SIZE);

		if (!to)
			return -ENOSPC;
		memcpy(to, plan->machine->boot_params + KX_BP_CC_BLOB_ADDRESS, CC_BLOB_SIZE);
	}
	if (put_times(block) < 0)
		return -ENOSPC;
	plan->seed = kx_boot_block_setup_data(block, KX_SETUP_RNG_SEED, RNG_SEED_SIZE);
	if (!plan->seed)
		return -ENOSPC;
	plan->seed_size = RNG_SEED_SIZE;
	plan->seed_length =
		(uint8_t *)plan->seed - 4; /* struct setup_data: next, type, len, data */
	return 0;
}

/*
 * A memory test or a loader dressed as a kernel would follow the EFI system table, whose pointers are virtual addresses
 * since Linux moved the runtime services, and crash: memtest86+ does.
 */
static bool knows_moved_efi(const struct kx_bzimage *image)
{
	struct kx_view text = image->kernel_version;

	return !text.size || (text.data[0] >= '0' && text.data[0] <= '9');
}

static int fill(struct kx_boot_block *block, const struct kx_bzimage *image, uint64_t initrd,
		uint64_t initrd_size, struct kx_error *err)
{
	int r;

	block->used = KX_BOOT_PARAMS_SIZE;
	put_header(block->buf, image, initrd, initrd_size);
	put_inherited(block);
	put_old_memory_sizes(block->buf, &block->plan->memmap);
	if (put_cmdline(block) < 0 || put_setup_data(block) < 0)
		return kx_fail(err, ENOSPC, "boot_params have no room for what they point to");
	r = kx_x86_e820_write(block, &block->plan->memmap, err);
	if (r < 0)
		return r;
	kx_put_le64(block->buf + KX_BP_ACPI_RSDP_ADDR, block->plan->machine->acpi_rsdp);
	return knows_moved_efi(image) ? kx_x86_efi_write(block, err) : 0;
}

int kx_x86_boot_params(struct kx_plan *plan, const struct kx_bzimage *image, uint64_t initrd,
		       uint64_t initrd_size, const struct kx_place *place, uint64_t *ret_dest,
		       struct kx_error *err)
{
	struct kx_boot_block block = { .plan = plan };
	struct kx_place at = *place;
	int r;

	if (plan->request.dtb && kx_source_size(plan->request.dtb) > DTB_MAX)
		return kx_fail(err, EFBIG, "%s: device tree of %s, at most %s are taken",
			       kx_source_name(plan->request.dtb),
			       kx_size_text(kx_source_size(plan->request.dtb)).s,
			       kx_size_text(DTB_MAX).s);
	block.room = at.size = block_room(plan);
	block.buf = kx_plan_alloc(plan, block.room, err);
	if (!block.buf)
		return -ENOMEM;
	r = kx_plan_place(plan, "boot_params", &at, &block.dest, err);
	if (r == 0)
		r = fill(&block, image, initrd, initrd_size, err);
	if (r < 0)
		return r;
	*ret_dest = block.dest;
	return kx_plan_add(plan,
			   &(struct kx_segment){ .name = "boot_params",
						 .buf = block.buf,
						 .bufsz = block.used,
						 .dest = block.dest,
						 .memsz = block.used },
			   err, "zero page, command line, setup_data; %s%s",
			   kx_plan_where(plan, block.used),
			   at.max == UINT64_MAX ? "" : " below 4 GiB");
}
