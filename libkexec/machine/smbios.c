// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the machine is made of, as its firmware tells: System Management BIOS, DSP0134 3.6. Linux shows both parts of it,
 * whatever firmware it found them with (drivers/firmware/dmi_scan.c). */
#include <errno.h>

#include "machine/readers.h"
#include "util.h"

#define ENTRY "/sys/firmware/dmi/tables/smbios_entry_point"
#define TABLES "/sys/firmware/dmi/tables/DMI"

/* A large server's tables have some 100 KiB. */
#define TABLES_MAX (1U << 20)

/* 5.2.2, 5.2.1, and the entry of before, whose version is two digits: where major and minor are. */
static bool find_version(struct kx_view entry, struct kx_smbios *smbios)
{
	if (kx_view_equals(entry, 0, "_SM3_", 5))
		return kx_view_u8(entry, 7, &smbios->major) && kx_view_u8(entry, 8, &smbios->minor);
	if (kx_view_equals(entry, 0, "_SM_", 4))
		return kx_view_u8(entry, 6, &smbios->major) && kx_view_u8(entry, 7, &smbios->minor);
	if (!kx_view_equals(entry, 0, "_DMI_", 5) || !kx_view_u8(entry, 14, &smbios->major))
		return false;
	smbios->minor = smbios->major & 15;
	smbios->major >>= 4;
	return true;
}

int kx_read_smbios(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob entry = { 0 };
	_cleanup_(kx_blob_clear) struct kx_blob tables = { 0 };
	struct kx_smbios found = { 0 };
	int r = kx_root_read(root, ENTRY, KX_CAP_VALUE, &entry);

	if (r < 0)
		return r;
	if (!find_version(kx_blob_view(&entry), &found))
		return kx_malformed(err, ENTRY, kx_blob_view(&entry), "an SMBIOS entry point");
	r = kx_root_read(root, TABLES, TABLES_MAX, &tables);
	if (r < 0)
		return r;
	found.size = tables.size;
	found.tables = kx_steal(tables.data);
	machine->smbios = found;
	return 0;
}
