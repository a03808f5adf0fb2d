// SPDX-License-Identifier: GPL-2.0-or-later
/* Host keys for dropbear: a file as it is, and bytes as the strings of a key, with all that is around them put right. */
#include <errno.h>
#include <stdlib.h>

#include "carry/carry.h"
#include "fuzz.h"

#define KEY_MAX 4096

static void fuzz_key(struct kx_view text)
{
	const char *file = NULL;
	uint8_t *key = NULL;
	size_t size = 0;
	int r = kx_dropbear_key(text, &key, &size, &file);

	if (r < 0) {
		require(r == -EBADMSG || r == -EOPNOTSUPP || r == -ENOMEM);
		require(!key && !file);
		return;
	}
	/* It has nothing that was not in the file. */
	require(file && size > 4 && size <= text.size);
	free(key);
}

static char *put_base64(char *to, const uint8_t *data, size_t size)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < size; i += 3) {
		uint32_t three = (uint32_t)data[i] << 16 |
				 (i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0) |
				 (i + 2 < size ? data[i + 2] : 0);

		for (size_t n = 0; n < 4 && i + n <= size; n++)
			*to++ = letters[three >> (18 - 6 * n) & 63];
	}
	return to;
}

static void fuzz_strings(const uint8_t *data, size_t size)
{
	/* Cipher and key derivation "none", no options; one key, whose public half is empty; then a size, and a number twice. */
	static const uint8_t head[] =
		"openssh-key-v1\0\0\0\0\4none\0\0\0\4none\0\0\0\0\0\0\0\1\0\0\0";
	uint8_t blob[sizeof(head) + 12 + KEY_MAX] = { 0 }, *next = blob + sizeof(head);
	char text[2 * sizeof(blob)], *end;

	size = size < KEY_MAX ? size : KEY_MAX;
	memcpy(blob, head, sizeof(head));
	next[2] = (uint8_t)((size + 8) >> 8);
	next[3] = (uint8_t)(size + 8);
	if (size)
		memcpy(next + 12, data, size);
	end = put_base64(stpcpy(text, "-----BEGIN OPENSSH PRIVATE KEY-----\n"), blob,
			 sizeof(head) + 12 + size);
	fuzz_key(kx_view_of(text, (size_t)(end - text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_key(kx_view_of(data, size));
	fuzz_strings(data, size);
	return 0;
}
