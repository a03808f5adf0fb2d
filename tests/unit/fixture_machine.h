/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine in memory, for tests of what makes plans: 1 GiB, BIOS, nothing unusual. Tests change what they are about. */
#ifndef KX_FIXTURE_MACHINE_H
#define KX_FIXTURE_MACHINE_H

#include <stdlib.h>
#include <string.h>

#include "machine/machine.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

struct fixture_machine {
	struct kx_machine m;
	struct kx_iomem_entry iomem[16];
	uint8_t boot_params[KX_BOOT_PARAMS_SIZE];
};

static inline void fixture_iomem(struct fixture_machine *f, uint64_t start, uint64_t end,
				 unsigned depth, const char *name)
{
	struct kx_iomem_entry *entry = &f->iomem[f->m.iomem.count++];

	*entry = (struct kx_iomem_entry){ .start = start, .end = end, .depth = depth };
	entry->name = (char *)(uintptr_t)name;
}

/* Firmware says RAM from 0 to 640 KiB and from 1 MiB to 1 GiB; the kernel's view of the same is to be added. */
static inline void fixture_machine_init(struct fixture_machine *f)
{
	*f = (struct fixture_machine){ .m = { .arch = KX_ARCH_X86_64,
					      .mem_total = GIB,
					      .mem_available = 800 * MIB,
					      .have_firmware_map = true,
					      .cap_sys_boot = KX_YES,
					      .acpi_rsdp = 0xf5a40 } };
	f->m.cmdline = (char *)(uintptr_t) "console=ttyS0";
	f->m.iomem = (struct kx_iomem){ .v = f->iomem, .have = true };
	f->m.boot_params = f->boot_params;
	kx_memmap_add(&f->m.firmware_map, 0, 0xa0000, KX_MEM_RAM);
	kx_memmap_add(&f->m.firmware_map, 0xf0000, 0x100000, KX_MEM_RESERVED);
	kx_memmap_add(&f->m.firmware_map, MIB, GIB - 2 * MIB, KX_MEM_RAM);
	kx_memmap_add(&f->m.firmware_map, GIB - 2 * MIB, GIB - MIB, KX_MEM_ACPI);
	kx_memmap_add(&f->m.firmware_map, GIB - MIB, GIB, KX_MEM_NVS);
}

static inline void fixture_usual_iomem(struct fixture_machine *f)
{
	fixture_iomem(f, 0, 0x1000, 0, "Reserved");
	fixture_iomem(f, 0x1000, 0xa0000, 0, "System RAM");
	fixture_iomem(f, 0xf0000, 0x100000, 0, "Reserved");
	fixture_iomem(f, 0xf0000, 0x100000, 1, "System ROM");
	fixture_iomem(f, MIB, GIB - 2 * MIB, 0, "System RAM");
	fixture_iomem(f, GIB - 2 * MIB, GIB - MIB, 0, "ACPI Tables");
	fixture_iomem(f, GIB - MIB, GIB, 0, "ACPI Non-volatile Storage");
}

static inline void fixture_machine_clear(struct fixture_machine *f)
{
	kx_memmap_clear(&f->m.firmware_map);
}

#endif
