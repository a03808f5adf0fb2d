// SPDX-License-Identifier: GPL-2.0-or-later
#include "url.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/overflow.h"
#include "util.h"

/* RFC 3986, 3.1. */
static size_t scheme_size(const char *text)
{
	size_t size = 0;

	while (isalnum((unsigned char)text[size]) ||
	       (size && text[size] && strchr("+-.", text[size])))
		size++;
	return isalpha((unsigned char)text[0]) && !strncmp(text + size, "://", 3) ? size : 0;
}

bool kx_url_is(const char *text)
{
	return scheme_size(text) > 0;
}

bool kx_url_has_scheme(const char *url, const char *scheme)
{
	size_t size = scheme_size(url);

	return size && size == strlen(scheme) && !strncasecmp(url, scheme, size);
}

bool kx_url_is_fetched(const char *url)
{
	static const char *const schemes[] = { "https", "http", "ftp", "tftp" };

	for (size_t i = 0; i < KX_ARRAY_SIZE(schemes); i++)
		if (kx_url_has_scheme(url, schemes[i]))
			return true;
	return false;
}

const char *kx_url_path(const char *url, size_t *ret_size)
{
	size_t scheme = scheme_size(url);

	if (!scheme) {
		*ret_size = strlen(url);
		return url;
	}
	url += scheme + 3;
	url += strcspn(url, "/?#");
	*ret_size = strcspn(url, "?#");
	return url;
}
