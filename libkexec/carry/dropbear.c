// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Host keys of OpenSSH's (PROTOCOL.key in its sources) as dropbear keeps them: the same strings of RFC 4251, 5, without what is around
 * them and partly in another order (its ed25519.c, ecdsa.c and rsa.c, buf_put_…_priv_key()). Nothing is calculated.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "carry/carry.h"
#include "machine/text.h"
#include "util.h"

#define BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define END "-----END OPENSSH PRIVATE KEY-----"

#define FIELDS_MAX 6
#define NONE FIELDS_MAX

/*
 * @fields: how many strings follow the kind in OpenSSH's file, before the comment
 * @order: which of them follow it in dropbear's
 */
static const struct kind {
	const char *name, *file;
	size_t fields, order[FIELDS_MAX];
} kinds[] = {
	/* The public and the private key, of which the second ends with the first. */
	{ "ssh-ed25519", "dropbear_ed25519_host_key", 2, { 1, NONE } },
	/* Curve, public key, private one. */
	{ "ecdsa-sha2-nistp256", "dropbear_ecdsa_host_key", 3, { 0, 1, 2, NONE } },
	{ "ecdsa-sha2-nistp384", "dropbear_ecdsa_host_key", 3, { 0, 1, 2, NONE } },
	{ "ecdsa-sha2-nistp521", "dropbear_ecdsa_host_key", 3, { 0, 1, 2, NONE } },
	/* n, e, d, q's inverse, p, q */
	{ "ssh-rsa", "dropbear_rsa_host_key", 6, { 1, 0, 2, 4, 5, NONE } },
};

static bool take_number(struct kx_view *rest, uint32_t *ret)
{
	struct kx_view bytes;

	if (!kx_view_sub(*rest, 0, 4, &bytes) || !kx_view_from(*rest, 4, rest))
		return false;
	*ret = (uint32_t)bytes.data[0] << 24 | (uint32_t)bytes.data[1] << 16 |
	       (uint32_t)bytes.data[2] << 8 | bytes.data[3];
	return true;
}

static bool take_string(struct kx_view *rest, struct kx_view *ret)
{
	uint32_t size;

	return take_number(rest, &size) && kx_view_sub(*rest, 0, size, ret) &&
	       kx_view_from(*rest, size, rest);
}

static uint8_t *put_string(uint8_t *to, struct kx_view string)
{
	for (unsigned shift = 32; shift; shift -= 8)
		*to++ = (uint8_t)(string.size >> (shift - 8));
	return mempcpy(to, string.data, string.size);
}

/* The one key in @blob, from its kind on. */
static int find_key(struct kx_view blob, struct kx_view *ret)
{
	static const char magic[] = "openssh-key-v1";
	struct kx_view cipher, kdf, options, public, private;
	uint32_t count, check, again;

	if (!kx_view_equals(blob, 0, magic, sizeof(magic)) ||
	    !kx_view_from(blob, sizeof(magic), &blob) || !take_string(&blob, &cipher) ||
	    !take_string(&blob, &kdf) || !take_string(&blob, &options) ||
	    !take_number(&blob, &count) || count != 1 || !take_string(&blob, &public))
		return -EBADMSG;
	if (!kx_text_is(cipher, "none"))
		return -EOPNOTSUPP;
	if (!take_string(&blob, &private) || !take_number(&private, &check) ||
	    !take_number(&private, &again) || check != again)
		return -EBADMSG;
	*ret = private;
	return 0;
}

static int convert(struct kx_view key, uint8_t **ret, size_t *ret_size, const char **ret_file)
{
	struct kx_view name, fields[FIELDS_MAX];
	const struct kind *kind = kinds;
	uint8_t *out, *next;
	size_t size;

	if (!take_string(&key, &name))
		return -EBADMSG;
	while (kind < kinds + KX_ARRAY_SIZE(kinds) && !kx_text_is(name, kind->name))
		kind++;
	if (kind == kinds + KX_ARRAY_SIZE(kinds))
		return -EOPNOTSUPP;
	for (size_t i = 0; i < kind->fields; i++)
		if (!take_string(&key, &fields[i]))
			return -EBADMSG;
	size = 4 + name.size;
	for (size_t i = 0; kind->order[i] != NONE; i++)
		size += 4 + fields[kind->order[i]].size;
	out = malloc(size);
	if (!out)
		return -ENOMEM;
	next = put_string(out, name);
	for (size_t i = 0; kind->order[i] != NONE; i++)
		next = put_string(next, fields[kind->order[i]]);
	*ret = out;
	*ret_size = size;
	*ret_file = kind->file;
	return 0;
}

int kx_dropbear_key(struct kx_view text, uint8_t **ret, size_t *ret_size, const char **ret_file)
{
	uint8_t *bytes = malloc(text.size + 1);
	struct kx_base64 state = { 0 };
	struct kx_view line = { 0 }, key = { 0 };
	size_t room = text.size, size = 0;
	int r;

	if (!bytes)
		return -ENOMEM;
	if (!kx_text_line(&text, &line) || !kx_text_is(kx_text_trim(line), BEGIN)) {
		free(bytes);
		return -EOPNOTSUPP;
	}
	while (kx_text_line(&text, &line) && !kx_text_starts(line, END))
		size += kx_text_base64(&state, line, bytes + size);
	r = find_key(kx_view_of(bytes, size), &key);
	if (r == 0)
		r = convert(key, ret, ret_size, ret_file);
	explicit_bzero(bytes, room);
	free(bytes);
	return r;
}
