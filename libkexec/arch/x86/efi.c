// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * EFI state for the next kernel. SetVirtualAddressMap() works once after power-on, so the next kernel must map the
 * runtime services where this one did: it is given the runtime map and, in SETUP_EFI, the table addresses that the
 * firmware has since turned into virtual ones (arch/x86/platform/efi/efi.c, kexec_enter_virtual_mode()).
 */
#include "boot_params.h"

#include <errno.h>

#include "base/endian.h"

/* struct efi_info within boot_params. */
enum {
	EFI_LOADER_SIGNATURE = KX_BP_EFI_INFO + 0x00,
	EFI_SYSTAB = KX_BP_EFI_INFO + 0x04,
	EFI_MEMDESC_SIZE = KX_BP_EFI_INFO + 0x08,
	EFI_MEMDESC_VERSION = KX_BP_EFI_INFO + 0x0c,
	EFI_MEMMAP = KX_BP_EFI_INFO + 0x10,
	EFI_MEMMAP_SIZE = KX_BP_EFI_INFO + 0x14,
	EFI_SYSTAB_HI = KX_BP_EFI_INFO + 0x18,
	EFI_MEMMAP_HI = KX_BP_EFI_INFO + 0x1c,
};

#define EFI_SIGNATURE_64 0x34364c45 /* "EL64" */

/* EFI_MEMORY_DESCRIPTOR: UEFI 2.10, 7.2.3; firmware may use larger ones, never more than a page. */
#define EFI_DESC_SIZE 40

/*
 * struct efi_setup_data, arch/x86/include/asm/efi.h. Kernels before 5.7 find the runtime services by
 * it (efi_systab_init(); 0a67361dcdaa ended that). Of SMBIOS's two tables it has the older one alone
 * (efi_reuse_config() in arch/x86/platform/efi/quirks.c).
 */
enum { ESD_FW_VENDOR = 0, ESD_RUNTIME = 8, ESD_TABLES = 16, ESD_SMBIOS = 24, ESD_SIZE = 96 };

static uint32_t desc_size(const struct kx_machine *machine)
{
	uint32_t size = kx_le32(machine->boot_params + EFI_MEMDESC_SIZE);

	return size >= EFI_DESC_SIZE && size <= KX_PAGE_SIZE ? size : EFI_DESC_SIZE;
}

/* Why EFI runtime services cannot be handed over; NULL if they can. */
static const char *obstacle(const struct kx_plan *plan)
{
	const struct kx_efi *efi = &plan->machine->efi;

	if (plan->request.flags & KX_REQUEST_NO_EFI)
		return "--noefi was given";
	if (efi->bits == 32)
		return "the firmware is 32-bit";
	if (!efi->have_runtime_map)
		return "the running kernel has no runtime map (efi=noruntime, or it is not "
		       "readable)";
	if (!plan->machine->boot_params ||
	    kx_le32(plan->machine->boot_params + EFI_LOADER_SIGNATURE) != EFI_SIGNATURE_64)
		return "the running kernel's own boot_params do not have it";
	if (!efi->fw_vendor || !efi->config_table)
		return "the firmware's table addresses are not readable";
	return NULL;
}

static bool is_handed_over(const struct kx_plan *plan)
{
	return plan->machine->efi.present && !obstacle(plan);
}

size_t kx_x86_efi_room(const struct kx_plan *plan)
{
	if (!is_handed_over(plan))
		return 0;
	return plan->machine->efi.runtime_map_count * desc_size(plan->machine) + ESD_SIZE;
}

static void put_map(uint8_t *at, const struct kx_efi *efi, uint32_t size)
{
	for (size_t i = 0; i < efi->runtime_map_count; i++, at += size) {
		const struct kx_efi_desc *desc = &efi->runtime_map[i];

		kx_put_le32(at, desc->type);
		kx_put_le64(at + 8, desc->phys);
		kx_put_le64(at + 16, desc->virt);
		kx_put_le64(at + 24, desc->pages);
		kx_put_le64(at + 32, desc->attribute);
	}
}

static int hand_over(struct kx_boot_block *block, struct kx_error *err)
{
	const struct kx_machine *machine = block->plan->machine;
	const struct kx_efi *efi = &machine->efi;
	uint32_t size = desc_size(machine);
	size_t map_size = efi->runtime_map_count * size;
	uint8_t *bp = block->buf, *map, *setup;
	uint64_t map_at;

	map = kx_boot_block_take(block, map_size, &map_at);
	setup = kx_boot_block_setup_data(block, KX_SETUP_EFI, ESD_SIZE);
	if (!map || !setup)
		return kx_fail(err, ENOSPC, "boot_params have no room for the EFI runtime map");
	put_map(map, efi, size);
	kx_put_le32(bp + EFI_LOADER_SIGNATURE, EFI_SIGNATURE_64);
	kx_put_le32(bp + EFI_SYSTAB, kx_le32(machine->boot_params + EFI_SYSTAB));
	kx_put_le32(bp + EFI_SYSTAB_HI, kx_le32(machine->boot_params + EFI_SYSTAB_HI));
	kx_put_le32(bp + EFI_MEMDESC_SIZE, size);
	kx_put_le32(bp + EFI_MEMDESC_VERSION, kx_le32(machine->boot_params + EFI_MEMDESC_VERSION));
	kx_put_le32(bp + EFI_MEMMAP, (uint32_t)map_at);
	kx_put_le32(bp + EFI_MEMMAP_HI, (uint32_t)(map_at >> 32));
	kx_put_le32(bp + EFI_MEMMAP_SIZE, (uint32_t)map_size);
	kx_put_le64(setup + ESD_FW_VENDOR, efi->fw_vendor);
	kx_put_le64(setup + ESD_RUNTIME, efi->runtime);
	kx_put_le64(setup + ESD_TABLES, efi->config_table);
	kx_put_le64(setup + ESD_SMBIOS, efi->smbios);
	return 0;
}

int kx_x86_efi_write(struct kx_boot_block *block, struct kx_error *err)
{
	struct kx_plan *plan = block->plan;

	if (!plan->machine->efi.present)
		return 0;
	if (is_handed_over(plan))
		return hand_over(block, err);
	kx_plan_warn(plan,
		     "EFI runtime services are not handed over: %s; EFI variables and SMBIOS will "
		     "be missing",
		     obstacle(plan));
	return 0;
}
