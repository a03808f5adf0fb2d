// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * GRUB's `test`, also called `[`. Terms stand behind one another and all must be true, -a between them or not, up to an -o;
 * whatever is no operator is a string, which is true unless it is empty; nothing at all is true.
 */
#include "boot/grub_internal.h"

#include <errno.h>
#include <string.h>

struct terms {
	struct kx_grub *g;
	char **args;
	int count, at;
	unsigned depth;
};

/* Base 16 for 0x, 8 for 0. */
int64_t kx_grub_number(struct kx_grub *g, const char *s, const char **end)
{
	bool negative = *s == '-';
	const char *start = s + negative;
	unsigned base = 10;
	int64_t value = 0;
	int digit;

	if (start[0] == '0' && (start[1] | 0x20) == 'x')
		base = 16;
	else if (start[0] == '0')
		base = 8;
	if (base == 16)
		start += 2;
	for (s = start;; s++) {
		digit = *s >= '0' && *s <= '9'                     ? *s - '0'
			: (*s | 0x20) >= 'a' && (*s | 0x20) <= 'f' ? (*s | 0x20) - 'a' + 10
								   : 16;
		if (digit >= (int)base)
			break;
		if (value < INT64_MAX / 16 - 16)
			value = value * base + digit;
	}
	if (s == start)
		kx_grub_complain(g, KX_GRUB_BAD_NUMBER, "not a number: %s", start);
	if (end)
		*end = s;
	return negative ? -value : value;
}

enum comparison { NONE, LESS, LESS_EQUAL, EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL };

static bool compares(int order, enum comparison how)
{
	switch (how) {
	case LESS:
		return order < 0;
	case LESS_EQUAL:
		return order <= 0;
	case EQUAL:
		return order == 0;
	case NOT_EQUAL:
		return order != 0;
	case GREATER:
		return order > 0;
	case GREATER_EQUAL:
		return order >= 0;
	default:
		return false;
	}
}

static enum comparison string_comparison(const char *op)
{
	static const char *const names[] = {
		[LESS] = "<",       [LESS_EQUAL] = "<=", [EQUAL] = "=",
		[NOT_EQUAL] = "!=", [GREATER] = ">",     [GREATER_EQUAL] = ">="
	};

	for (int i = LESS; i <= GREATER_EQUAL; i++)
		if (!strcmp(op, names[i]))
			return (enum comparison)i;
	return strcmp(op, "==") ? NONE : EQUAL;
}

static enum comparison number_comparison(const char *op)
{
	static const char *const names[] = {
		[LESS] = "lt",      [LESS_EQUAL] = "le", [EQUAL] = "eq",
		[NOT_EQUAL] = "ne", [GREATER] = "gt",    [GREATER_EQUAL] = "ge"
	};

	for (int i = LESS; i <= GREATER_EQUAL; i++)
		if (!strcmp(op, names[i]))
			return (enum comparison)i;
	return NONE;
}

/* -eq and its like; -pgt and -plt look behind what both begin with, but for the digits of a number that goes on. */
static bool compare_numbers(struct kx_grub *g, const char *a, const char *op, const char *b,
			    bool *ret)
{
	enum comparison how = *op == '-' ? number_comparison(op + 1) : NONE;
	int64_t x, y;

	if (!strcmp(op, "-pgt") || !strcmp(op, "-plt")) {
		how = op[2] == 'g' ? GREATER : LESS;
		const char *start = a;

		while (*a && *a == *b) {
			a++;
			b++;
		}
		while (a > start && a[-1] >= '0' && a[-1] <= '9') {
			a--;
			b--;
		}
	}
	if (how == NONE)
		return false;
	x = kx_grub_number(g, a, NULL);
	y = kx_grub_number(g, b, NULL);
	*ret = compares((x > y) - (x < y), how);
	return true;
}

