// SPDX-License-Identifier: GPL-2.0-or-later
#include "trust.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpgv.h"
#include "source.h"
#include "url.h"
#include "util.h"

/* Debian's InRelease, which has all indices of a suite, is 150 KiB. */
#define LIST_MAX (32U << 20)
/* Seconds; nobody waits longer, and it is less than any timer holds. */
#define STALL_MAX 3600

static void source_freep(struct kx_source **source)
{
	kx_source_free(*source);
}

static void digest_of(const struct kx_source *source, uint8_t digest[KX_SHA256_DIGEST_SIZE])
{
	struct kx_sha256 hash;

	kx_sha256_init(&hash);
	kx_sha256_update(&hash, kx_source_data(source), kx_source_size(source));
	kx_sha256_final(&hash, digest);
}

static bool is_same(const uint8_t *a, const uint8_t *b)
{
	return !memcmp(a, b, KX_SHA256_DIGEST_SIZE);
}

/* Can anybody on the way change it? */
static bool is_plain(const char *name)
{
	return kx_url_is(name) && !kx_url_has_scheme(name, "https");
}

/* ---- lists ----------------------------------------------------------------------------------- */

static int get(struct kx_trust *trust, const char *name, bool plain, struct kx_source **ret,
	       struct kx_error *err)
{
	struct kx_fetch_options options = trust->fetch;

	options.max = LIST_MAX;
	options.plain = plain;
	options.quiet = true;
	return kx_url_is(name) ? kx_fetch(trust->tool, &options, name, ret, err)
			       : kx_source_open(name, LIST_MAX, ret, err);
}

static int need_keyring(const struct kx_args *args, struct kx_error *err)
{
	return kx_fail(err, EINVAL,
		       "%s is signed, and nothing says by whom it should be; give --keyring FILE "
		       "with the keys to believe",
		       kx_url_text(args->sums[0]).s);
}

/* In place of *list, for a list that has its signature around it, what gpgv says was signed. */
static int check_signature(struct kx_trust *trust, const struct kx_args *args,
			   struct kx_source **list, struct kx_error *err)
{
	_cleanup_(source_freep) struct kx_source *signature = NULL;
	struct kx_source *inside = NULL;
	int r = 0;

	if (args->sums_signature)
		r = get(trust, args->sums_signature, true, &signature, err);
	else if (!kx_gpgv_is_clearsigned(*list))
		return kx_fail(err, EACCES,
			       "cannot trust %s: it has no signature in it; give --sums-signature",
			       kx_source_name(*list));
	if (r == 0)
		r = kx_gpgv(trust->tool, args->keyring, *list, signature, &inside, err);
	if (r == 0 && inside) {
		kx_source_free(*list);
		*list = inside;
	}
	return r;
}

static int check_first(struct kx_trust *trust, const struct kx_args *args, struct kx_source **list,
		       struct kx_error *err)
{
	if (args->keyring)
		return check_signature(trust, args, list, err);
	if (!trust->insecure && kx_gpgv_is_clearsigned(*list))
		return need_keyring(args, err);
	return 0;
}

/* Before anything is fetched. */
static int check_options(const struct kx_trust *trust, const struct kx_args *args,
			 struct kx_error *err)
{
	if (args->sums_signature && !args->sums_count)
		return kx_fail(err, EINVAL,
			       "--sums-signature does not say of what; give --sums, too");
	if (args->keyring && !args->sums_count)
		return kx_fail(err, EINVAL, "--keyring does not say for what; give --sums, too");
	if (args->sums_signature && !args->keyring)
		return need_keyring(args, err);
	if (args->sums_count && is_plain(args->sums[0]) && !args->keyring && !trust->insecure)
		return kx_fail(
			err, EACCES,
			"cannot trust %s: over this kind of connection anybody on the way can "
			"change it; use https, or give --keyring with the keys that have "
			"signed it, or --insecure",
			kx_url_text(args->sums[0]).s);
	return 0;
}

static int add_list(struct kx_trust *trust, const struct kx_args *args, size_t i,
		    struct kx_error *err)
{
	_cleanup_(source_freep) struct kx_source *list = NULL;
	const char *name = args->sums[i];
	bool plain = i > 0 || args->keyring || trust->insecure;
	struct kx_sums sums = { 0 };
	int r = get(trust, name, plain, &list, err);

	if (r == 0)
		r = i ? kx_trust_check(trust, name, list, err)
		      : check_first(trust, args, &list, err);
	if (r == 0)
		r = kx_sums_parse(kx_source_view(list), name, &sums, err);
	if (r < 0) {
		kx_sums_clear(&sums);
		return r;
	}
	trust->lists[trust->list_count++] = sums;
	return 0;
}

static int take_given(struct kx_trust *trust, const char *text, struct kx_error *err)
{
	struct kx_given_sum *given = &trust->given[trust->given_count];

	if (kx_sum_parse(text, strlen(text), given->digest) < 0)
		return kx_fail(
			err, EINVAL,
			"--sha256=%s is no SHA-256 checksum, which has 64 digits in hexadecimal",
			text);
	trust->given_count++;
	return 0;
}

static int take_stall(const char *text, unsigned *ret, struct kx_error *err)
{
	unsigned long seconds;
	char *end;

	if (!text)
		return 0;
	seconds = strtoul(text, &end, 10);
	if (*end || !seconds || seconds > STALL_MAX)
		return kx_fail(err, EINVAL,
			       "--fetch-timeout=%s is not a time; give 1 to %d seconds", text,
			       STALL_MAX);
	*ret = (unsigned)seconds;
	return 0;
}

