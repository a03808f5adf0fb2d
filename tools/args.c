// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parsing as getopt_long does it (options and operands in any order, abbreviations, "--"), by hand
 * for one reason: an abbreviation that names one option of kexec-tools must keep its meaning when
 * we add options of our own.
 */
#include "options.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"

struct parser {
	enum kx_verb verb;
	int argc, next;
	char **argv;
	struct kx_args *args;
	struct kx_error *err;
};

/* ---- what an option does --------------------------------------------------------------------- */

static void act(struct kx_args *args, enum kx_action action)
{
	args->shutdown = 0;
	switch (action) {
	case KX_DO_LOAD_PANIC:
		args->panic = 1;
		args->load = 1;
		args->exec = 0;
		break;
	case KX_DO_LOAD:
		args->load_asked = 1;
		args->load = 1;
		args->exec = 0;
		break;
	case KX_DO_EXEC:
		args->load = 0;
		args->exec = 1;
		break;
	case KX_DO_FORCE:
		args->load = 1;
		args->exec = 1;
		break;
	case KX_DO_UNLOAD:
		args->load = 0;
		args->unload = 1;
		break;
	}
}

/* Lists of strings: where they and their counts are. */
static const struct {
	size_t list, count;
} lists[] = {
	{ offsetof(struct kx_args, initrds), offsetof(struct kx_args, initrd_count) },
	{ offsetof(struct kx_args, modules), offsetof(struct kx_args, module_count) },
	{ offsetof(struct kx_args, adds), offsetof(struct kx_args, add_count) },
	{ offsetof(struct kx_args, placed), offsetof(struct kx_args, placed_count) },
	{ offsetof(struct kx_args, sha256), offsetof(struct kx_args, sha256_count) },
	{ offsetof(struct kx_args, sums), offsetof(struct kx_args, sums_count) },
	{ offsetof(struct kx_args, signed_by), offsetof(struct kx_args, signed_by_count) },
	{ offsetof(struct kx_args, operands), offsetof(struct kx_args, operand_count) },
};

static const char ***list_at(struct kx_args *args, size_t offset)
{
	return (const char ***)(void *)((char *)args + offset);
}

static size_t *count_at(struct kx_args *args, size_t offset)
{
	return (size_t *)(void *)((char *)args + offset);
}

/* There is room for all of the command line in each of them. */
static void add(struct kx_args *args, size_t list, size_t count, const char *text)
{
	(*list_at(args, list))[(*count_at(args, count))++] = text;
}

/* A number as in C; no sign, no rest. */
static int parse_address(const struct kx_option *option, const char *text, uint64_t *ret,
			 struct kx_error *err)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || strchr(text, '-'))
		return kx_fail(err, EINVAL, "--%s=%s is not an address; write it as 0x1000000",
			       option->name, text);
	*ret = value;
	return 0;
}

/* Which of the words "one|two|three" it is; NULL is the first one. */
static int parse_word(const struct kx_option *option, const char *text, int *ret,
		      struct kx_error *err)
{
	const char *word = option->arg;

	for (int i = (int)option->value;; i++) {
		size_t size = strcspn(word, "|");

		if (!text || (strlen(text) == size && !strncmp(text, word, size))) {
			*ret = i;
			return 0;
		}
		if (!word[size])
			return kx_fail(err, EINVAL, "--%s=%s is not known; give one of %s",
				       option->name, text, option->arg);
		word += size + 1;
	}
}

static int apply(struct parser *p, const struct kx_option *option, const char *arg)
{
	struct kx_args *args = p->args;
	char *field = (char *)args + option->offset;

	if (option->image && !args->image)
		args->image = option;
	switch (option->kind) {
	case KX_OPT_SET:
		*(int *)(void *)field = (int)option->value;
		break;
	case KX_OPT_FLAG:
		args->flags |= (unsigned)option->value;
		break;
	case KX_OPT_UNFLAG:
		args->flags &= ~(unsigned)option->value;
		break;
	case KX_OPT_WORD:
		assert(arg || option->optional); /* as the table says */
		return parse_word(option, arg, (int *)(void *)field, p->err);
	case KX_OPT_STRING:
		args->append_again |= field == (char *)&args->append && args->append;
		*(const char **)(void *)field = arg;
		break;
	case KX_OPT_ADDRESS:
		assert(arg); /* as the table says */
		return parse_address(option, arg, (uint64_t *)(void *)field, p->err);
	case KX_OPT_LIST:
		add(args, option->offset, (size_t)option->value, arg);
		break;
	case KX_OPT_ACTION:
		act(args, (enum kx_action)option->value);
		break;
	case KX_OPT_STOP:
		args->stop = option;
		break;
	case KX_OPT_NOT_BUILT:
		if (!args->not_built)
			args->not_built = option;
		break;
	}
	return 0;
}

/* ---- which option it is ---------------------------------------------------------------------- */

static void ambiguous(const struct parser *p, const char *name, int len, bool ours)
{
	char list[KX_ERROR_TEXT_MAX / 2] = "";
	size_t used = 0;

	for (size_t i = 0; i < kx_option_count && used < sizeof(list); i++) {
		const struct kx_option *o = &kx_options[i];

		if ((o->verbs & p->verb) && (ours || !o->ours) &&
		    !strncmp(o->name, name, (size_t)len))
			used += (size_t)snprintf(list + used, sizeof(list) - used, " --%s",
						 o->name);
	}
	kx_fail(p->err, EINVAL, "option --%.*s is ambiguous; it could be%s", len, name, list);
}

