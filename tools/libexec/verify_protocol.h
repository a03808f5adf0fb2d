/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kexec and kexec-verify agree on. */
#ifndef KX_VERIFY_PROTOCOL_H
#define KX_VERIFY_PROTOCOL_H

/*
 * Descriptors. The certificates are in one file, each with its size before it, as 32 bits, little-endian; the detached signature is
 * an empty file where there is none.
 */
enum { KX_VERIFY_FILE = 0, KX_VERIFY_CERTIFICATES = 3, KX_VERIFY_SIGNATURE = 4 };

/* The exit status says whether it is signed; why not is said on standard error. */
enum { KX_VERIFY_SIGNED = 0, KX_VERIFY_NOT = 1 };

/* The most bytes of a certificate, and of a detached signature. */
#define KX_VERIFY_MAX (1 << 20)

#endif