int kx_trust_begin(const struct kx_tool *tool, const struct kx_args *args, struct kx_trust *ret,
		   struct kx_error *err)
{
	int r;

	ret->tool = tool;
	ret->insecure = args->insecure;
	ret->fetch.cacert = args->cacert;
	r = take_stall(args->fetch_timeout, &ret->fetch.stall, err);
	ret->given = calloc(args->sha256_count + 1, sizeof(*ret->given));
	ret->lists = calloc(args->sums_count + 1, sizeof(*ret->lists));
	if (!ret->given || !ret->lists)
		return kx_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < args->sha256_count; i++)
		r = take_given(ret, args->sha256[i], err);
	if (r == 0)
		r = check_options(ret, args, err);
	for (size_t i = 0; r == 0 && i < args->sums_count; i++)
		r = add_list(ret, args, i, err);
	/* The lists themselves do not count. */
	ret->listed = 0;
	ret->fetch.plain = ret->insecure || kx_trust_checks(ret);
	return r;
}

/* ---- inputs ---------------------------------------------------------------------------------- */

bool kx_trust_checks(const struct kx_trust *trust)
{
	return trust->given_count || trust->list_count;
}

int kx_trust_allows(const struct kx_trust *trust, const char *name, struct kx_error *err)
{
	if (!is_plain(name) || trust->insecure || kx_trust_checks(trust))
		return 0;
	return kx_fail(
		err, EACCES,
		"cannot trust %s: over this kind of connection anybody on the way can change "
		"it; say what it must be by --sha256, or by --sums with its signature, use "
		"https, or give --insecure",
		kx_url_text(name).s);
}

static bool is_given(struct kx_trust *trust, const uint8_t *digest)
{
	bool found = false;

	for (size_t i = 0; i < trust->given_count; i++) {
		bool same = is_same(trust->given[i].digest, digest);

		trust->given[i].used |= same;
		found |= same;
	}
	return found;
}

/* Return: 1 a list vouches for it, 0 none knows it. */
static int is_listed(struct kx_trust *trust, const char *name, const char *shown,
		     const uint8_t *digest, struct kx_error *err)
{
	const struct kx_sum *sum = NULL;
	int found = 0;

	for (size_t i = 0; i < trust->list_count; i++) {
		int r = kx_sums_find(&trust->lists[i], name, &sum, err);

		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		if (!is_same(sum->digest, digest))
			return kx_fail(
				err, EBADMSG,
				"cannot use %s: its SHA-256 is %s, and %s says %s; it is broken, "
				"changed or another version",
				shown, kx_sum_text(digest).s, kx_url_text(trust->lists[i].where).s,
				kx_sum_text(sum->digest).s);
		found = 1;
	}
	trust->listed += (size_t)found;
	return found;
}

static int refuse_unknown(const struct kx_trust *trust, const char *shown, const uint8_t *digest,
			  struct kx_error *err)
{
	if (trust->given_count == 1 && !trust->list_count)
		return kx_fail(
			err, EBADMSG,
			"cannot use %s: its SHA-256 is %s, and --sha256 says %s; it is broken, "
			"changed or another version",
			shown, kx_sum_text(digest).s, kx_sum_text(trust->given[0].digest).s);
	return kx_fail(
		err, EACCES,
		"cannot trust %s: its SHA-256, %s, is not among those that were given, and %s "
		"it; add a --sha256 or --sums for it, or --insecure",
		shown, kx_sum_text(digest).s,
		trust->list_count ? "no list of --sums knows" : "no --sums is there to vouch for");
}

int kx_trust_check(struct kx_trust *trust, const char *name, const struct kx_source *source,
		   struct kx_error *err)
{
	const char *shown = kx_source_name(source);
	uint8_t digest[KX_SHA256_DIGEST_SIZE];
	bool given;
	int r;

	if (!kx_trust_checks(trust))
		return 0;
	digest_of(source, digest);
	given = is_given(trust, digest);
	r = is_listed(trust, name, shown, digest, err);
	if (r < 0 || r > 0 || given || !kx_url_is(name))
		return r < 0 ? r : 0;
	if (!trust->insecure)
		return refuse_unknown(trust, shown, digest, err);
	kx_say("warning: nothing vouches for %s", shown);
	return 0;
}

int kx_trust_end(const struct kx_trust *trust, struct kx_error *err)
{
	for (size_t i = 0; i < trust->given_count; i++)
		if (!trust->given[i].used)
			return kx_fail(err, EBADMSG,
				       "no input has the SHA-256 %s of --sha256; one is broken, "
				       "changed or another version",
				       kx_sum_text(trust->given[i].digest).s);
	if (trust->list_count && !trust->listed && !trust->given_count)
		return kx_fail(
			err, EBADMSG,
			"none of the inputs is in %s; give its own addresses, or paths that end "
			"as the names in it do",
			kx_url_text(trust->lists[trust->list_count - 1].where).s);
	return 0;
}

int kx_trust_any(const struct kx_trust *trust, const struct kx_source *source, struct kx_error *err)
{
	uint8_t digest[KX_SHA256_DIGEST_SIZE];
	bool found = trust->listed || trust->insecure || !kx_trust_checks(trust);

	for (size_t i = 0; i < trust->given_count; i++)
		found |= trust->given[i].used;
	if (found)
		return 0;
	digest_of(source, digest);
	return refuse_unknown(trust, kx_source_name(source), digest, err);
}

void kx_trust_clear(struct kx_trust *trust)
{
	for (size_t i = 0; i < trust->list_count; i++)
		kx_sums_clear(&trust->lists[i]);
	free(trust->lists);
	free(trust->given);
	*trust = (struct kx_trust){ 0 };
}
