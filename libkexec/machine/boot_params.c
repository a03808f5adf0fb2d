// SPDX-License-Identifier: LGPL-2.1-or-later
/* struct boot_params as the running kernel got it, and where ACPI's tables begin. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/zero_page.h"
#include "cmdline.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

int kx_read_boot_params(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	int r;

	r = kx_root_read(root, "/sys/kernel/boot_params/data", KX_CAP_VALUE, &blob);
	if (r < 0)
		return r;
	if (blob.size != KX_BOOT_PARAMS_SIZE)
		return kx_fail(err, EBADMSG,
			       "/sys/kernel/boot_params/data has %zu bytes, expected %d", blob.size,
			       KX_BOOT_PARAMS_SIZE);
	machine->boot_params = kx_steal(blob.data);
	return 0;
}

static uint64_t rsdp_of_boot_params(const struct kx_machine *machine)
{
	return machine->boot_params ? kx_le64(machine->boot_params + KX_BP_ACPI_RSDP_ADDR) : 0;
}

/* Documentation/admin-guide/kernel-parameters.txt: hexadecimal, with or without 0x, as kstrtoul(..,
 * 16, ..) takes it. */
static uint64_t rsdp_of_cmdline(const char *cmdline)
{
	struct kx_word word;
	uint64_t address = 0;

	if (kx_cmdline_find(cmdline, "acpi_rsdp", &word) && word.value)
		kx_text_u64(kx_view_of(word.value, word.value_size), 16, &address);
	return address;
}

int kx_read_acpi(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	const uint64_t found[] = { machine->efi.acpi20, machine->efi.acpi,
				   rsdp_of_boot_params(machine),
				   rsdp_of_cmdline(machine->cmdline) };

	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]) && !machine->acpi_rsdp; i++)
		machine->acpi_rsdp = found[i];
	return 0;
}
