// SPDX-License-Identifier: LGPL-2.1-or-later
/* RFC 3986: section 3 says what a URL consists of, 5.2 how a reference is resolved. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netboot/netboot.h"
#include "util.h"

/* How long the scheme with its colon is; 0 for none. */
static size_t scheme_size(const char *text)
{
	size_t n = 0;

	if (!isalpha((unsigned char)*text))
		return 0;
	while (isalnum((unsigned char)text[n]) || (text[n] && strchr("+-.", text[n])))
		n++;
	return text[n] == ':' ? n + 1 : 0;
}

bool kx_url_is_whole(const char *text)
{
	size_t n = scheme_size(text);

	return n && !strncmp(text + n, "//", 2) && text[n + 2];
}

struct kx_url_text kx_url_text(const char *url)
{
	bool whole = kx_url_is_whole(url);
	size_t start = whole ? scheme_size(url) + strlen("//") : 0, size = strlen(url + start);
	const char *host = url + start, *at = NULL;
	struct kx_url_text text;

	/* The last "@": a password may have one that was not encoded. */
	if (whole)
		at = memrchr(host, '@', strcspn(host, "/?#"));
	if (at)
		host = at + 1;
	if (whole)
		size = strcspn(host, "/?#");
	if (whole)
		size += strcspn(host + size, "?#");
	snprintf(text.s, sizeof(text.s), "%.*s%.*s", (int)start, url, (int)size, host);
	return text;
}

/* How long everything before the path is: "http://host:80". */
static size_t root_size(const char *url)
{
	size_t n = scheme_size(url) + strlen("//");

	return n + strcspn(url + n, "/?#");
}

/* 5.2.4, in place: @path begins with a slash and has neither query nor fragment. */
static void remove_dots(char *path)
{
	char *out = path, *in = path;

	while (*in) {
		size_t n = 1 + strcspn(in + 1, "/");
		bool last = !in[n];

		if (n == 2 && in[1] == '.') {
			if (last)
				*out++ = '/';
		} else if (n == 3 && in[1] == '.' && in[2] == '.') {
			while (out > path && *--out != '/')
				;
			if (last)
				*out++ = '/';
		} else {
			memmove(out, in, n);
			out += n;
		}
		in += n;
	}
	*out = '\0';
}

/* The first @size bytes of @head, and @tail. */
static int join(const char *head, size_t size, const char *tail, char **ret)
{
	char *whole;

	if (asprintf(&whole, "%.*s%s", (int)size, head, tail) < 0)
		return -ENOMEM;
	*ret = whole;
	return 0;
}

/* @base up to @keep, then @path without its dots, then @rest. */
static int assemble(const char *base, size_t keep, const char *folder, size_t folder_size,
		    const char *reference, char **ret)
{
	size_t path_size = strcspn(reference, "?#");
	_cleanup_free_ char *path = NULL, *whole = NULL;

	if (asprintf(&path, "%.*s%s%.*s", (int)folder_size, folder,
		     folder_size || *reference == '/' ? "" : "/", (int)path_size, reference) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	remove_dots(path);
	if (asprintf(&whole, "%s%s", path, reference + path_size) < 0) {
		whole = NULL;
		return -ENOMEM;
	}
	return join(base, keep, whole, ret);
}

static int resolve(const char *base, const char *reference, char **ret)
{
	size_t root, path, folder;

	if (scheme_size(reference))
		return join("", 0, reference, ret);
	if (!strncmp(reference, "//", 2))
		return join(base, scheme_size(base), reference, ret);
	root = root_size(base);
	path = strcspn(base + root, "?#");
	if (!*reference || *reference == '?' || *reference == '#')
		return join(base, root + path, reference, ret);
	folder = path;
	while (folder && base[root + folder - 1] != '/')
		folder--;
	return assemble(base, root, base + root, *reference == '/' ? 0 : folder, reference, ret);
}

static int check(const char *text, const char *whole, struct kx_error *err)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return kx_fail(err, EBADMSG,
				       "an address has a blank or a byte that none has, at its "
				       "byte %zu; write it as %%%02X",
				       (size_t)(c - text), (unsigned char)*c);
	if (strlen(text) > KX_NETBOOT_URL_MAX)
		return kx_fail(err, E2BIG, "an address has %zu bytes, more than %u", strlen(text),
			       KX_NETBOOT_URL_MAX);
	if (whole && !kx_url_is_whole(whole))
		return kx_fail(err, EBADMSG, "%s is not a whole address, as https://host/file",
			       kx_url_text(whole).s);
	return 0;
}

int kx_url_resolve(const char *base, const char *reference, char **ret, struct kx_error *err)
{
	_cleanup_free_ char *found = NULL;
	int r = check(base, base, err);

	if (r == 0)
		r = check(reference, NULL, err);
	if (r < 0)
		return r;
	if (resolve(base, reference, &found) < 0)
		return kx_fail(err, ENOMEM, "out of memory");
	r = check(found, found, err);
	if (r == 0)
		*ret = kx_steal(found);
	return r;
}
