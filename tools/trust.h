/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vouches for the bytes of inputs, looked at before anything reads more in them than that. */
#ifndef KX_TOOL_TRUST_H
#define KX_TOOL_TRUST_H

#include "base/sha256.h"
#include "fetch.h"
#include "sums.h"

/* One --sha256. */
struct kx_given_sum {
	uint8_t digest[KX_SHA256_DIGEST_SIZE];
	bool used;
};

/**
 * struct kx_trust - what the user said about it
 * @fetch: how files are got from the network
 * @insecure: what nothing vouches for is taken, too
 * @given: --sha256
 * @lists: --sums, each one checked by those before it
 * @listed: how many inputs a list has vouched for
 */
struct kx_trust {
	const struct kx_tool *tool;
	struct kx_fetch_options fetch;
	bool insecure;
	struct kx_given_sum *given;
	size_t given_count;
	struct kx_sums *lists;
	size_t list_count, listed;
};

/**
 * kx_trust_begin() - take the options, and get the lists of checksums that they name
 * @ret: zero-initialised; to be cleared with kx_trust_clear(), also after an error
 *
 * The first list is signed, by --sums-signature or around its text, or comes by https or from this machine. Each of the others
 * must be in one of those before it: Debian's InRelease has the checksum of images/SHA256SUMS, and that has the files'.
 *
 * Errors: -EINVAL a --sha256 that is none, or options that need one another; -EACCES nothing vouches for the first list; -EBADMSG a list
 * that has none, or has another checksum than it must; what kx_gpgv() and kx_fetch() say.
 */
int kx_trust_begin(const struct kx_tool *tool, const struct kx_args *args, struct kx_trust *ret,
		   struct kx_error *err);

/**
 * kx_trust_allows() - may this be fetched at all, as far as can be told before?
 *
 * Errors: -EACCES over a plain connection with nothing to check it by.
 */
int kx_trust_allows(const struct kx_trust *trust, const char *name, struct kx_error *err);

/* Is there anything to check by? */
bool kx_trust_checks(const struct kx_trust *trust);

/**
 * kx_trust_check() - is it what it should be?
 * @name: as the user gave it: a URL or a path
 *
 * An input from the network must have one of the --sha256, or the checksum that a list has for it, where either was given. One of this
 * machine's must only not have another one than a list says.
 *
 * Errors: -EBADMSG it is something else; -EACCES nothing vouches for it; -ENOTUNIQ.
 */
int kx_trust_check(struct kx_trust *trust, const char *name, const struct kx_source *source,
		   struct kx_error *err);

/**
 * kx_trust_end() - after the last input: was all used that was given?
 *
 * Errors: -EBADMSG a --sha256 that no input has; no list knows any input.
 */
int kx_trust_end(const struct kx_trust *trust, struct kx_error *err);

/**
 * kx_trust_any() - after the first input, which more depends on than on others: does anything vouch for it, if it should?
 *
 * Errors: -EBADMSG, -EACCES as kx_trust_check().
 */
int kx_trust_any(const struct kx_trust *trust, const struct kx_source *source,
		 struct kx_error *err);

void kx_trust_clear(struct kx_trust *trust);

#endif
