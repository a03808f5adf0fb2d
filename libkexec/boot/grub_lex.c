// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * GRUB's words, as its manual's section "Shell-like scripting" has them: what is quoted, what is a variable, where a word
 * ends.
 */
#include "boot/grub_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where AddressSanitizer looks on: bytes behind each allocation that are nobody's, so that it sees where that ends. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define GAP 16
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define GAP 16
#endif
#ifdef GAP
#include <sanitizer/asan_interface.h>
#else
#define GAP 0
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#define BLOCK_SIZE 8192

static struct kx_grub_block *add_block(struct kx_grub_arena *arena, size_t size)
{
	size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	struct kx_grub_block *block;

	if (room > KX_GRUB_MEMORY_MAX - arena->total)
		return NULL;
	block = calloc(1, sizeof(*block) + room);
	if (!block)
		return NULL;
	ASAN_POISON_MEMORY_REGION(block->bytes, room);
	block->size = room;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->total += room;
	return block;
}

void *kx_grub_alloc(struct kx_grub_arena *arena, size_t size)
{
	struct kx_grub_block *block = arena->blocks;
	size_t room;
	char *bytes;

	if (size > KX_GRUB_MEMORY_MAX)
		return NULL;
	room = ((size + 15) & ~(size_t)15) + GAP;
	if (!block || block->size - block->used < room)
		block = add_block(arena, room);
	if (!block)
		return NULL;
	bytes = block->bytes + block->used;
	block->used += room;
	ASAN_UNPOISON_MEMORY_REGION(bytes, size);
	return bytes;
}

