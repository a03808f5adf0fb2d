// SPDX-License-Identifier: GPL-2.0-or-later
#include "sums.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "machine/text.h"
#include "url.h"
#include "util.h"

/* Debian's Contents of all suites have a hundredth of that. */
#define SUMS_MAX 100000
#define NAME_MAX_BYTES 4096
#define DIGITS (2 * (size_t)KX_SHA256_DIGEST_SIZE)

/* ---- digits ---------------------------------------------------------------------------------- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int kx_sum_parse(const char *text, size_t size, uint8_t ret[KX_SHA256_DIGEST_SIZE])
{
	uint8_t digest[KX_SHA256_DIGEST_SIZE];

	if (size != DIGITS)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(digest); i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		digest[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(ret, digest, sizeof(digest));
	return 0;
}

struct kx_sum_text kx_sum_text(const uint8_t digest[KX_SHA256_DIGEST_SIZE])
{
	struct kx_sum_text text;

	for (size_t i = 0; i < KX_SHA256_DIGEST_SIZE; i++)
		snprintf(text.s + 2 * i, 3, "%02x", digest[i]);
	return text;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static int add(struct kx_sums *sums, const char *name, size_t size, const char *digits,
	       struct kx_error *err)
{
	struct kx_sum *more, sum;

	while (size > 2 && name[0] == '.' && name[1] == '/') {
		name += 2;
		size -= 2;
	}
	if (!size || size > NAME_MAX_BYTES || memchr(name, 0, size) ||
	    kx_sum_parse(digits, DIGITS, sum.digest) < 0)
		return 0;
	if (sums->count == SUMS_MAX)
		return kx_fail(err, E2BIG, "%s has more than %d checksums, the most that are taken",
			       kx_url_text(sums->where).s, SUMS_MAX);
	more = reallocarray(sums->v, sums->count + 1, sizeof(*more));
	if (more)
		sums->v = more;
	sum.name = strndup(name, size);
	if (!more || !sum.name) {
		free(sum.name);
		return kx_fail(err, ENOMEM, "out of memory");
	}
	more[sums->count++] = sum;
	return 0;
}

/* "SHA256 (NAME) = DIGITS" */
static int take_tagged(struct kx_sums *sums, const char *line, size_t size, struct kx_error *err)
{
	static const char begin[] = "SHA256 (", middle[] = ") = ";
	const size_t first = sizeof(begin) - 1, last = sizeof(middle) - 1 + DIGITS;

	if (size < first + last || memcmp(line, begin, first) != 0 ||
	    memcmp(line + size - last, middle, sizeof(middle) - 1) != 0)
		return 0;
	return add(sums, line + first, size - first - last, line + size - DIGITS, err);
}

/* "DIGITS  NAME", "DIGITS *NAME" */
static int take_plain(struct kx_sums *sums, const char *line, size_t size, struct kx_error *err)
{
	if (size < DIGITS + 3 || line[DIGITS] != ' ' ||
	    (line[DIGITS + 1] != ' ' && line[DIGITS + 1] != '*'))
		return 0;
	return add(sums, line + DIGITS + 2, size - DIGITS - 2, line, err);
}

/* "NAME = sha256:DIGITS", of .treeinfo: productmd's documentation of its section [checksums] */
static int take_treeinfo(struct kx_sums *sums, const char *line, size_t size, struct kx_error *err)
{
	static const char middle[] = " = sha256:";
	const size_t last = sizeof(middle) - 1 + DIGITS;

	if (size <= last || memcmp(line + size - last, middle, sizeof(middle) - 1) != 0)
		return 0;
	return add(sums, line, size - last, line + size - DIGITS, err);
}

/* " DIGITS SIZE NAME" */
static int take_release(struct kx_sums *sums, const char *line, size_t size, struct kx_error *err)
{
	size_t at = DIGITS + 1, numbers = 0;

	if (size <= at || line[at] != ' ')
		return 0;
	while (at < size && line[at] == ' ')
		at++;
	for (; at < size && line[at] >= '0' && line[at] <= '9'; at++)
		numbers++;
	if (!numbers || at == size || line[at] != ' ')
		return 0;
	while (at < size && line[at] == ' ')
		at++;
	return add(sums, line + at, size - at, line + 1, err);
}

static int take_line(struct kx_sums *sums, const char *line, size_t size, bool *in_release,
		     struct kx_error *err)
{
	int r;

