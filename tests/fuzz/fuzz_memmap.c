// SPDX-License-Identifier: GPL-2.0-or-later
/* /sys/firmware/memmap: three lines of the input are the files of one entry. Also EFI's systab. */
#include <errno.h>

#include "fuzz.h"
#include "machine/readers.h"
#include "machine/text.h"

/* More entries only cost time. */
#define ENTRIES 256

static void fuzz_systab(struct kx_view text)
{
	struct kx_efi efi = { 0 };
	struct kx_error err = { 0 };
	int r = kx_efi_systab_parse(text, &efi, &err);

	require(r == 0 || r == -EBADMSG);
	if (r < 0)
		require_message(&err);
}

static bool next_entry(struct kx_view *rest, struct kx_view lines[3])
{
	for (unsigned i = 0; i < 3; i++)
		if (!kx_text_line(rest, &lines[i]))
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_view rest = kx_view_of(data, size), lines[3];
	struct kx_memmap map = { 0 };
	size_t taken = 0;

	fuzz_systab(rest);
	while (taken < ENTRIES && next_entry(&rest, lines)) {
		struct kx_error err = { 0 };
		int r = kx_firmware_memmap_parse(lines[0], lines[1], lines[2], &map, &err);

		require(r == 0 || r == -EBADMSG);
		if (r < 0)
			require_message(&err);
		taken += r == 0;
		require(map.count == taken);
	}
	kx_memmap_sort(&map);
	for (size_t i = 0; i < map.count; i++) {
		require(map.v[i].start < map.v[i].end);
		require(map.v[i].type < KX_MEM_TYPE_COUNT);
		require(!i || map.v[i - 1].start <= map.v[i].start);
	}
	kx_memmap_clear(&map);
	return 0;
}
