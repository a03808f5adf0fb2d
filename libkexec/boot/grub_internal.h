/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of GRUB's evaluator share; nobody else includes this. */
#ifndef KX_BOOT_GRUB_INTERNAL_H
#define KX_BOOT_GRUB_INTERNAL_H

#include "boot/grub.h"

/* ---- memory: of an entry's body until that has been run, else until the end; all of it is capped - */

struct kx_grub_block {
	struct kx_grub_block *next;
	size_t used, size;
	char bytes[];
};

struct kx_grub_arena {
	struct kx_grub_block *blocks;
	size_t total;
};

/* NULL when there is no memory or KX_GRUB_MEMORY_MAX is reached; zeroed. */
void *kx_grub_alloc(struct kx_grub_arena *arena, size_t size);
void kx_grub_arena_clear(struct kx_grub_arena *arena);

/* All that was allocated after a mark can be given back at once. */
struct kx_grub_mark {
	struct kx_grub_block *block;
	size_t used;
};
struct kx_grub_mark kx_grub_arena_mark(const struct kx_grub_arena *arena);
void kx_grub_arena_release(struct kx_grub_arena *arena, struct kx_grub_mark mark);

/* ---- words and commands ------------------------------------------------------------------------ */

/**
 * struct kx_grub_part - a piece of a word
 * @text: the text, or the variable's name
 * @quoted: it is not split, nor a pattern
 */
struct kx_grub_part {
	struct kx_grub_part *next;
	const char *text;
	bool variable;
	bool quoted;
};

struct kx_grub_word {
	struct kx_grub_word *next;
	struct kx_grub_part *parts;
};

enum kx_grub_kind {
	KX_GRUB_SIMPLE, /* words, perhaps a block */
	KX_GRUB_IF,     /* condition, body, otherwise */
	KX_GRUB_FOR,    /* name, words, body */
	KX_GRUB_WHILE,  /* condition, body */
	KX_GRUB_UNTIL,
	KX_GRUB_FUNCTION, /* name, body */
};

/**
 * struct kx_grub_command - one command of a list
 * @block: what stands in { } behind the words, @block_text with the braces
 */
struct kx_grub_command {
	struct kx_grub_command *next;
	enum kx_grub_kind kind;
	unsigned line;
	const char *file;
	const char *name;
	struct kx_grub_word *words;
	struct kx_grub_command *condition;
	struct kx_grub_command *body;
	struct kx_grub_command *otherwise;
	struct kx_grub_command *block;
	const char *block_text;
};

enum kx_grub_token_type {
	KX_GRUB_END,
	KX_GRUB_NEWLINE,
	KX_GRUB_SEMICOLON,
	KX_GRUB_OPEN,
	KX_GRUB_CLOSE,
	KX_GRUB_WORD,
	KX_GRUB_BAD,
};

struct kx_grub_token {
	enum kx_grub_token_type type;
	struct kx_grub_word *word;
	const char *
		plain; /* the word, when nothing in it is quoted or expanded: then it may be a reserved one */
	size_t start, end;
	unsigned line;
};

/**
 * struct kx_grub_lexer - where in a text we are
 * @line: of @at, from 1
 */
struct kx_grub_lexer {
	struct kx_grub_arena *arena;
	const char *text;
	size_t size;
	size_t at;
	unsigned line;
};

/* Errors: -ENOMEM. What cannot be is a token KX_GRUB_BAD. */
int kx_grub_lex(struct kx_grub_lexer *lexer, struct kx_grub_token *ret);
/* To the beginning of the next line. */
void kx_grub_lex_skip_line(struct kx_grub_lexer *lexer);

/**
 * kx_grub_parse_line() - the commands of one line, and of those that they go on to
 * @depth: how deep they may be inside one another
 * @ret: NULL for an empty line
 * @why: static; set for -EBADMSG
 *
 * GRUB runs a line as soon as it is whole, and after a syntax error goes on at the next.
 *
 * Errors: -ENODATA at the end of the text; -EBADMSG for a syntax error, and the line is skipped; -ENOMEM; -E2BIG too deep.
 */
int kx_grub_parse_line(struct kx_grub_lexer *lexer, const char *file, unsigned depth,
		       struct kx_grub_command **ret, const char **why);

/* ---- variables --------------------------------------------------------------------------------- */

#define KX_GRUB_BUCKETS 64