void kx_grub_arena_clear(struct kx_grub_arena *arena)
{
	struct kx_grub_block *next;

	for (struct kx_grub_block *block = arena->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	*arena = (struct kx_grub_arena){ 0 };
}

struct kx_grub_mark kx_grub_arena_mark(const struct kx_grub_arena *arena)
{
	return (struct kx_grub_mark){ arena->blocks, arena->blocks ? arena->blocks->used : 0 };
}

void kx_grub_arena_release(struct kx_grub_arena *arena, struct kx_grub_mark mark)
{
	struct kx_grub_block *block;

	while (arena->blocks != mark.block) {
		block = arena->blocks;
		arena->blocks = block->next;
		arena->total -= block->size;
		free(block);
	}
	block = arena->blocks;
	if (!block)
		return;
	ASAN_UNPOISON_MEMORY_REGION(block->bytes + mark.used, block->used - mark.used);
	memset(block->bytes + mark.used, 0, block->used - mark.used);
	ASAN_POISON_MEMORY_REGION(block->bytes + mark.used, block->used - mark.used);
	/* Where AddressSanitizer looks on, nothing else comes there, so that it sees what is used afterwards. */
	block->used = GAP ? block->size : mark.used;
}

/* A byte of the text; -1 at its end. */
static int peek(const struct kx_grub_lexer *lexer, size_t ahead)
{
	return ahead < lexer->size - lexer->at ? (unsigned char)lexer->text[lexer->at + ahead] : -1;
}

static void advance(struct kx_grub_lexer *lexer, size_t count)
{
	for (; count; count--)
		lexer->line += lexer->text[lexer->at++] == '\n';
}

void kx_grub_lex_skip_line(struct kx_grub_lexer *lexer)
{
	while (lexer->at < lexer->size) {
		advance(lexer, 1);
		if (lexer->text[lexer->at - 1] == '\n')
			return;
	}
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* What ends a word. */
static bool is_meta(int c)
{
	return c <= 0 || is_blank(c) || strchr("\n{}|&;<>", c);
}

static bool is_name_start(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* The word that is being read. */
struct builder {
	struct kx_grub_word *word;
	struct kx_grub_part **end;
	char *text; /* of the part that is being read */
	size_t used, room;
	bool bad;
};

static int add_part(struct kx_grub_lexer *lexer, struct builder *b, const char *text, bool variable,
		    bool quoted)
{
	struct kx_grub_part *part = kx_grub_alloc(lexer->arena, sizeof(*part));

	if (!part)
		return -ENOMEM;
	*part = (struct kx_grub_part){ .text = text, .variable = variable, .quoted = quoted };
	*b->end = part;
	b->end = &part->next;
	return 0;
}

static int add_char(struct kx_grub_lexer *lexer, struct builder *b, char c)
{
	char *larger;

	if (b->used + 1 >= b->room) {
		if (b->used > KX_GRUB_VALUE_MAX)
			return -E2BIG;
		larger = kx_grub_alloc(lexer->arena, b->room ? 2 * b->room : 32);
		if (!larger)
			return -ENOMEM;
		if (b->used)
			memcpy(larger, b->text, b->used);
		b->room = b->room ? 2 * b->room : 32;
		b->text = larger;
	}
	b->text[b->used++] = c;
	return 0;
}

/* The text read so far becomes a part; an empty one only where quotes say that there is a word. */
static int end_text(struct kx_grub_lexer *lexer, struct builder *b, bool quoted, bool even_empty)
{
	int r;

	if (!b->used && !even_empty)
		return 0;
	r = b->text ? add_part(lexer, b, b->text, false, quoted)
		    : add_part(lexer, b, "", false, quoted);
	/* The arena's bytes are zero: the text ends where it was left. */
	b->text = NULL;
	b->used = 0;
	b->room = 0;
	return r;
}

/* The length of a variable's name at @ahead: a name, a number, or one of @ * # ? */
static size_t name_length(const struct kx_grub_lexer *lexer, size_t ahead)
{
	size_t n = 0;
	int c = peek(lexer, ahead);

	if (c > 0 && strchr("@*#?", c))
		return 1;
	if (is_digit(c)) {
		while (is_digit(peek(lexer, ahead + n)))
			n++;
		return n;
	}
	if (!is_name_start(c))
		return 0;
	while (is_name_start(peek(lexer, ahead + n)) || is_digit(peek(lexer, ahead + n)))
		n++;
	return n;
}

/* $name or ${name}. Errors: -EBADMSG, and then nothing has been read. */
static int lex_variable(struct kx_grub_lexer *lexer, struct builder *b, bool quoted)
{
	bool braces = peek(lexer, 1) == '{';
	size_t start = braces ? 2 : 1;
	size_t n = name_length(lexer, start);
	char *name;

	if (!n || (braces && peek(lexer, start + n) != '}'))
		return -EBADMSG;
	name = kx_grub_alloc(lexer->arena, n + 1);
	if (!name)
		return -ENOMEM;
	memcpy(name, lexer->text + lexer->at + start, n);
	advance(lexer, start + n + braces);
	return add_part(lexer, b, name, true, quoted);
}

static int lex_single_quotes(struct kx_grub_lexer *lexer, struct builder *b)
{
	int r;

	for (advance(lexer, 1); peek(lexer, 0) != '\''; advance(lexer, 1)) {
		if (peek(lexer, 0) <= 0)
			return -EBADMSG;
		r = add_char(lexer, b, lexer->text[lexer->at]);
		if (r < 0)
			return r;
	}
	advance(lexer, 1);
	return end_text(lexer, b, true, true);
}

/* In double quotes only these lose their backslash. */
static int lex_quoted_escape(struct kx_grub_lexer *lexer, struct builder *b)
{
	int next = peek(lexer, 1);

	if (next == '\n') {
		advance(lexer, 2);
		return 0;
	}
	if (next == '"' || next == '$' || next == '\\')
		advance(lexer, 1);
	next = peek(lexer, 0);
	advance(lexer, 1);
	return add_char(lexer, b, (char)next);
}

/* One character or variable inside double quotes. */
static int lex_in_double_quotes(struct kx_grub_lexer *lexer, struct builder *b)
{
	int c = peek(lexer, 0);
	int r;

	if (c == '\\')
		return lex_quoted_escape(lexer, b);
	if (c == '$') {
		r = end_text(lexer, b, true, false);
		return r < 0 ? r : lex_variable(lexer, b, true);
	}
	advance(lexer, 1);
	return add_char(lexer, b, (char)c);
}

/* An error inside the quotes is one of the whole word: what follows is looked for behind its end. */
static int lex_double_quotes(struct kx_grub_lexer *lexer, struct builder *b)
{
	int r;

	for (advance(lexer, 1); peek(lexer, 0) != '"';) {
		if (peek(lexer, 0) <= 0)
			return -EBADMSG;
		r = lex_in_double_quotes(lexer, b);
		if (r == -EBADMSG) {
			b->bad = true;
			advance(lexer, 1);
		} else if (r < 0) {
			return r;
		}
	}
	advance(lexer, 1);
	return end_text(lexer, b, true, true);
}

/* A backslash outside of quotes: the next character as it is, and nothing at all for a line's end. */
static int lex_escape(struct kx_grub_lexer *lexer, struct builder *b)
{
	int next = peek(lexer, 1);
	int r;

	if (next <= 0 || (next == '\n' && peek(lexer, 2) < 0))
		return -EBADMSG;
	if (next == '\n') {
		advance(lexer, 2);
		return 0;
	}
	r = end_text(lexer, b, false, false);
	if (r < 0)
		return r;
	advance(lexer, 1);
	r = add_char(lexer, b, lexer->text[lexer->at]);
	if (r < 0)
		return r;
	advance(lexer, 1);
	return end_text(lexer, b, true, true);
}

static int lex_piece(struct kx_grub_lexer *lexer, struct builder *b)
{
	int c = peek(lexer, 0);
	int r;

	if (c == '\\')
		return lex_escape(lexer, b);
	if (c == '\'' || c == '"' || c == '$') {
		r = end_text(lexer, b, false, false);
		if (r < 0)
			return r;
		return c == '$'   ? lex_variable(lexer, b, false)
		       : c == '"' ? lex_double_quotes(lexer, b)
				  : lex_single_quotes(lexer, b);
	}
	r = add_char(lexer, b, (char)c);
	advance(lexer, 1);
	return r;
}

static int lex_word(struct kx_grub_lexer *lexer, struct kx_grub_token *token)
{
	struct builder b = { 0 };
	const struct kx_grub_part *first;
	int r = 0;

	b.word = kx_grub_alloc(lexer->arena, sizeof(*b.word));
	if (!b.word)
		return -ENOMEM;
	b.end = &b.word->parts;
	while (!r && !is_meta(peek(lexer, 0)))
		r = lex_piece(lexer, &b);
	if (!r)
		r = end_text(lexer, &b, false, false);
	if (r == -EBADMSG || (!r && b.bad)) {
		token->type = KX_GRUB_BAD;
		return 0;
	}
	first = b.word->parts;
	token->word = b.word;
	token->type = KX_GRUB_WORD;
	if (first && !first->next && !first->variable && !first->quoted)
		token->plain = first->text;
	return r;
}

/* A line's end that does not count. One with nothing behind it is no continuation but an error. */
static bool is_continued(const struct kx_grub_lexer *lexer)
{
	return peek(lexer, 0) == '\\' && peek(lexer, 1) == '\n' && peek(lexer, 2) >= 0;
}

/* Blanks, continued lines and comments. */
static void skip_blanks(struct kx_grub_lexer *lexer)
{
	for (;;) {
		if (is_blank(peek(lexer, 0))) {
			advance(lexer, 1);
		} else if (is_continued(lexer)) {
			advance(lexer, 2);
		} else {
			break;
		}
	}
	if (peek(lexer, 0) == '#')
		while (peek(lexer, 0) >= 0 && peek(lexer, 0) != '\n')
			advance(lexer, 1);
}

static enum kx_grub_token_type type_of(int c)
{
	switch (c) {
	case -1:
		return KX_GRUB_END;
	case '\n':
		return KX_GRUB_NEWLINE;
	case ';':
		return KX_GRUB_SEMICOLON;
	case '{':
		return KX_GRUB_OPEN;
	case '}':
		return KX_GRUB_CLOSE;
	default:
		return is_meta(c) ? KX_GRUB_BAD : KX_GRUB_WORD;
	}
}

int kx_grub_lex(struct kx_grub_lexer *lexer, struct kx_grub_token *ret)
{
	struct kx_grub_token token = { 0 };
	int r = 0;

	skip_blanks(lexer);
	token.start = lexer->at;
	token.line = lexer->line;
	token.type = type_of(peek(lexer, 0));
	if (token.type == KX_GRUB_WORD)
		r = lex_word(lexer, &token);
	else if (token.type != KX_GRUB_END)
		advance(lexer, 1);
	if (r < 0)
		return r;
	token.end = lexer->at;
	*ret = token;
	return 0;
}
