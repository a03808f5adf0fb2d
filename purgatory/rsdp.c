// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where ACPI begins: the RSDP, ACPI 6.4, 5.2.5. Multiboot 2 wants a copy of it, which libkexec
 * cannot make: it plans from facts, and an address is all that the running kernel tells.
 */
#include "base/endian.h"
#include "purgatory/purgatory.h"

#define SIGNATURE 0x2052545020445352 /* "RSD PTR " */
#define REVISION 15
#define OLD_SIZE 20

/* Where a BIOS has it, 5.2.5.1: at multiples of 16. */
#define EBDA_SEGMENT 0x40e
#define EBDA_MIN 0x400 /* below are vectors and the BIOS data area itself */
#define BIOS 0xe0000
#define BIOS_SIZE 0x20000

/* Multiboot2 Specification 2.0, 3.6: type, size, contents; the next one at a multiple of 8. */
enum { TAG_RSDP_OLD = 14, TAG_RSDP_NEW = 15, TAG_HEAD = 8, TAG_OLD_ROOM = 32 };

static bool adds_up(const uint8_t *p, unsigned size)
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < size; i++)
		sum = (uint8_t)(sum + p[i]);
	return !sum;
}

static bool is_rsdp(const uint8_t *p)
{
	return kx_le64(p) == SIGNATURE && adds_up(p, OLD_SIZE);
}

static const uint8_t *search(const uint8_t *area, unsigned size)
{
	for (unsigned i = 0; i < size; i += 16) {
		if (is_rsdp(area + i))
			return area + i;
	}
	return NULL;
}

const uint8_t *kx_rsdp_find(const uint8_t *memory)
{
	unsigned ebda = (unsigned)kx_le16(memory + EBDA_SEGMENT) << 4;
	const uint8_t *found = NULL;

	if (ebda >= EBDA_MIN)
		found = search(memory + ebda, KX_HANDOFF_EBDA_SIZE);
	return found ? found : search(memory + BIOS, BIOS_SIZE);
}

static void put_tag(uint8_t *tag, uint32_t type, const uint8_t *rsdp, unsigned size)
{
	kx_put_le32(tag, type);
	kx_put_le32(tag + 4, TAG_HEAD + size);
	__builtin_memcpy(tag + TAG_HEAD, rsdp, size);
}

void kx_rsdp_copy(uint8_t *memory, const struct kx_handoff *handoff)
{
	const uint8_t *rsdp;
	bool is_new;

	if (!handoff->rsdp_tags && !handoff->ebda)
		return;
	rsdp = handoff->rsdp ? memory + handoff->rsdp : kx_rsdp_find(memory);
	if (!rsdp || !is_rsdp(rsdp))
		return;
	is_new = rsdp[REVISION] >= 2 && adds_up(rsdp, KX_RSDP_SIZE);
	if (handoff->rsdp_tags) {
		put_tag(memory + handoff->rsdp_tags, TAG_RSDP_OLD, rsdp, OLD_SIZE);
		if (is_new)
			put_tag(memory + handoff->rsdp_tags + TAG_OLD_ROOM, TAG_RSDP_NEW, rsdp,
				KX_RSDP_SIZE);
	}
	if (handoff->ebda) {
		memory[handoff->ebda] = KX_HANDOFF_EBDA_SIZE >> 10; /* the area's first byte: KiB */
		__builtin_memcpy(memory + handoff->ebda + 16, rsdp, KX_RSDP_SIZE);
		kx_put_le16(memory + EBDA_SEGMENT, (uint16_t)(handoff->ebda >> 4));
	}
}
