// SPDX-License-Identifier: LGPL-2.1-or-later
/* /sys/firmware/efi: drivers/firmware/efi/{efi,runtime-map}.c;
 * Documentation/ABI/testing/sysfs-firmware-efi*. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/overflow.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

int kx_efi_systab_parse(struct kx_view text, struct kx_efi *efi, struct kx_error *err)
{
	const struct {
		const char *name;
		uint64_t *address;
	} tables[] = {
		{ "ACPI20", &efi->acpi20 },
		{ "ACPI", &efi->acpi },
		{ "SMBIOS", &efi->smbios },
	};
	struct kx_view line, name;

	while (kx_text_line(&text, &line)) {
		if (!kx_text_field(&line, '=', &name))
			continue;
		for (size_t i = 0; i < KX_ARRAY_SIZE(tables); i++)
			if (kx_text_is(name, tables[i].name) &&
			    !kx_text_u64(kx_text_trim(line), 0, tables[i].address))
				return kx_malformed(err, "/sys/firmware/efi/systab", line,
						    "an address");
	}
	return 0;
}

static int read_efi_systab(struct kx_root *root, struct kx_efi *efi, struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_efi found = *efi;
	int r;

	r = kx_root_read(root, "/sys/firmware/efi/systab", KX_CAP_VALUE, &blob);
	if (r >= 0)
		r = kx_efi_systab_parse(kx_blob_view(&blob), &found, err);
	if (r >= 0)
		*efi = found;
	return r;
}

static int read_efi_value(struct kx_root *root, const char *entry, const char *name, uint64_t *ret,
			  struct kx_error *err)
{
	char path[96];
	int n = snprintf(path, sizeof(path), "/sys/firmware/efi/%s%s", entry, name);
	int r;

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	r = kx_root_u64(root, path, ret);
	return r == -EBADMSG ? kx_fail(err, EBADMSG, "%s is not a number", path) : r;
}

static int read_efi_desc(struct kx_root *root, const char *name, struct kx_efi_desc *ret,
			 struct kx_error *err)
{
	struct kx_efi_desc desc = { 0 };
	uint64_t type = 0;
	const struct {
		const char *name;
		uint64_t *value;
	} files[] = {
		{ "/type", &type },
		{ "/phys_addr", &desc.phys },
		{ "/virt_addr", &desc.virt },
		{ "/num_pages", &desc.pages },
		{ "/attribute", &desc.attribute },
	};
	char entry[64];

	if (snprintf(entry, sizeof(entry), "runtime-map/%s", name) >= (int)sizeof(entry))
		return -ENAMETOOLONG;
	for (size_t i = 0; i < KX_ARRAY_SIZE(files); i++) {
		int r = read_efi_value(root, entry, files[i].name, files[i].value, err);

		if (r < 0)
			return r;
	}
	if (type > UINT32_MAX)
		return kx_fail(err, EBADMSG,
			       "/sys/firmware/efi/%s/type is 0x%llx, expected 32 bits", entry,
			       (unsigned long long)type);
	desc.type = (uint32_t)type;
	*ret = desc;
	return 0;
}

static int read_runtime_map(struct kx_root *root, struct kx_efi *efi, struct kx_error *err)
{
	_cleanup_(kx_names_clear) struct kx_names names = { 0 };
	_cleanup_free_ struct kx_efi_desc *map = NULL;
	int r;

	r = kx_root_list(root, "/sys/firmware/efi/runtime-map", &names);
	if (r < 0)
		return r;
	map = calloc(names.count + 1, sizeof(*map));
	if (!map)
		return kx_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < names.count; i++) {
		r = read_efi_desc(root, names.v[i], &map[i], err);
		if (r < 0)
			return r;
	}
	efi->runtime_map = kx_steal(map);
	efi->runtime_map_count = names.count;
	efi->have_runtime_map = true;
	return 0;
}

/* Of several parts, the first error that is not "cannot be read". */
static int worse(int a, int b)
{
	return a == -ENOMEM || a == -EBADMSG ? a : b;
}

int kx_read_efi(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	struct kx_efi *efi = &machine->efi;
	uint64_t bits = 0;
	int r;

	efi->present = kx_root_exists(root, "/sys/firmware/efi");
	if (!efi->present)
		return 0;
	r = read_efi_value(root, "", "fw_platform_size", &bits, err);
	if (bits == 32 || bits == 64)
		efi->bits = (unsigned)bits;
	r = worse(r, read_efi_value(root, "", "fw_vendor", &efi->fw_vendor, err));
	r = worse(r, read_efi_value(root, "", "runtime", &efi->runtime, err));
	r = worse(r, read_efi_value(root, "", "config_table", &efi->config_table, err));
	r = worse(r, read_efi_systab(root, efi, err));
	return worse(r, read_runtime_map(root, efi, err));
}
