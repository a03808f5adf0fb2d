/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiboot headers, to be put into a file. */
#ifndef SAMPLE_MULTIBOOT_H
#define SAMPLE_MULTIBOOT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/endian.h"

/* Where tests put one: behind the headers of a small ELF file. */
#define SAMPLE_MULTIBOOT_AT 1024

static inline void sample_multiboot1(uint8_t *p, uint32_t flags)
{
	kx_put_le32(p, 0x1badb002);
	kx_put_le32(p + 4, flags);
	kx_put_le32(p + 8, 0u - 0x1badb002 - flags);
}

/* Returns where tags go, 16 bytes on. */
static inline size_t sample_multiboot2_begin(uint8_t *p)
{
	kx_put_le32(p, 0xe85250d6);
	kx_put_le32(p + 4, 0);
	return 16;
}

/* After @size bytes of tags; those that follow are not touched. */
static inline void sample_multiboot2_end(uint8_t *p, uint32_t size)
{
	kx_put_le32(p + 8, 16 + size);
	kx_put_le32(p + 12, 0u - 0xe85250d6 - (16 + size));
}

#endif
