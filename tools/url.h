/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of files on other machines: RFC 3986. */
#ifndef KX_TOOL_URL_H
#define KX_TOOL_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "netboot/netboot.h" /* kx_url_text() */

/* Does it begin with a scheme and "://"? A path that has these somewhere does not. */
bool kx_url_is(const char *text);

/* Has it this scheme, in upper or lower case? */
bool kx_url_has_scheme(const char *url, const char *scheme);

/* Is it one of the schemes that kexec-fetch takes? */
bool kx_url_is_fetched(const char *url);

/**
 * kx_url_path() - the part of a URL behind the host, without query and fragment; a path is taken whole
 * @ret_size: how long it is
 */
const char *kx_url_path(const char *url, size_t *ret_size);

#endif
