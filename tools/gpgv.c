// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpgv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "machine/text.h"
#include "sandbox.h"
#include "source.h"
#include "util.h"

/* Keyrings of distributions have a hundredth of it, lists of checksums a tenth. */
#define KEYRING_MAX (16U << 20)
#define OUTPUT_MAX (64U << 20)
#define STATUS_MAX (1U << 20)
#define SECONDS_MAX 120
#define FD_STATUS "4"
#define FD_SIGNATURE "-&5" /* gpgv(1), --enable-special-filenames */

static const char armored[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/**
 * struct descriptors - what gpgv gets, in the order of its own
 */
struct descriptors {
	int in, out, words, keyring, status, signature;
};

static void close_all(struct descriptors *fds)
{
	kx_closep(&fds->in);
	kx_closep(&fds->out);
	kx_closep(&fds->keyring);
	kx_closep(&fds->status);
	kx_closep(&fds->signature);
}

bool kx_gpgv_is_clearsigned(const struct kx_source *text)
{
	return kx_text_starts(kx_source_view(text), "-----BEGIN PGP SIGNED MESSAGE-----");
}

/* ---- files for it ---------------------------------------------------------------------------- */

static int put(struct kx_view bytes, int *ret, struct kx_error *err)
{
	*ret = kx_memory_file_of("signed", bytes, err);
	return *ret < 0 ? *ret : 0;
}

/*
 * gpgv wants it without armor (RFC 9580, 6.2): headers, an empty line, base64, a checksum that begins with "=". The checksum is left
 * out: what is broken is no key.
 */
static int put_armored(struct kx_view text, int *ret, struct kx_error *err)
{
	_cleanup_free_ uint8_t *bytes = malloc((size_t)text.size);
	struct kx_base64 state = { 0 };
	bool in_body = false;
	struct kx_view line;
	size_t size = 0;

	if (!bytes)
		return kx_fail(err, ENOMEM, "out of memory");
	while (kx_text_line(&text, &line)) {
		line = kx_text_trim(line);
		if (kx_text_starts(line, "-----")) {
			in_body = false;
			state = (struct kx_base64){ 0 };
		} else if (in_body && !kx_text_starts(line, "=")) {
			size += kx_text_base64(&state, line, bytes + size);
		} else if (!line.size) {
			in_body = true;
		}
	}
	return put(kx_view_of(bytes, size), ret, err);
}

static int put_keyring(const char *path, int *ret, struct kx_error *err)
{
	struct kx_source *keyring;
	int r = kx_source_open(path, KEYRING_MAX, &keyring, err);

	if (r < 0) {
		kx_error_prefix(err, "keyring");
		return r;
	}
	r = kx_text_starts(kx_source_view(keyring), armored)
		    ? put_armored(kx_source_view(keyring), ret, err)
		    : put(kx_source_view(keyring), ret, err);
	kx_source_free(keyring);
	return r;
}

static int put_all(const char *keyring, const struct kx_source *text,
		   const struct kx_source *signature, struct descriptors *ret, struct kx_error *err)
{
	int r = put_keyring(keyring, &ret->keyring, err);

	if (r == 0)
		r = put(kx_source_view(text), &ret->in, err);
	if (r == 0 && signature)
		r = put(kx_source_view(signature), &ret->signature, err);
	if (r == 0)
		r = put(kx_view_of(NULL, 0), &ret->out, err);
	return r < 0 ? r : put(kx_view_of(NULL, 0), &ret->status, err);
}

/* ---- what it says ---------------------------------------------------------------------------- */

struct verdict {
	bool good, bad, expired, revoked, unknown;
};

/* GnuPG's doc/DETAILS, "Format of the --status-fd output": words come one to a line, and the rest is left alone. */
static void hear(struct kx_view text, struct verdict *ret)
{
	struct kx_view line, word;

	while (kx_text_line(&text, &line)) {
		if (!kx_text_word(&line, &word) || !kx_text_is(word, "[GNUPG:]") ||
		    !kx_text_word(&line, &word))
			continue;
		ret->good |= kx_text_is(word, "GOODSIG");
		ret->bad |= kx_text_is(word, "BADSIG");
		ret->expired |= kx_text_is(word, "EXPKEYSIG") || kx_text_is(word, "EXPSIG");
		ret->revoked |= kx_text_is(word, "REVKEYSIG");
		ret->unknown |= kx_text_is(word, "NO_PUBKEY");
	}
}

/* Its words come last, since they are the least clear. */
static int judge(const struct verdict *verdict, const char *name, const char *keyring, int status,
		 const struct kx_error *words, struct kx_error *err)
{
	if (verdict->bad)
		return kx_fail(err, EKEYREJECTED,
			       "cannot trust %s: its signature is wrong: it is not what was signed",
			       name);
	if (verdict->good)
		return 0;
	if (verdict->revoked)
		return kx_fail(err, EKEYREJECTED,
			       "cannot trust %s: it is signed by a key that was revoked", name);
	if (verdict->expired)
		return kx_fail(err, EKEYEXPIRED,
			       "cannot trust %s: its signature or the key of it has expired; is "
			       "this machine's clock right, and %s up to date?",
			       name, keyring);
	if (verdict->unknown)
		return kx_fail(err, ENOKEY, "cannot trust %s: none of the keys in %s has signed it",
			       name, keyring);
	return kx_fail(err, EKEYREJECTED, "cannot trust %s: no signature that gpgv takes%s%s", name,
		       status ? ": " : "", status ? words->text : "");
}

static int read_verdict(int fd, struct verdict *ret, struct kx_error *err)
{
	struct kx_source *status;
	int r = kx_source_from_fd("gpgv's status", fd, &status, err);

	if (r == -ENODATA)
		return 0;
	if (r < 0)
		return r;
	hear(kx_source_view(status), ret);
	kx_source_free(status);
	return 0;
}

/* ---- running it ------------------------------------------------------------------------------ */

static int run(const struct kx_tool *tool, const struct descriptors *fds, bool detached,
	       struct kx_error *words, struct kx_error *err)
{
	const char *const argv[] = {
		tool->gpgv,
		"--enable-special-filenames",
		"--homedir",
		"/nonexistent",
		"--weak-digest",
		"SHA1",
		"--status-fd",
		FD_STATUS,
		"--keyring",
		KX_SANDBOX_KEYRING_PATH,
		"--output",
		"-",
		"--",
		detached ? FD_SIGNATURE : "-",
		detached ? "-" : NULL,
		NULL,
	};
	const struct kx_child_plan plan = {
		.argv = argv,
		.fds = { fds->in, fds->out, -1, fds->keyring, fds->status, fds->signature },
		.fd_count = 6,
		.max_file = OUTPUT_MAX,
		.sandbox = KX_SANDBOX_VERIFIER,
		.seconds = SECONDS_MAX,
	};
	struct kx_child child = KX_CHILD_NONE;
	int r = kx_child_start(&plan, &child, err);

	return r < 0 ? r : kx_child_wait(&child, words);
}

static int check(const struct kx_tool *tool, const char *keyring, const struct kx_source *text,
		 const struct kx_source *signature, struct descriptors *fds, struct kx_error *err)
{
	struct verdict verdict = { 0 };
	struct kx_error words = { 0 };
	int r = put_all(keyring, text, signature, fds, err), status;

	if (r < 0)
		return r;
	status = run(tool, fds, signature != NULL, &words, err);
	if (status < 0)
		return status;
	r = read_verdict(fds->status, &verdict, err);
	fds->status = -1;
	return r < 0 ? r : judge(&verdict, kx_source_name(text), keyring, status, &words, err);
}

int kx_gpgv(const struct kx_tool *tool, const char *keyring, const struct kx_source *text,
	    const struct kx_source *signature, struct kx_source **ret, struct kx_error *err)
{
	_cleanup_(close_all) struct descriptors fds = { -1, -1, -1, -1, -1, -1 };
	int r;

	if (access(tool->gpgv, X_OK) < 0)
		return kx_fail(err, EOPNOTSUPP,
			       "cannot check the signature of %s: %s is not there; install gpgv",
			       kx_source_name(text), tool->gpgv);
	r = check(tool, keyring, text, signature, &fds, err);
	if (r < 0 || signature)
		return r;
	r = kx_memory_file_seal(fds.out, err);
	if (r < 0)
		return r;
	r = kx_source_from_fd(kx_source_name(text), fds.out, ret, err);
	fds.out = -1;
	return r;
}