static bool stat_of(struct kx_grub *g, const char *name, struct kx_boot_stat *ret)
{
	const struct kx_boot_fs *fs = g->config->fs;
	struct kx_grub_file file = kx_grub_file_of(g, name);

	return file.path && fs->stat(fs->ctx, file.device, file.path, ret) == 0;
}

/* -nt and -ot, also with a number behind, which is seconds by which it has to be so. */
static bool compare_times(struct kx_grub *g, const char *a, const char *op, const char *b,
			  bool *ret)
{
	struct kx_boot_stat x, y;
	int64_t bias = 0;

	if (strncmp(op, "-nt", 3) != 0 && strncmp(op, "-ot", 3) != 0)
		return false;
	if (op[3])
		bias = kx_grub_number(g, op + 3, NULL);
	*ret = stat_of(g, a, &x) && stat_of(g, b, &y);
	if (*ret && (__builtin_add_overflow(x.mtime, bias, &x.mtime) ||
		     (op[1] == 'n' ? x.mtime <= y.mtime : x.mtime >= y.mtime)))
		*ret = false;
	return true;
}

static bool binary(struct terms *t, bool *ret)
{
	char **args = t->args + t->at;
	enum comparison how;

	if (t->count - t->at < 3)
		return false;
	how = string_comparison(args[1]);
	if (how != NONE)
		*ret = compares(strcmp(args[0], args[2]), how);
	else if (!compare_numbers(t->g, args[0], args[1], args[2], ret) &&
		 !compare_times(t->g, args[0], args[1], args[2], ret))
		return false;
	t->at += 3;
	return true;
}

static bool unary(struct terms *t, bool *ret)
{
	const char *op = t->args[t->at], *arg;
	struct kx_boot_stat st;

	if (t->count - t->at < 2 || op[0] != '-' || !op[1] || op[2])
		return false;
	arg = t->args[t->at + 1];
	switch (op[1]) {
	case 'z':
		*ret = !*arg;
		break;
	case 'n':
		*ret = *arg;
		break;
	case 'e':
		*ret = stat_of(t->g, arg, &st);
		break;
	case 'f':
		*ret = stat_of(t->g, arg, &st) && !st.directory;
		break;
	case 'd':
		*ret = stat_of(t->g, arg, &st) && st.directory;
		break;
	case 's':
		*ret = stat_of(t->g, arg, &st) && !st.directory && st.size;
		break;
	default:
		return false;
	}
	t->at += 2;
	return true;
}

static bool evaluate(struct terms *t);

/* A term that is one word, or a parenthesis. */
static bool primary(struct terms *t)
{
	const char *word = t->args[t->at++];
	bool value;

	if (strcmp(word, "(") != 0)
		return *word;
	if (++t->depth > KX_GRUB_DEPTH_MAX) {
		kx_grub_end(t->g, E2BIG, "more than %d parentheses inside one another",
			    KX_GRUB_DEPTH_MAX);
		t->at = t->count;
	}
	value = evaluate(t);
	t->depth--;
	return value;
}

/* Up to the end or a closing parenthesis. */
static bool evaluate(struct terms *t)
{
	bool any = false, all = true, invert = false, value;
	const char *word;

	while (t->at < t->count) {
		word = t->args[t->at];
		if (!binary(t, &value) && !unary(t, &value)) {
			if (!strcmp(word, ")")) {
				t->at++;
				break;
			}
			if (!strcmp(word, "-a") || !strcmp(word, "-o") || !strcmp(word, "!")) {
				t->at++;
				if (word[1] == 'o') {
					any = any || all;
					all = true;
				}
				invert ^= *word == '!';
				continue;
			}
			value = primary(t);
		}
		all = all && value != invert;
		invert = false;
	}
	return any || all;
}

int kx_grub_test(struct kx_grub *g, char **args, int count)
{
	struct terms terms = { .g = g, .args = args, .count = count };

	if (count && !strcmp(args[count - 1], "]"))
		terms.count--;
	return evaluate(&terms) ? KX_GRUB_OK : KX_GRUB_FALSE;
}