/* How many options begin with @name, kexec-tools' only or with ours; *ret is the last of them. */
static size_t find_prefix(const struct parser *p, const char *name, int len, bool ours,
			  const struct kx_option **ret)
{
	size_t count = 0;

	for (size_t i = 0; i < kx_option_count; i++) {
		const struct kx_option *o = &kx_options[i];

		if (!(o->verbs & p->verb) || (o->ours && !ours) ||
		    strncmp(o->name, name, (size_t)len) != 0)
			continue;
		*ret = o;
		count++;
	}
	return count;
}

static const struct kx_option *find_exact(const struct parser *p, const char *name, int len)
{
	for (size_t i = 0; i < kx_option_count; i++) {
		const struct kx_option *o = &kx_options[i];

		if ((o->verbs & p->verb) && strlen(o->name) == (size_t)len &&
		    !strncmp(o->name, name, (size_t)len))
			return o;
	}
	return NULL;
}

/* NULL, with the reason in p->err, when there is none or more than one. */
static const struct kx_option *find_long(const struct parser *p, const char *name, int len)
{
	const struct kx_option *found = find_exact(p, name, len);
	bool ours = false;
	size_t count;

	if (found)
		return found;
	count = find_prefix(p, name, len, ours, &found);
	if (!count) {
		ours = true;
		count = find_prefix(p, name, len, ours, &found);
	}
	if (!count)
		kx_fail(p->err, EINVAL, "unrecognized option --%.*s", len, name);
	else if (count > 1)
		ambiguous(p, name, len, ours);
	return count == 1 ? found : NULL;
}

static const struct kx_option *find_letter(const struct parser *p, char letter)
{
	for (size_t i = 0; i < kx_option_count; i++)
		if (kx_options[i].letter == letter && (kx_options[i].verbs & p->verb))
			return &kx_options[i];
	return NULL;
}

/* ---- one argument ---------------------------------------------------------------------------- */

static int parse_long(struct parser *p, const char *text)
{
	const char *equals = strchr(text, '='), *value = equals ? equals + 1 : NULL;
	int len = (int)(equals ? (size_t)(equals - text) : strlen(text));
	const struct kx_option *option = find_long(p, text, len);

	if (!option)
		return -EINVAL;
	if (value && !option->arg)
		return kx_fail(p->err, EINVAL, "option --%s takes no argument", option->name);
	if (option->arg && !option->optional && !value) {
		if (p->next == p->argc)
			return kx_fail(p->err, EINVAL, "option --%s requires an argument",
				       option->name);
		value = p->argv[p->next++];
	}
	return apply(p, option, value);
}

static int parse_letters(struct parser *p, const char *text)
{
	for (; *text && !p->args->stop; text++) {
		const struct kx_option *option = find_letter(p, *text);
		const char *value = NULL;
		int r;

		if (!option)
			return kx_fail(p->err, EINVAL, "unrecognized option -%c", *text);
		if (option->arg) {
			if (!text[1] && p->next == p->argc)
				return kx_fail(p->err, EINVAL, "option -%c requires an argument",
					       *text);
			value = text[1] ? text + 1 : p->argv[p->next++];
		}
		r = apply(p, option, value);
		if (r < 0 || option->arg)
			return r;
	}
	return 0;
}

static int parse(struct parser *p)
{
	bool operands_only = false;

	while (p->next < p->argc && !p->args->stop) {
		const char *text = p->argv[p->next++];
		int r = 0;

		if (operands_only || text[0] != '-' || !text[1])
			p->args->operands[p->args->operand_count++] = text;
		else if (!strcmp(text, "--"))
			operands_only = true;
		else if (text[1] == '-')
			r = parse_long(p, text + 2);
		else
			r = parse_letters(p, text + 1);
		if (r < 0)
			return r;
	}
	return 0;
}

int kx_args_parse(enum kx_verb verb, int argc, char **argv, struct kx_args *ret,
		  struct kx_error *err)
{
	struct parser p = {
		.verb = verb, .argc = argc, .next = 1, .argv = argv, .args = ret, .err = err
	};
	int r;

	*ret = (struct kx_args){ .load = 1, .shutdown = 1, .mem_max = UINT64_MAX };
	for (size_t i = 0; i < KX_ARRAY_SIZE(lists); i++) {
		*list_at(ret, lists[i].list) = calloc((size_t)argc + 1, sizeof(const char *));
		if (!*list_at(ret, lists[i].list))
			return kx_fail(err, ENOMEM, "out of memory");
	}
	r = parse(&p);
	/* kexec(8) has -p beside -u mean "unload that one"; only a kernel's name says that one is
	 * to be loaded. */
	if (ret->unload && ret->panic && !ret->operand_count)
		ret->load = 0;
	return r;
}

int kx_args_copy(const struct kx_args *args, struct kx_args *ret)
{
	struct kx_args from = *args;
	bool complete = true;

	*ret = from;
	for (size_t i = 0; i < KX_ARRAY_SIZE(lists); i++) {
		size_t count = *count_at(&from, lists[i].count);
		const char **list = calloc(count + 1, sizeof(*list));

		*list_at(ret, lists[i].list) = list;
		complete &= list != NULL;
		if (list && count)
			memcpy(list, *list_at(&from, lists[i].list), count * sizeof(*list));
	}
	return complete ? 0 : -ENOMEM;
}

void kx_args_clear(struct kx_args *args)
{
	for (size_t i = 0; i < KX_ARRAY_SIZE(lists); i++)
		free(*list_at(args, lists[i].list));
	*args = (struct kx_args){ 0 };
}
