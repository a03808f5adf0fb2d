// SPDX-License-Identifier: LGPL-2.1-or-later
#include "purgatory/purgatory.h"

void kx_arch_crc32c(uint64_t lanes[KX_DIGEST_LANES], const uint8_t *p, size_t count)
{
	kx_crc32c_blocks_sse42(lanes, p, count);
}
