/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef KX_NAMES_H
#define KX_NAMES_H

#include <stdint.h>

/* A size as people say it, rounded down to a tenth: "41.3 MiB". By value, to be used as kx_size_text(n).s */
struct kx_size_text {
	char s[32];
};

struct kx_size_text kx_size_text(uint64_t size);

#endif
