// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vmcoreinfo.h"

#include <stdio.h>
#include <string.h>

#include "base/overflow.h"

/* Longer than any "KIND(name)". */
#define KEY_MAX 96

bool kx_vmcoreinfo_text(struct kx_view info, const char *key, struct kx_view *ret)
{
	size_t size = strlen(key);
	const uint8_t *end;

	while (info.size && (end = memchr(info.data, '\n', info.size))) {
		size_t line = (size_t)(end - info.data);

		if (line > size && info.data[size] == '=' && !memcmp(info.data, key, size)) {
			*ret = kx_view_of(info.data + size + 1, line - size - 1);
			return true;
		}
		info = kx_view_of(end + 1, info.size - line - 1);
	}
	return false;
}

/* The value of a digit, or 16. */
static unsigned digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static bool parse(struct kx_view text, unsigned base, uint64_t *ret)
{
	uint64_t number = 0;

	if (!text.size)
		return false;
	for (size_t i = 0; i < text.size; i++)
		if (digit(text.data[i]) >= base || kx_mul_overflow(number, base, &number) ||
		    kx_add_overflow(number, digit(text.data[i]), &number))
			return false;
	*ret = number;
	return true;
}

bool kx_vmcoreinfo_number(struct kx_view info, const char *kind, const char *name, uint64_t *ret)
{
	unsigned base = strcmp(kind, "SYMBOL") ? 10 : 16;
	struct kx_view text = { 0 };
	char key[KEY_MAX];
	bool negative;
	uint64_t value;

	snprintf(key, sizeof(key), "%s(%s)", kind, name);
	if (!kx_vmcoreinfo_text(info, key, &text))
		return false;
	negative = kx_view_equals(text, 0, "-", 1);
	if (negative)
		text = kx_view_of(text.data + 1, text.size - 1);
	if (kx_view_equals(text, 0, "0x", 2)) {
		base = 16;
		text = kx_view_of(text.data + 2, text.size - 2);
	}
	if (!parse(text, base, &value))
		return false;
	*ret = negative ? -value : value;
	return true;
}
