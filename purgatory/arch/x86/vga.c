// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * VGA text mode 3: 80x25 characters of 9x16 pixels. Register values from IBM's PS/2 and PC BIOS
 * Interface Technical Reference, as every VGA BIOS sets them. The font is whatever plane 2 holds.
 */
#include "purgatory/purgatory.h"

enum {
	PORT_ATTRIBUTE = 0x3c0,
	PORT_MISC = 0x3c2,
	PORT_SEQUENCER = 0x3c4,
	PORT_PALETTE_MASK = 0x3c6,
	PORT_PALETTE_INDEX = 0x3c8,
	PORT_PALETTE_DATA = 0x3c9,
	PORT_GRAPHICS = 0x3ce,
	PORT_CRTC = 0x3d4,
	PORT_STATUS = 0x3da,
};

enum { SEQUENCER_RESET = 1, SEQUENCER_RUN = 3 };
enum { CRTC_VERTICAL_RETRACE_END = 0x11, ATTRIBUTE_SCREEN_ON = 0x20 };

/* From register 0 on; of the sequencer from 1 on. */
static const uint8_t sequencer[] = { 0x00, 0x03, 0x00, 0x02 };
static const uint8_t crtc[] = {
	0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00,
	0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
};
static const uint8_t graphics[] = { 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff };
static const uint8_t attribute[] = {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a,
	0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00,
};

static void write_indexed(uint16_t port, uint8_t index, uint8_t value)
{
	kx_arch_out8(port, index);
	kx_arch_out8(port + 1, value);
}

static void write_all(uint16_t port, uint8_t first, const uint8_t *values, uint8_t count)
{
	for (uint8_t i = 0; i < count; i++)
		write_indexed(port, first + i, values[i]);
}

/* Index and value go to one port in turns; reading the status makes the next one an index. */
static void write_attributes(void)
{
	kx_arch_in8(PORT_STATUS);
	for (size_t i = 0; i < sizeof(attribute); i++) {
		kx_arch_out8(PORT_ATTRIBUTE, (uint8_t)i);
		kx_arch_out8(PORT_ATTRIBUTE, attribute[i]);
	}
	kx_arch_out8(PORT_ATTRIBUTE, ATTRIBUTE_SCREEN_ON);
}

/* The 64 colours of an EGA: a bit of two thirds and one of a third for each of red, green, blue. */
static void write_palette(void)
{
	kx_arch_out8(PORT_PALETTE_MASK, 0xff);
	kx_arch_out8(PORT_PALETTE_INDEX, 0);
	for (unsigned colour = 0; colour < 64; colour++) {
		for (unsigned shift = 3; shift--;) {
			unsigned strong = colour >> shift & 1, weak = colour >> (shift + 3) & 1;

			kx_arch_out8(PORT_PALETTE_DATA, (uint8_t)(42 * strong + 21 * weak));
		}
	}
}

void kx_arch_reset_vga(void)
{
	kx_arch_out8(PORT_MISC, 0x67);
	write_indexed(PORT_SEQUENCER, 0, SEQUENCER_RESET);
	write_all(PORT_SEQUENCER, 1, sequencer, sizeof(sequencer));
	write_indexed(PORT_SEQUENCER, 0, SEQUENCER_RUN);
	write_indexed(PORT_CRTC, CRTC_VERTICAL_RETRACE_END, 0); /* registers 0 to 7 unlocked */
	write_all(PORT_CRTC, 0, crtc, sizeof(crtc));
	write_all(PORT_GRAPHICS, 0, graphics, sizeof(graphics));
	write_attributes();
	write_palette();
}
