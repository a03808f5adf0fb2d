/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An NBI image: header to 0x10000, "FIRST" to 0x20000, "SECOND" to 1 MiB in 8 KiB; entered at 2000:0000. */
#ifndef SAMPLE_NBI_H
#define SAMPLE_NBI_H

#include "sample_compress.h"

static inline struct sample sample_nbi(void)
{
	static const uint32_t words[] = {
		0x1b031336, 4,    0x10000000,   0x20000000, 4, 0x20000,
		5,          4096, 1u << 26 | 4, 0x100000,   6, 0x2000,
	};
	struct sample s = sample_new(512);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		kx_put_le32(s.data + 4 * i, words[i]);
	sample_append(&s, "FIRST", 5);
	sample_append(&s, "SECOND", 6);
	return s;
}

#endif
