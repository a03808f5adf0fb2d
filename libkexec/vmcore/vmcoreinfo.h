/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VMCOREINFO: what a kernel says about itself for those who read its memory, as text of lines "KEY=VALUE"
 * (Linux Documentation/admin-guide/kdump/vmcoreinfo.rst).
 */
#ifndef KX_VMCOREINFO_H
#define KX_VMCOREINFO_H

#include "base/view.h"

/* More than any kernel writes (one page of 4 KiB, or 64 KiB on some architectures), in bytes. */
#define KX_VMCOREINFO_MAX (UINT64_C(1) << 20)

/**
 * kx_vmcoreinfo_text() - the value of @key, within @info
 *
 * A line without its end counts as not there, since it may have lost a part of its value.
 * Return: false, and *ret untouched, without it.
 */
bool kx_vmcoreinfo_text(struct kx_view info, const char *key, struct kx_view *ret);

/**
 * kx_vmcoreinfo_number() - the value of "@kind(@name)" as a number
 *
 * SYMBOL is in hexadecimal digits. All others are decimal; NUMBER may be negative (and is returned as its two's
 * complement), or hexadecimal with 0x in front.
 * Return: false, and *ret untouched, without it, or when it is no number of 64 bits.
 */
bool kx_vmcoreinfo_number(struct kx_view info, const char *kind, const char *name, uint64_t *ret);

#endif