struct kx_grub_variable {
	struct kx_grub_variable *next;
	const char *name;
	const char *value; /* NULL: exported or removed, and has none */
	bool exported;
};

struct kx_grub_env {
	struct kx_grub_variable *buckets[KX_GRUB_BUCKETS];
	size_t count;
};

const char *kx_grub_env_value(const struct kx_grub_env *env, const char *name); /* NULL: not set */
/* Both strings are kept as they are. @value NULL takes it away. Errors: -ENOMEM, -E2BIG. */
int kx_grub_env_set(struct kx_grub_arena *arena, struct kx_grub_env *env, const char *name,
		    const char *value);
int kx_grub_env_export(struct kx_grub_arena *arena, struct kx_grub_env *env, const char *name);
int kx_grub_env_copy(struct kx_grub_arena *arena, const struct kx_grub_env *from,
		     bool only_exported, struct kx_grub_env *ret);

/* ---- evaluation -------------------------------------------------------------------------------- */

/* GRUB's error numbers, as they show in $?. */
enum kx_grub_status {
	KX_GRUB_OK = 0,
	KX_GRUB_FALSE = 1,
	KX_GRUB_NOT_FOUND = 5,
	KX_GRUB_BAD_FILENAME = 7,
	KX_GRUB_BAD_NUMBER = 10,
	KX_GRUB_NO_DEVICE = 12,
	KX_GRUB_INVALID = 17,
	KX_GRUB_BAD_ARGUMENT = 18,
	KX_GRUB_UNSUPPORTED = 24,
};

/**
 * struct kx_grub_args - arguments of a command
 * @room: of @v, for what is added; 0 for a part of others' arguments, which is copied before anything is added
 */
struct kx_grub_args {
	char **v;
	int count, room;
};

struct kx_grub_function {
	struct kx_grub_function *next;
	const char *name;
	const struct kx_grub_command *body;
};

/* A menu while it is being filled. */
struct kx_grub_item {
	struct kx_grub_item *next;
	const char *id;
	const char *title;
	const char *class;
	const char *users;
	const struct kx_grub_command *command; /* its block is what it does */
	struct kx_grub_args args;
	bool submenu;
	bool hidden;  /* not in GRUB's menu, which says nothing of it */
	unsigned out; /* its first entry's place in the result */
	struct kx_boot_entry
		*bls; /* or it came from blscfg or uki: owned, @script is what GRUB makes of it */
	const char *script;
	const char *device; /* a unified kernel image, and on which device */
};

struct kx_grub_menu {
	struct kx_grub_item *first, **end;
	size_t count;
};

/* What the commands linux, initrd and so on have been told; strings in the arena. */
struct kx_grub_file {
	const char *device;
	const char *path;
	const char *args;
};

#define KX_GRUB_FILES_MAX 64

struct kx_grub_boot {
	enum kx_boot_type type;
	struct kx_grub_file kernel;
	struct kx_grub_file devicetree;
	struct kx_grub_file files[KX_GRUB_FILES_MAX]; /* initrds or modules */
	size_t file_count;
	bool refused; /* @problem is of a command that loads: it counts whatever else was loaded */
	const char *problem;
};

/* Why commands are not run any more. */
enum kx_grub_flow {
	KX_GRUB_GO_ON,
	KX_GRUB_BREAK,
	KX_GRUB_CONTINUE,
	KX_GRUB_RETURN,
	KX_GRUB_STOP, /* exit, boot, or a menu was reached by configfile: nothing more runs at all */
	KX_GRUB_FAILED, /* a limit, or no memory: @failure */
};

/**
 * struct kx_grub_modules - modules that change what other commands do
 * @regexp: file name patterns are expanded
 * @blscfg: Fedora's, which nobody else has
 * @blsuki: GRUB's own, from 2.14 on. Where Fedora's GRUB has both, blscfg is that of the other module, so they are not set together,
 *	    but for options that only blsuki has
 */
struct kx_grub_modules {
	bool regexp, blscfg, blsuki;
};

/**
 * struct kx_grub - an evaluation
 * @args: positional arguments; NULL outside of functions and entries
 * @entry: the entry whose body runs; NULL while the menu is made
 * @doubt: why @entry cannot be what GRUB makes of it, whatever it loads
 * @modules: that are there
 */
