/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine in one input: its files one after the other, each "\x1e" (the record separator of ASCII), its path, a
 * newline, its content. A symbolic link's content is where it leads.
 */
#ifndef KX_MACHINE_FILES_H
#define KX_MACHINE_FILES_H

#define MACHINE_SEPARATOR 0x1e

/* Binary, and padded with zeros to its size, as most of it is zeros. */
#define MACHINE_BOOT_PARAMS "/sys/kernel/boot_params/data"

#endif
