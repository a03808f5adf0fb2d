/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef KX_BOOT_VERSION_H
#define KX_BOOT_VERSION_H

/**
 * kx_version_compare() - which of two versions is newer (UAPI.10, "Version Comparison")
 *
 * NULL counts as an empty string.
 *
 * Return: less than, equal to or more than 0, as strcmp(3).
 */
int kx_version_compare(const char *a, const char *b);

#endif
