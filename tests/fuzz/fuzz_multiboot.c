// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "base/overflow.h"
#include "format/multiboot.h"
#include "fuzz.h"

static void try(int (*parse)(struct kx_view, struct kx_multiboot *, struct kx_error *),
		struct kx_view file, uint32_t magic, uint64_t align, uint64_t end)
{
	struct kx_multiboot header = { 0 };
	struct kx_error err = { 0 };
	int r = parse(file, &header, &err);

	require(r == 0 || r == -ENOEXEC || r == -EBADMSG || r == -EOPNOTSUPP);
	if (r < 0) {
		require_message(&err);
		return;
	}
	require(header.offset % align == 0);
	require(kx_view_has(file, header.offset, 12) && header.offset + 12 <= end);
	require(kx_le32(file.data + header.offset) == magic);
	if (magic == 0x1badb002)
		require(kx_le32(file.data + header.offset) +
				kx_le32(file.data + header.offset + 4) +
				kx_le32(file.data + header.offset + 8) ==
			0);
	/* Nothing that is not in the file. */
	require(!header.has_addresses || kx_view_has(file, header.offset, 32));
	if (magic == 0x1badb002)
		require(!(kx_le32(file.data + header.offset + 4) & 0xfff8));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_view file = kx_view_of(data, size);

	try(kx_multiboot_parse, file, 0x1badb002, 4, 8192);
	try(kx_multiboot2_parse, file, 0xe85250d6, 8, 32768);
	return 0;
}
