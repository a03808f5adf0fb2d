// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of checksums, and addresses: the first line is where the list was, the second what is looked for in it. */
#include "sums.h"

#include <errno.h>

#include "fuzz.h"
#include "machine/text.h"
#include "url.h"
#include "util.h"

static char *line_of(struct kx_view *text)
{
	struct kx_view line = { 0 };

	if (!kx_text_line(text, &line))
		return strdup("");
	return strndup((const char *)line.data, line.size);
}

static void fuzz_url(const char *text)
{
	const struct kx_url_text shown = kx_url_text(text);
	size_t size;
	const char *path = kx_url_path(text, &size);

	require(strlen(shown.s) <= strlen(text));
	require(path >= text && path + size <= text + strlen(text));
	require(kx_url_is(text) || !kx_url_is_fetched(text));
	require(!kx_url_is(shown.s) || kx_url_is(text));
}

static void fuzz_find(const struct kx_sums *sums, const char *name)
{
	const struct kx_sum *sum = NULL;
	struct kx_error err = { 0 };
	int r = kx_sums_find(sums, name, &sum, &err);

	require(r == 0 || r == -ENOENT || r == -ENOTUNIQ);
	require((r == 0) == (sum != NULL));
	if (r == 0)
		require(strstr(name, sum->name) && sum >= sums->v && sum < sums->v + sums->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kx_view text = kx_view_of(data, size);
	_cleanup_free_ char *where = line_of(&text), *name = line_of(&text);
	_cleanup_(kx_sums_clear) struct kx_sums sums = { 0 };
	struct kx_error err = { 0 };
	int r;

	fuzz_url(where);
	fuzz_url(name);
	r = kx_sums_parse(text, where, &sums, &err);
	require(r == 0 || r == -EBADMSG);
	require((r == 0) == (sums.count > 0));
	for (size_t i = 0; i < sums.count; i++)
		require(sums.v[i].name[0]);
	fuzz_find(&sums, name);
	return 0;
}