struct kx_grub {
	const struct kx_grub_config *config;
	struct kx_boot_entries *out;
	struct kx_grub_arena arena;
	struct kx_grub_env *env;
	struct kx_grub_menu *menu;
	struct kx_grub_function *functions;
	struct kx_grub_args *args;
	struct kx_grub_boot boot;
	struct kx_boot_entry *entry;
	const char *doubt;
	const struct kx_grub_command *at;
	enum kx_grub_flow flow;
	unsigned flow_count; /* loops to leave */
	unsigned loops;
	unsigned depth;
	unsigned steps, steps_max;
	uint64_t steps_total;
	size_t bytes_read;
	int status;
	int failure;
	struct kx_grub_modules modules;
	bool booted; /* by the command boot, outside of any entry */
	struct kx_error *err;
};

/* Ends the evaluation with -@code and a message that begins with file and line. Return: -@code. */
int kx_grub_end(struct kx_grub *g, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A complaint of GRUB's, which goes on. Return: @status. */
int kx_grub_complain(struct kx_grub *g, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Memory of the evaluation; NULL when it ended for want of it. */
void *kx_grub_get(struct kx_grub *g, size_t size);
char *kx_grub_copy(struct kx_grub *g, const char *s, size_t size);
char *kx_grub_print(struct kx_grub *g, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *kx_grub_value(const struct kx_grub *g, const char *name); /* "" if not set */
void kx_grub_set(struct kx_grub *g, const char *name, const char *value);

/* One step; false when the evaluation has ended. */
bool kx_grub_step(struct kx_grub *g);
/* Both leave the status in g->status. */
void kx_grub_run(struct kx_grub *g, const struct kx_grub_command *list);
void kx_grub_run_text(struct kx_grub *g, const char *file, const char *text, size_t size);
void kx_grub_call(struct kx_grub *g, const struct kx_grub_command *body, struct kx_grub_args args);
/* The words of a command, or of a for. False when the evaluation has ended. */
bool kx_grub_expand(struct kx_grub *g, const struct kx_grub_word *words, struct kx_grub_args *ret);
/* Appends the files that a pattern names; none if there are none. False when the evaluation has ended. */
bool kx_grub_glob(struct kx_grub *g, const char *pattern, struct kx_grub_args *args);
bool kx_grub_args_add(struct kx_grub *g, struct kx_grub_args *args, char *word);
/* Those behind the first @n, which has to be at most their count. */
struct kx_grub_args kx_grub_args_from(struct kx_grub_args args, int n);

/* A device, in parentheses or without; NULL when the evaluation has ended. */
const char *kx_grub_device_of(struct kx_grub *g, const char *value);
/* "(device)/path", or a path on $root. */
struct kx_grub_file kx_grub_file_of(struct kx_grub *g, const char *name);
/* A file for a command. Errors: those of struct kx_boot_fs; and the evaluation may have ended. */
int kx_grub_read_file(struct kx_grub *g, const char *name, char **ret, size_t *ret_size);
/* With the device in front: "(hd0,gpt2)/boot/grub/grub.cfg". NULL when the evaluation has ended. */
char *kx_grub_full_name(struct kx_grub *g, const char *name);
/* Does grub.cfg @name in the environment given, and puts its menu in g->menu. */
void kx_grub_configfile(struct kx_grub *g, const char *name);
void kx_grub_set_config(struct kx_grub *g, const char *name);
int kx_grub_test(struct kx_grub *g, char **args, int count);
/* The value of a number as GRUB reads it, and what is behind it; 0 and a complaint when there is none. */
int64_t kx_grub_number(struct kx_grub *g, const char *s, const char **end);

typedef int kx_grub_command_fn(struct kx_grub *g, struct kx_grub_args args);

/* NULL: no such command. */
kx_grub_command_fn *kx_grub_find_command(const char *name);
/* The commands that load; the last has no name. */
struct kx_grub_builtin {
	const char *name;
	kx_grub_command_fn *run;
};
extern const struct kx_grub_builtin kx_grub_loaders[];
int kx_grub_blscfg(struct kx_grub *g, struct kx_grub_args args);
int kx_grub_uki(struct kx_grub *g, struct kx_grub_args args);
/* A new last item of g->menu; NULL when the evaluation has ended. */
struct kx_grub_item *kx_grub_new_item(struct kx_grub *g);
/* To g->menu. Return: a status. */
int kx_grub_add_menu_item(struct kx_grub *g, const struct kx_grub_command *command,
			  struct kx_grub_args args, bool submenu);

#endif
