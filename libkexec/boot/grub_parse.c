// SPDX-License-Identifier: LGPL-2.1-or-later
/* GRUB's commands: lists, blocks, if, for, while, until, function. */
#include "boot/grub_internal.h"

#include <errno.h>
#include <string.h>

struct parser {
	struct kx_grub_lexer *lexer;
	struct kx_grub_token token;
	const char *file;
	const char *why;
	unsigned depth, depth_max;
};

static int parse_list(struct parser *p, struct kx_grub_command **ret, unsigned *ret_delimiters);

static int next(struct parser *p)
{
	return kx_grub_lex(p->lexer, &p->token);
}

static int unexpected(struct parser *p, const char *why)
{
	p->why = why;
	return -EBADMSG;
}

static bool is_word(const struct parser *p, const char *word)
{
	return p->token.type == KX_GRUB_WORD && p->token.plain && !strcmp(p->token.plain, word);
}

/* Takes a reserved word. */
static int take(struct parser *p, const char *word, const char *why)
{
	return is_word(p, word) ? next(p) : unexpected(p, why);
}

static bool is_one_of(const struct parser *p, const char *const *words)
{
	for (; *words; words++)
		if (is_word(p, *words))
			return true;
	return false;
}

/* Words that can only stand at their place, when they come first. */
static bool is_misplaced(const struct parser *p)
{
	static const char *const reserved[] = { "then", "else",   "elif", "fi", "do", "done", "in",
						"case", "select", "esac", "[[", "]]", NULL };

	return is_one_of(p, reserved);
}

static bool is_delimiter(const struct parser *p)
{
	return p->token.type == KX_GRUB_NEWLINE || p->token.type == KX_GRUB_SEMICOLON;
}

static int skip_newlines(struct parser *p)
{
	int r = 0;

	while (!r && p->token.type == KX_GRUB_NEWLINE)
		r = next(p);
	return r;
}

/* One delimiter, then empty lines. *ret says whether there was any. */
static int skip_delimiters(struct parser *p, unsigned *ret)
{
	int r;

	*ret = is_delimiter(p);
	if (!*ret)
		return 0;
	r = next(p);
	return r < 0 ? r : skip_newlines(p);
}

/* A list that has to end in a delimiter: what is between reserved words. */
static int parse_body(struct parser *p, struct kx_grub_command **ret)
{
	unsigned delimiters;
	int r = parse_list(p, ret, &delimiters);

	if (r < 0)
		return r;
	return delimiters ? 0 : unexpected(p, "a newline or ; is missing");
}

static bool is_name(const char *s)
{
	if (!s || !*s || (*s >= '0' && *s <= '9'))
		return false;
	return !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")];
}

static int parse_name(struct parser *p, struct kx_grub_command *command)
{
	if (p->token.type != KX_GRUB_WORD || !is_name(p->token.plain))
		return unexpected(p, "a name is missing");
	command->name = p->token.plain;
	return next(p);
}

static int parse_words(struct parser *p, struct kx_grub_word **end)
{
	int r = 0;

	while (!r && p->token.type == KX_GRUB_WORD) {
		/* Reserved wherever they stand, for what GRUB does not have. */
		if (is_word(p, "[[") || is_word(p, "]]"))
			return unexpected(p, "[[ ]] is not known to GRUB");
		*end = p->token.word;
		end = &p->token.word->next;
		r = next(p);
	}
	return r;
}

/* The token is behind the {. *ret_end: the } and what is behind it. */
static int parse_block(struct parser *p, bool delimited, struct kx_grub_command **ret,
		       size_t *ret_end)
{
	unsigned delimiters = 0;
	int r = next(p);

	if (!r)
		r = parse_list(p, ret, &delimiters);
	if (r < 0)
		return r;
	if (p->token.type != KX_GRUB_CLOSE)
		return unexpected(p, "} is missing");
	if (delimited && !delimiters)
		return unexpected(p, "a newline or ; is missing before }");
	*ret_end = p->token.end;
	return next(p);
}

static int parse_simple(struct parser *p, struct kx_grub_command *command)
{
	size_t start, end;
	char *text;
	int r = parse_words(p, &command->words);

	if (r < 0 || p->token.type != KX_GRUB_OPEN)
		return r;
	start = p->token.start;
	r = parse_block(p, false, &command->block, &end);
	if (r < 0)
		return r;
	text = kx_grub_alloc(p->lexer->arena, end - start + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text, p->lexer->text + start, end - start);
	command->block_text = text;
	return 0;
}

static int parse_function(struct parser *p, struct kx_grub_command *command)
{
	size_t end;
	int r = next(p);

	command->kind = KX_GRUB_FUNCTION;
	if (!r)
		r = parse_name(p, command);
	if (!r)
		r = skip_newlines(p);
	if (r < 0)
		return r;
	if (p->token.type != KX_GRUB_OPEN)
		return unexpected(p, "{ is missing after the function's name");
	return parse_block(p, true, &command->body, &end);
}

/* What else may come between then and fi. An elif is an if of its own. */
static int parse_otherwise(struct parser *p, struct kx_grub_command *command);

static int parse_if(struct parser *p, struct kx_grub_command *command)
{
	int r = next(p);

	command->kind = KX_GRUB_IF;
	if (!r)
		r = parse_body(p, &command->condition);
	if (!r)
		r = take(p, "then", "then is missing");
	if (!r)
		r = parse_body(p, &command->body);
	return r < 0 ? r : parse_otherwise(p, command);
}

