// SPDX-License-Identifier: LGPL-2.1-or-later
#include "boot/version.h"

#include <stdbool.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whatever means nothing to the comparison only keeps components apart. */
static const char *skip_separators(const char *s)
{
	while (*s && !is_digit(*s) && !is_letter(*s) && !strchr("~-^.", *s))
		s++;
	return s;
}

static int sign(bool less, bool more)
{
	return (int)more - (int)less;
}

/*
 * Takes the digits off both; numbers of any length, so their lengths come first. No number at all is lower than 0, where
 * the specification has them equal: so it is in systemd-boot, whose choice is to be foretold.
 */
static int compare_numbers(const char **a, const char **b)
{
	int order = sign(!is_digit(**a), !is_digit(**b));
	size_t na, nb;

	if (order)
		return order;
	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	na = strspn(*a, "0123456789");
	nb = strspn(*b, "0123456789");
	order = na == nb ? strncmp(*a, *b, na) : sign(na<nb, na> nb);
	*a += na;
	*b += nb;
	return order;
}

static int compare_letters(const char **a, const char **b)
{
	while (is_letter(**a) && **a == **b) {
		(*a)++;
		(*b)++;
	}
	if (is_letter(**a) && is_letter(**b))
		return sign(**a<**b, **a> * *b);
	return sign(is_letter(**b), is_letter(**a));
}

/* The side that has @mark is older; 0 when both have it, and then it is skipped, or none. */
static int compare_mark(const char **a, const char **b, char mark)
{
	bool on_a = **a == mark, on_b = **b == mark;

	if (on_a != on_b)
		return on_a ? -1 : 1;
	*a += on_a;
	*b += on_b;
	return 0;
}

/*
 * Steps 3 to 6 of the specification. A caret is newer than nothing, but older than anything else, as in systemd-boot and
 * rpm; the text has it newer than all.
 */
static int compare_marks(const char **a, const char **b)
{
	int order = compare_mark(a, b, '~');

	if (order || !**a || !**b)
		return order ? order : sign(!**a && **b, **a && !**b);
	order = compare_mark(a, b, '-');
	if (!order)
		order = compare_mark(a, b, '^');
	return order ? order : compare_mark(a, b, '.');
}

int kx_version_compare(const char *a, const char *b)
{
	int order = 0;

	a = a ? a : "";
	b = b ? b : "";
	while (!order) {
		a = skip_separators(a);
		b = skip_separators(b);
		if (*a != '~' && *b != '~' && (!*a || !*b))
			return sign(!*a && *b, *a && !*b);
		order = compare_marks(&a, &b);
		if (order || (!*a && !*b))
			break;
		if (is_digit(*a) || is_digit(*b))
			order = compare_numbers(&a, &b);
		else
			order = compare_letters(&a, &b);
	}
	return order;
}

/* ---- rpm ------------------------------------------------------------------------------------- */

static char first(struct kx_view v)
{
	return v.size ? (char)*v.data : 0;
}

static void cut(struct kx_view *v, size_t n)
{
	*v = kx_view_of(v->data + n, v->size - n);
}

/* Cuts off how many bytes at the beginning are of the kind given. */
static struct kx_view cut_span(struct kx_view *v, bool (*is)(char c))
{
	struct kx_view span = *v;

	for (span.size = 0; span.size < v->size && is((char)v->data[span.size]);)
		span.size++;
	cut(v, span.size);
	return span;
}

static bool is_rpm_separator(char c)
{
	return !is_digit(c) && !is_letter(c) && c != '~' && c != '+';
}

static bool is_zero(char c)
{
	return c == '0';
}

/* Digits of any number, since they are too many for any type. */
static int compare_digits(struct kx_view x, struct kx_view y)
{
	cut_span(&x, is_zero);
	cut_span(&y, is_zero);
	if (x.size != y.size)
		return sign(x.size<y.size, x.size> y.size);
	return memcmp(x.data, y.data, x.size);
}

/* Takes digits, or letters, off both; a number is newer than letters. */
static int compare_segments(struct kx_view *a, struct kx_view *b)
{
	bool number = is_digit(first(*a));
	struct kx_view x = cut_span(a, number ? is_digit : is_letter);
	struct kx_view y = cut_span(b, number ? is_digit : is_letter);
	int order;

	if (!y.size)
		return number ? 1 : -1;
	if (number)
		return compare_digits(x, y);
	order = memcmp(x.data, y.data, x.size < y.size ? x.size : y.size);
	return order ? order : sign(x.size<y.size, x.size> y.size);
}

/* 0 when both have it, and then it is skipped. */
static int compare_sign(struct kx_view *a, struct kx_view *b, char c)
{
	bool on_a = first(*a) == c, on_b = first(*b) == c;

	if (c == '+' && (!a->size || !b->size))
		return a->size ? 1 : -1;
	if (on_a != on_b)
		return on_a ? -1 : 1;
	cut(a, 1);
	cut(b, 1);
	return 0;
}

int kx_version_compare_rpm(struct kx_view a, struct kx_view b)
{
	int order = 0;

	while (!order && (a.size || b.size)) {
		cut_span(&a, is_rpm_separator);
		cut_span(&b, is_rpm_separator);
		if (first(a) == '~' || first(b) == '~')
			order = compare_sign(&a, &b, '~');
		else if (first(a) == '+' || first(b) == '+')
			order = compare_sign(&a, &b, '+');
		else if (!a.size || !b.size)
			return sign(!a.size && b.size, a.size && !b.size);
		else
			order = compare_segments(&a, &b);
	}
	return order;
}

/* ---- names of files -------------------------------------------------------------------------- */

/* Debian Policy, "Version": "~" is before the end, that before letters, and they before all else. */
static int rank(struct kx_view v)
{
	char c = first(v);

	if (!v.size)
		return -1;
	if (is_digit(c))
		return 0;
	if (is_letter(c))
		return c;
	return c == '~' ? -2 : (unsigned char)c + 256;
}

static bool starts_text(struct kx_view v)
{
	return v.size && !is_digit(first(v));
}

static int compare_debian(struct kx_view a, struct kx_view b)
{
	int order = 0;

	while (!order && (a.size || b.size)) {
		for (; starts_text(a) || starts_text(b); cut(&a, 1), cut(&b, 1))
			if (rank(a) != rank(b))
				return sign(rank(a) < rank(b), rank(a) > rank(b));
		order = compare_digits(cut_span(&a, is_digit), cut_span(&b, is_digit));
	}
	return order;
}

/* Without suffixes such as ".tar.gz": each begins with a letter or "~" and has digits besides. */
static struct kx_view without_suffixes(struct kx_view name)
{
	size_t end = name.size, i = end;

	while (i > 0) {
		char c = (char)name.data[--i];
		bool begins = i + 1 < name.size &&
			      (is_letter((char)name.data[i + 1]) || name.data[i + 1] == '~');

		if (c == '.' && i + 1 < end && begins)
			end = i;
		else if (!is_digit(c) && !is_letter(c) && c != '~')
			break;
	}
	return kx_view_of(name.data, end);
}

int kx_version_compare_files(const char *a, const char *b)
{
	struct kx_view x = kx_view_of(a, strlen(a)), y = kx_view_of(b, strlen(b));
	int order = sign(*a == '.' && *b != '.', *a != '.' && *b == '.');

	if (!order)
		order = compare_debian(without_suffixes(x), without_suffixes(y));
	return order ? order : compare_debian(x, y);
}
