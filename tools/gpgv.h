/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenPGP signatures, by gpgv(1) in a sandbox. */
#ifndef KX_TOOL_GPGV_H
#define KX_TOOL_GPGV_H

#include "tool.h"

/* Is it text with its signature around it, as InRelease? (RFC 9580, 7) */
bool kx_gpgv_is_clearsigned(const struct kx_source *text);

/**
 * kx_gpgv() - is it signed by a key of a keyring?
 * @keyring: path of a file with the public keys, one after the other, as `gpg --export` writes them, or in their ASCII armor
 * @text: what is signed
 * @signature: detached from it; NULL when it is around it
 * @ret: what was signed, as gpgv gives it out: nothing else of @text may be believed; to be freed with kx_source_free().
 *	 Untouched with @signature, when it is all of @text
 *
 * One good signature of a key that has neither expired nor been revoked is needed, and no bad one.
 *
 * Errors: -EKEYREJECTED; -EKEYEXPIRED; -ENOKEY no signature is of a key in the keyring; -EOPNOTSUPP gpgv is not installed; what
 * opening the keyring says; -EIO; -ENOMEM.
 */
int kx_gpgv(const struct kx_tool *tool, const char *keyring, const struct kx_source *text,
	    const struct kx_source *signature, struct kx_source **ret, struct kx_error *err);

#endif