static int parse_otherwise(struct parser *p, struct kx_grub_command *command)
{
	struct kx_grub_command *elif;
	int r;

	if (is_word(p, "elif")) {
		elif = kx_grub_alloc(p->lexer->arena, sizeof(*elif));
		if (!elif)
			return -ENOMEM;
		elif->line = p->token.line;
		elif->file = p->file;
		command->otherwise = elif;
		if (++p->depth > p->depth_max)
			return -E2BIG;
		r = parse_if(p, elif);
		p->depth--;
		return r;
	}
	if (is_word(p, "else")) {
		r = next(p);
		if (!r)
			r = parse_body(p, &command->otherwise);
		if (r < 0)
			return r;
	}
	return take(p, "fi", "fi is missing");
}

static int parse_loop_body(struct parser *p, struct kx_grub_command *command)
{
	int r = take(p, "do", "do is missing");

	if (!r)
		r = parse_body(p, &command->body);
	return r < 0 ? r : take(p, "done", "done is missing");
}

static int parse_for(struct parser *p, struct kx_grub_command *command)
{
	unsigned delimiters = 0;
	int r = next(p);

	command->kind = KX_GRUB_FOR;
	if (!r)
		r = parse_name(p, command);
	if (!r)
		r = take(p, "in", "in is missing");
	if (!r)
		r = parse_words(p, &command->words);
	if (!r)
		r = skip_delimiters(p, &delimiters);
	if (!r && !delimiters)
		r = unexpected(p, "a newline or ; is missing");
	return r < 0 ? r : parse_loop_body(p, command);
}

static int parse_while(struct parser *p, struct kx_grub_command *command)
{
	int r;

	command->kind = is_word(p, "until") ? KX_GRUB_UNTIL : KX_GRUB_WHILE;
	r = next(p);
	if (!r)
		r = parse_body(p, &command->condition);
	return r < 0 ? r : parse_loop_body(p, command);
}

static int parse_compound(struct parser *p, struct kx_grub_command *command)
{
	if (is_word(p, "if"))
		return parse_if(p, command);
	if (is_word(p, "for"))
		return parse_for(p, command);
	if (is_word(p, "while") || is_word(p, "until"))
		return parse_while(p, command);
	if (is_word(p, "function"))
		/* Not inside of anything. */
		return p->depth > 1 ? unexpected(p, "a function inside something else")
				    : parse_function(p, command);
	return parse_simple(p, command);
}

static int parse_command(struct parser *p, struct kx_grub_command **ret)
{
	struct kx_grub_command *command;
	int r;

	if (p->token.type != KX_GRUB_WORD || is_misplaced(p))
		return unexpected(p, "a command is missing");
	command = kx_grub_alloc(p->lexer->arena, sizeof(*command));
	if (!command)
		return -ENOMEM;
	command->line = p->token.line;
	command->file = p->file;
	if (++p->depth > p->depth_max)
		return -E2BIG;
	r = parse_compound(p, command);
	p->depth--;
	*ret = command;
	return r;
}

/* What may follow a list inside of something, and so ends it. */
static bool ends_list(const struct parser *p)
{
	static const char *const ends[] = { "then", "else", "elif", "fi", "do", "done", NULL };

	return p->token.type == KX_GRUB_CLOSE || is_one_of(p, ends);
}

/* One command or more, inside of something. @ret_delimiters: whether the last was ended by one. */
static int parse_list(struct parser *p, struct kx_grub_command **ret, unsigned *ret_delimiters)
{
	unsigned delimiters = 0;
	int r = skip_newlines(p);

	if (r < 0)
		return r;
	do {
		r = parse_command(p, ret);
		if (!r)
			ret = &(*ret)->next;
		if (!r)
			r = skip_delimiters(p, &delimiters);
	} while (!r && delimiters && !ends_list(p));
	*ret_delimiters = delimiters;
	return r;
}

/* At the top a line's end ends it all, which is why this is no parse_list(). */
static int parse_top(struct parser *p, struct kx_grub_command **ret)
{
	int r = 0;

	while (!r && p->token.type != KX_GRUB_NEWLINE && p->token.type != KX_GRUB_END) {
		r = parse_command(p, ret);
		if (r < 0)
			return r;
		ret = &(*ret)->next;
		if (p->token.type == KX_GRUB_SEMICOLON)
			r = next(p);
		else if (p->token.type != KX_GRUB_NEWLINE && p->token.type != KX_GRUB_END)
			return unexpected(p, "a newline or ; is missing");
	}
	return r;
}

int kx_grub_parse_line(struct kx_grub_lexer *lexer, const char *file, unsigned depth,
		       struct kx_grub_command **ret, const char **why)
{
	struct parser p = { .lexer = lexer, .file = file, .depth_max = depth };
	struct kx_grub_command *first = NULL;
	int r = next(&p);

	if (r < 0)
		return r;
	if (p.token.type == KX_GRUB_END)
		return -ENODATA;
	r = parse_top(&p, &first);
	if (r == -EBADMSG) {
		*why = p.token.type == KX_GRUB_BAD   ? "a character that cannot stand here"
		       : p.token.type == KX_GRUB_END ? "the file ends too early"
						     : p.why;
		if (p.token.type != KX_GRUB_NEWLINE)
			kx_grub_lex_skip_line(lexer);
		return r;
	}
	if (r < 0)
		return r;
	*ret = first;
	return 0;
}
