/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where in a kernel file its signatures are, and what they are about. Pure: no cryptography. */
#ifndef KX_SIGNATURES_H
#define KX_SIGNATURES_H

#include "base/view.h"
#include "libkexec.h"

/* More than any image carries; an end to the work on a hostile one. */
#define KX_SIGNATURE_MAX 16
#define KX_SIGNED_PART_MAX 3
/*
 * The least that is signed of a kernel, in bytes: what is behind it is nobody's, and a multiboot header is looked for in the
 * first 32 KiB of a file (Multiboot2 Specification, 3.1), whatever it is otherwise.
 */
#define KX_SIGNED_MIN 32768

/**
 * struct kx_signatures - all views lie within the file
 * @parts: what was signed, in this order
 * @signatures: PKCS#7 messages in DER; what may follow them fills up their entries
 */
struct kx_signatures {
	size_t part_count, count;
	struct kx_view parts[KX_SIGNED_PART_MAX];
	struct kx_view signatures[KX_SIGNATURE_MAX];
};

/**
 * kx_signatures_of_pe() - an image's attribute certificate table
 *
 * "Windows Authenticode Portable Executable Signature Format", "Calculating the PE Image Hash": all of the file but the
 * checksum, the directory entry of the table, and the table. Bytes that no section has, which that text leaves out, are taken in,
 * so that there is no byte that nobody vouches for; an image with such bytes between its sections is so found to differ.
 *
 * Errors: -ENOEXEC no PE file; -ENODATA without a signature; -EBADMSG malformed; -E2BIG too many.
 */
int kx_signatures_of_pe(struct kx_view file, struct kx_signatures *ret, struct kx_error *err);

/**
 * kx_signatures_appended() - as the kernel's scripts/sign-file puts it behind modules and, on some architectures, kernels
 *
 * Documentation/admin-guide/module-signing.rst; struct module_signature.
 *
 * Errors: -ENODATA without a signature; -EBADMSG malformed; -EOPNOTSUPP not PKCS#7.
 */
int kx_signatures_appended(struct kx_view file, struct kx_signatures *ret, struct kx_error *err);

#endif