	while (size && (line[size - 1] == '\r' || line[size - 1] == ' '))
		size--;
	if (size && line[0] == ' ')
		return *in_release ? take_release(sums, line, size, err) : 0;
	*in_release = size == strlen("SHA256:") && !memcmp(line, "SHA256:", size);
	r = take_tagged(sums, line, size, err);
	if (r == 0)
		r = take_treeinfo(sums, line, size, err);
	return r < 0 ? r : take_plain(sums, line, size, err);
}

/*
 * A Release file is signed for a release and says which: one of another, and older, release would be as well signed (Debian's
 * repository format, "Suite", "Codename"; mirrors have it at dists/RELEASE/).
 */
static int check_release(struct kx_view text, const char *where, struct kx_error *err)
{
	const char *release = strstr(where, "/dists/");
	struct kx_view line, word;
	bool named = false;
	size_t size;

	if (!release)
		return 0;
	release += strlen("/dists/");
	size = strcspn(release, "/");
	while (kx_text_line(&text, &line)) {
		if (!kx_text_word(&line, &word) ||
		    (!kx_text_is(word, "Codename:") && !kx_text_is(word, "Suite:")) ||
		    !kx_text_word(&line, &word))
			continue;
		if (word.size == size && !memcmp(word.data, release, size))
			return 0;
		named = true;
	}
	return named ? kx_fail(err, EBADMSG,
			       "cannot use %s: it is of another release than \"%.*s\", by what is "
			       "signed in it; take another mirror",
			       kx_url_text(where).s, (int)size, release)
		     : 0;
}

int kx_sums_parse(struct kx_view text, const char *where, struct kx_sums *ret, struct kx_error *err)
{
	struct kx_view line;
	bool in_release = false;
	int r = check_release(text, where, err);

	ret->where = strdup(where);
	if (!ret->where)
		return kx_fail(err, ENOMEM, "out of memory");
	while (r == 0 && kx_text_line(&text, &line))
		r = take_line(ret, (const char *)line.data, line.size, &in_release, err);
	if (r == 0 && !ret->count)
		return kx_fail(err, EBADMSG,
			       "cannot use %s: there is no SHA-256 checksum in it, as sha256sum "
			       "writes them",
			       kx_url_text(where).s);
	return r;
}

void kx_sums_clear(struct kx_sums *sums)
{
	for (size_t i = 0; i < sums->count; i++)
		free(sums->v[i].name);
	free(sums->v);
	free(sums->where);
	*sums = (struct kx_sums){ 0 };
}

/* ---- which line it is ------------------------------------------------------------------------ */

/* How much of a URL or path names a place, without query and fragment. */
static size_t place_size(const char *name)
{
	size_t path;
	const char *at = kx_url_path(name, &path);

	return (size_t)(at - name) + path;
}

/* Is the file below the list's directory on the same server? Then this is its path from there. */
static const char *path_below(const struct kx_sums *sums, const char *name, size_t size)
{
	size_t base = place_size(sums->where);

	if (!kx_url_is(sums->where))
		return NULL;
	while (base && sums->where[base - 1] != '/')
		base--;
	return base && size > base && !memcmp(name, sums->where, base) ? name + base : NULL;
}

/* On whole components. */
static bool ends_with(const char *path, size_t size, const char *name)
{
	size_t length = strlen(name);

	return length <= size && !memcmp(path + size - length, name, length) &&
	       (length == size || name[0] == '/' || path[size - length - 1] == '/');
}

static bool is_better(const struct kx_sum *sum, const struct kx_sum *best)
{
	return !best || strlen(sum->name) > strlen(best->name);
}

int kx_sums_find(const struct kx_sums *sums, const char *name, const struct kx_sum **ret,
		 struct kx_error *err)
{
	size_t size = place_size(name);
	const char *below = path_below(sums, name, size);
	const struct kx_sum *best = NULL;
	bool several = false;
	size_t path_size;
	const char *path = kx_url_path(name, &path_size);

	for (size_t i = 0; i < sums->count; i++) {
		const struct kx_sum *sum = &sums->v[i];
		size_t length = strlen(sum->name);

		if (below ? length != (size_t)(name + size - below) ||
				    memcmp(below, sum->name, length) != 0
			  : !ends_with(path, path_size, sum->name))
			continue;
		if (best && length == strlen(best->name))
			several |= memcmp(sum->digest, best->digest, sizeof(sum->digest)) != 0;
		else if (is_better(sum, best))
			several = false;
		if (is_better(sum, best))
			best = sum;
	}
	if (!best)
		return -ENOENT;
	if (several)
		return kx_fail(err, ENOTUNIQ, "%s has several checksums for %s",
			       kx_url_text(sums->where).s, best->name);
	*ret = best;
	return 0;
}
