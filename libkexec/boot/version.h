/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef KX_BOOT_VERSION_H
#define KX_BOOT_VERSION_H

#include "base/view.h"

/**
 * kx_version_compare() - which of two versions is newer (UAPI.10, "Version Comparison")
 *
 * NULL counts as an empty string.
 *
 * Return: less than, equal to or more than 0, as strcmp(3).
 */
int kx_version_compare(const char *a, const char *b);

/* The same as rpm(8) does it, with the "+" that GRUB has since Fedora 32: newer than nothing, older than all else. */
int kx_version_compare_rpm(struct kx_view a, struct kx_view b);

/*
 * The same as `sort -V` does it with names of files (GNU Coreutils' manual, "Version sort ordering"): as Debian compares
 * versions, and the suffixes of files only if nothing else tells. Names of files are neither "." nor "..".
 */
int kx_version_compare_files(const char *a, const char *b);

#endif
