// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>

#include "base/overflow.h"
#include "machine/text.h"

bool kx_text_field(struct kx_view *rest, char separator, struct kx_view *ret)
{
	const uint8_t *end;
	size_t n;

	if (!rest->size)
		return false;
	end = memchr(rest->data, separator, rest->size);
	n = end ? (size_t)(end - rest->data) : rest->size;
	*ret = kx_view_of(rest->data, n);
	n += end != NULL;
	*rest = kx_view_of(rest->data + n, rest->size - n);
	return true;
}

bool kx_text_line(struct kx_view *rest, struct kx_view *ret)
{
	return kx_text_field(rest, '\n', ret);
}

static bool is_blank(uint8_t c)
{
	return c <= ' ' || c == 0x7f;
}

bool kx_text_word(struct kx_view *rest, struct kx_view *ret)
{
	const uint8_t *p = rest->data, *end = p + rest->size, *start;

	while (p < end && is_blank(*p))
		p++;
	if (p == end)
		return false;
	start = p;
	while (p < end && !is_blank(*p))
		p++;
	*ret = kx_view_of(start, (size_t)(p - start));
	*rest = kx_view_of(p, (size_t)(end - p));
	return true;
}

struct kx_view kx_text_trim(struct kx_view text)
{
	while (text.size && is_blank(text.data[text.size - 1]))
		text.size--;
	while (text.size && is_blank(text.data[0]))
		text = kx_view_of(text.data + 1, text.size - 1);
	return text;
}

bool kx_text_is(struct kx_view text, const char *what)
{
	return text.size == strlen(what) && kx_view_equals(text, 0, what, text.size);
}

bool kx_text_starts(struct kx_view text, const char *what)
{
	return kx_view_equals(text, 0, what, strlen(what));
}

bool kx_text_contains(struct kx_view text, const char *what)
{
	return text.size && memmem(text.data, text.size, what, strlen(what));
}

bool kx_text_has_word(struct kx_view text, const char *what)
{
	struct kx_view word;

	while (kx_text_word(&text, &word))
		if (kx_text_is(word, what))
			return true;
	return false;
}

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

bool kx_text_u64(struct kx_view text, unsigned base, uint64_t *ret)
{
	uint64_t value = 0;

	if (base != 10 && (kx_text_starts(text, "0x") || kx_text_starts(text, "0X"))) {
		text = kx_view_of(text.data + 2, text.size - 2);
		base = 16;
	}
	if (!base)
		base = 10;
	if (!text.size)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		unsigned digit = (unsigned)digit_value(text.data[i]);

		if (digit >= base || kx_mul_overflow(value, base, &value) ||
		    kx_add_overflow(value, digit, &value))
			return false;
	}
	*ret = value;
	return true;
}

static int sextet(uint8_t c)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(letters, c) : NULL;

	return at ? (int)(at - letters) : -1;
}

size_t kx_text_base64(struct kx_base64 *state, struct kx_view line, uint8_t *to)
{
	size_t size = 0;

	for (size_t i = 0; i < line.size; i++) {
		int value = sextet(line.data[i]);

		if (value < 0)
			continue;
		state->bits = state->bits << 6 | (unsigned)value;
		state->count += 6;
		if (state->count >= 8) {
			state->count -= 8;
			to[size++] = (uint8_t)(state->bits >> state->count);
		}
	}
	return size;
}

int kx_text_dup(struct kx_view text, char **ret)
{
	char *copy;

	if (text.size && memchr(text.data, '\0', text.size))
		return -EBADMSG;
	copy = malloc(text.size + 1);
	if (!copy)
		return -ENOMEM;
	if (text.size)
		memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	*ret = copy;
	return 0;
}
