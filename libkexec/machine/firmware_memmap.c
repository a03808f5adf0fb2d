// SPDX-License-Identifier: LGPL-2.1-or-later
/* /sys/firmware/memmap: what the firmware said of memory
 * (Documentation/ABI/testing/sysfs-firmware-memmap). */
#include <errno.h>
#include <stdio.h>

#include "base/overflow.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

static enum kx_mem_type mem_type_of(struct kx_view name)
{
	/* What the kernel's documentation says instead of the capital letter that it prints. */
	if (kx_text_is(name, "reserved"))
		return KX_MEM_RESERVED;
	for (int type = KX_MEM_UNKNOWN + 1; type < KX_MEM_TYPE_COUNT; type++)
		if (kx_text_is(name, kx_mem_type_name(type)))
			return type;
	return KX_MEM_UNKNOWN;
}

int kx_firmware_memmap_parse(struct kx_view start, struct kx_view last, struct kx_view type,
			     struct kx_memmap *map, struct kx_error *err)
{
	uint64_t first, end;

	start = kx_text_trim(start);
	last = kx_text_trim(last);
	if (!kx_text_u64(start, 16, &first))
		return kx_malformed(err, "/sys/firmware/memmap: start", start, "an address");
	if (!kx_text_u64(last, 16, &end))
		return kx_malformed(err, "/sys/firmware/memmap: end", last, "an address");
	if (end < first || kx_add_overflow(end, 1, &end))
		return kx_malformed(err, "/sys/firmware/memmap: end", last,
				    "an address that is not below start");
	if (kx_memmap_add(map, first, end, mem_type_of(kx_text_trim(type))) < 0)
		return kx_fail(err, ENOMEM, "out of memory");
	return 0;
}

static int read_memmap_file(struct kx_root *root, const char *entry, const char *file,
			    struct kx_blob *ret)
{
	char path[sizeof("/sys/firmware/memmap//") + 32];
	int n = snprintf(path, sizeof(path), "/sys/firmware/memmap/%s/%s", entry, file);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	return kx_root_read(root, path, KX_CAP_VALUE, ret);
}

static int read_memmap_entry(struct kx_root *root, const char *entry, struct kx_memmap *map,
			     struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob start = { 0 }, last = { 0 }, type = { 0 };
	int r = read_memmap_file(root, entry, "start", &start);

	if (r >= 0)
		r = read_memmap_file(root, entry, "end", &last);
	if (r >= 0)
		r = read_memmap_file(root, entry, "type", &type);
	if (r < 0)
		return r;
	return kx_firmware_memmap_parse(kx_blob_view(&start), kx_blob_view(&last),
					kx_blob_view(&type), map, err);
}

/* All of it or nothing: a map with holes would call memory free that is not. */
int kx_read_firmware_memmap(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	_cleanup_(kx_names_clear) struct kx_names names = { 0 };
	_cleanup_(kx_memmap_clear) struct kx_memmap map = { 0 };
	int r;

	r = kx_root_list(root, "/sys/firmware/memmap", &names);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names.count; i++) {
		r = read_memmap_entry(root, names.v[i], &map, err);
		if (r < 0)
			return r;
	}
	kx_memmap_sort(&map);
	machine->have_firmware_map = map.count > 0;
	machine->firmware_map = map;
	map = (struct kx_memmap){ 0 };
	return 0;
}
