/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files from the network, by kexec-fetch. */
#ifndef KX_TOOL_FETCH_H
#define KX_TOOL_FETCH_H

#include "tool.h"

/* How long a server may send nothing, where nobody says otherwise. */
#define KX_FETCH_STALL_SECONDS 30

/**
 * struct kx_fetch_options - how far to go for a file
 * @max: most bytes; 0 for half of the memory that is available
 * @stall: seconds without a byte after which it is asked for again; 0 for KX_FETCH_STALL_SECONDS
 * @plain: redirects from https to http are followed, since the bytes are checked afterwards
 * @quiet: no progress is shown
 * @cacert: PEM file of the authorities to believe in place of the system's, or NULL
 */
struct kx_fetch_options {
	uint64_t max;
	unsigned stall;
	bool plain, quiet;
	const char *cacert;
};

/**
 * kx_fetch() - get a file into memory
 * @url: http, https, ftp or tftp
 * @ret: sealed, named as messages show it; to be freed with kx_source_free()
 *
 * It is not checked: see kx_trust_check(). Credentials in @url go to its server and appear in no message.
 *
 * Errors: -EOPNOTSUPP kexec-fetch is not installed, or another kind of URL; -EIO what kexec-fetch says; -ENODATA it is empty; what
 * opening @cacert says; -ENOMEM.
 */
int kx_fetch(const struct kx_tool *tool, const struct kx_fetch_options *options, const char *url,
	     struct kx_source **ret, struct kx_error *err);

/**
 * kx_fetch_size() - how large it would be, without getting it
 * @ret: 0 when the server does not say
 *
 * Errors: as kx_fetch()'s.
 */
int kx_fetch_size(const struct kx_tool *tool, const struct kx_fetch_options *options,
		  const char *url, uint64_t *ret, struct kx_error *err);

#endif
