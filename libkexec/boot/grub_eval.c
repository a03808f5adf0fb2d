// SPDX-License-Identifier: LGPL-2.1-or-later
/* Runs GRUB's commands: control flow, functions, files. */
#include "boot/grub_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* ---- how it can end ---------------------------------------------------------------------------- */

/* Control characters of a hostile file have no business on a terminal. */
static void make_printable(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

/* Of "(device)/path" the path in the tree: the device's name may be one that nobody knows but us. Cut to @size. */
static void show_name(const struct kx_grub *g, const char *name, char *ret, size_t size)
{
	const struct kx_boot_fs *fs = g->config->fs;
	const char *end = *name == '(' ? strchr(name, ')') : NULL;
	_cleanup_free_ char *path = NULL;
	char device[256];

	if (end && (size_t)(end - name) < sizeof(device)) {
		snprintf(device, sizeof(device), "%.*s", (int)(end - name - 1), name + 1);
		if (fs->locate(fs->ctx, device, end + 1, &path) < 0)
			path = NULL;
	}
	snprintf(ret, size, "%s", path ? path : name);
}

int kx_grub_end(struct kx_grub *g, int code, const char *format, ...)
{
	char file[400];
	va_list args;

	if (g->flow == KX_GRUB_FAILED)
		return g->failure;
	g->flow = KX_GRUB_FAILED;
	g->failure = -code;
	va_start(args, format);
	vsnprintf(g->err->text, sizeof(g->err->text), format, args);
	va_end(args);
	if (g->at) {
		show_name(g, g->at->file, file, sizeof(file));
		kx_error_prefix(g->err, "%s:%u", file, g->at->line);
	}
	make_printable(g->err->text);
	return -code;
}

int kx_grub_complain(struct kx_grub *g, int status, const char *format, ...)
{
	char text[512], note[1024], file[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	make_printable(text);
	if ((g->entry || g->boot.refused) && !g->boot.problem)
		g->boot.problem = kx_grub_copy(g, text, strlen(text));
	if (g->entry || g->out->note_count >= KX_GRUB_NOTES_MAX)
		return status;
	show_name(g, g->at ? g->at->file : g->config->path, file, sizeof(file));
	snprintf(note, sizeof(note), "%s:%u: %s", file, g->at ? g->at->line : 0, text);
	make_printable(note);
	if (kx_boot_strings_add(&g->out->notes, &g->out->note_count, note) < 0)
		kx_grub_end(g, ENOMEM, "cannot allocate memory for a note");
	return status;
}

void *kx_grub_get(struct kx_grub *g, size_t size)
{
	void *p = kx_grub_alloc(&g->arena, size);

	/* What an entry allocated is given back, but the time was spent. */
	g->steps_total += size / 128;
	if (!p)
		kx_grub_end(g, E2BIG, "evaluating this takes more than %d MiB of memory",
			    KX_GRUB_MEMORY_MAX >> 20);
	return p;
}

char *kx_grub_copy(struct kx_grub *g, const char *s, size_t size)
{
	char *copy = kx_grub_get(g, size + 1);

	if (copy && size)
		memcpy(copy, s, size);
	return copy;
}

char *kx_grub_print(struct kx_grub *g, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	int size;

	va_start(args, format);
	size = vasprintf(&text, format, args);
	va_end(args);
	if (size < 0) {
		text = NULL;
		kx_grub_end(g, ENOMEM, "cannot allocate memory for a string");
		return NULL;
	}
	return kx_grub_copy(g, text, (size_t)size);
}

bool kx_grub_step(struct kx_grub *g)
{
	unsigned max = g->steps_max;
	bool over;

	if (g->flow == KX_GRUB_FAILED)
		return false;
	over = ++g->steps > max;
	if (!over)
		max *= KX_GRUB_STEPS_TIMES;
	if (over || ++g->steps_total > max)
		kx_grub_end(g, E2BIG, "more than %u commands and turns of loops: does it ever end?",
			    max);
	return g->flow != KX_GRUB_FAILED;
}

/* ---- variables --------------------------------------------------------------------------------- */

const char *kx_grub_value(const struct kx_grub *g, const char *name)
{
	const char *value = kx_grub_env_value(g->env, name);

	return value ? value : "";
}

const char *kx_grub_device_of(struct kx_grub *g, const char *value)
{
	const char *end = *value == '(' ? strchr(value, ')') : NULL;

	return end ? kx_grub_copy(g, value + 1, (size_t)(end - value - 1)) : value;
}

void kx_grub_set(struct kx_grub *g, const char *name, const char *value)
{
	int r;

	if (value && !strcmp(name, "root"))
		value = kx_grub_device_of(g, value);
	r = kx_grub_env_set(&g->arena, g->env, name, value);
	if (r == -E2BIG)
		kx_grub_end(g, E2BIG, "more than %d variables", KX_GRUB_VARIABLES_MAX);
	else if (r < 0)
		kx_grub_get(g, KX_GRUB_MEMORY_MAX);
}

/* ---- files ------------------------------------------------------------------------------------- */

struct kx_grub_file kx_grub_file_of(struct kx_grub *g, const char *name)
{
	struct kx_grub_file file = { .device = kx_grub_value(g, "root"), .path = name };
	const char *end = *name == '(' ? strchr(name, ')') : NULL;

	if (end) {
		file.device = kx_grub_copy(g, name + 1, (size_t)(end - name - 1));
		file.path = end + 1;
		if (!file.device)
			return (struct kx_grub_file){ .device = "" };
	}
	if (*file.path != '/')
		file.path = kx_grub_print(g, "/%s", file.path);
	return file;
}

char *kx_grub_full_name(struct kx_grub *g, const char *name)
{
	struct kx_grub_file file = kx_grub_file_of(g, name);

	return file.path ? kx_grub_print(g, "(%s)%s", file.device, file.path) : NULL;
}

int kx_grub_read_file(struct kx_grub *g, const char *name, char **ret, size_t *ret_size)
{
	const struct kx_boot_fs *fs = g->config->fs;
	struct kx_grub_file file = kx_grub_file_of(g, name);
	char *text;
	size_t size;
	int r;

	if (!file.path)
		return g->failure;
	r = fs->read(fs->ctx, file.device, file.path, KX_GRUB_FILE_MAX, &text, &size);
	if (r == -EFBIG)
		return kx_grub_end(g, E2BIG, "%s: more than %d MiB", name, KX_GRUB_FILE_MAX >> 20);
	if (r < 0)
		return r;
	g->bytes_read += size;
	if (g->bytes_read > KX_GRUB_READ_MAX) {
		free(text);
		return kx_grub_end(g, E2BIG, "%s: with it, more than %d MiB have been read", name,
				   KX_GRUB_READ_MAX >> 20);
	}
	*ret = text;
	*ret_size = size;
	return 0;
}

/* ---- commands ---------------------------------------------------------------------------------- */

static const struct kx_grub_function *find_function(const struct kx_grub *g, const char *name)
{
	const struct kx_grub_function *f = g->functions;

	while (f && strcmp(f->name, name) != 0)
		f = f->next;
	return f;
}

static void define_function(struct kx_grub *g, const struct kx_grub_command *command)
{
	struct kx_grub_function *f = kx_grub_get(g, sizeof(*f));

	if (!f)
		return;
	*f = (struct kx_grub_function){ g->functions, command->name, command->body };
	g->functions = f;
	g->status = KX_GRUB_OK;
}

void kx_grub_call(struct kx_grub *g, const struct kx_grub_command *body, struct kx_grub_args args)
{
	struct kx_grub_args *before = g->args;
	unsigned loops = g->loops;

	g->args = &args;
	g->loops = 0; /* break does not reach the caller's loops */
	kx_grub_run(g, body);
	g->loops = loops;
	if (g->flow == KX_GRUB_RETURN)
		g->flow = KX_GRUB_GO_ON;
	g->args = before;
}

static int assign(struct kx_grub *g, const char *word)
{
	const char *equals = strchr(word, '=');
	char *name;

	if (*word >= '0' && *word <= '9')
		return kx_grub_complain(g, KX_GRUB_OK, "invalid variable name %.*s",
					(int)(equals - word), word);
	name = kx_grub_copy(g, word, (size_t)(equals - word));
	if (name)
		kx_grub_set(g, name, equals + 1);
	return KX_GRUB_OK;
}

/*
 * What a word at the beginning can be, in this order: a command of GRUB's, a function, an assignment. True if it is nothing:
 * GRUB complains, and then that counts as success, even after a !.
 */
static bool dispatch(struct kx_grub *g, const struct kx_grub_command *command,
		     struct kx_grub_args args)
{
	bool submenu = !strcmp(args.v[0], "submenu");
	kx_grub_command_fn *builtin;
	const struct kx_grub_function *function;
	struct kx_grub_args rest;

	if (submenu || !strcmp(args.v[0], "menuentry")) {
		g->status = kx_grub_add_menu_item(g, command, kx_grub_args_from(args, 1), submenu);
		return false;
	}
	if (command->block_text &&
	    !kx_grub_args_add(g, &args, (char *)(uintptr_t)command->block_text))
		return false;
	rest = kx_grub_args_from(args, 1);
	builtin = kx_grub_find_command(args.v[0]);
	function = builtin ? NULL : find_function(g, args.v[0]);
	if (builtin)
		g->status = builtin(g, rest);
	else if (function)
		kx_grub_call(g, function->body, rest);
	else if (strchr(args.v[0], '='))
		g->status = assign(g, args.v[0]);
	else
		return !kx_grub_complain(g, KX_GRUB_OK, "no such command: %s", args.v[0]);
	return false;
}

static void run_simple(struct kx_grub *g, const struct kx_grub_command *command)
{
	struct kx_grub_args args;
	bool invert, unknown = false;

	if (!kx_grub_expand(g, command->words, &args))
		return;
	if (!args.count) {
		g->status = KX_GRUB_OK;
		return;
	}
	invert = !strcmp(args.v[0], "!");
	if (invert && args.count == 1 && !command->block_text) {
		g->status = kx_grub_complain(g, KX_GRUB_BAD_ARGUMENT, "! without a command");
		return;
	}
	if (invert)
		args = kx_grub_args_from(args, 1);
	if (args.count)
		unknown = dispatch(g, command, args);
	if (unknown)
		g->status = KX_GRUB_OK;
	else if (invert)
		g->status = g->status ? KX_GRUB_OK : KX_GRUB_FALSE;
}

/* Is a loop to end after this turn? */
static bool leaves_loop(struct kx_grub *g)
{
	bool goes_on = g->flow == KX_GRUB_CONTINUE;

	if (g->flow != KX_GRUB_BREAK && g->flow != KX_GRUB_CONTINUE)
		return g->flow != KX_GRUB_GO_ON;
	if (--g->flow_count)
		return true;
	g->flow = KX_GRUB_GO_ON;
	return !goes_on;
}

static void run_for(struct kx_grub *g, const struct kx_grub_command *command)
{
	struct kx_grub_args args;

	if (!kx_grub_expand(g, command->words, &args))
		return;
	g->loops++;
	g->status = KX_GRUB_OK;
	for (int i = 0; i < args.count && kx_grub_step(g); i++) {
		kx_grub_set(g, command->name, args.v[i]);
		kx_grub_run(g, command->body);
		if (leaves_loop(g))
			break;
	}
	g->loops--;
}

static void run_while(struct kx_grub *g, const struct kx_grub_command *command)
{
	bool until = command->kind == KX_GRUB_UNTIL;

	g->loops++;
	while (kx_grub_step(g)) {
		kx_grub_run(g, command->condition);
		if (g->flow != KX_GRUB_GO_ON ? leaves_loop(g) : (g->status == KX_GRUB_OK) == until)
			break;
		kx_grub_run(g, command->body);
		if (leaves_loop(g))
			break;
	}
	g->loops--;
}

static void run_if(struct kx_grub *g, const struct kx_grub_command *command)
{
	kx_grub_run(g, command->condition);
	if (g->flow != KX_GRUB_GO_ON)
		return;
	if (g->status == KX_GRUB_OK)
		kx_grub_run(g, command->body);
	else if (command->otherwise)
		kx_grub_run(g, command->otherwise);
	else
		g->status = KX_GRUB_OK;
}

static void run_command(struct kx_grub *g, const struct kx_grub_command *command)
{
	switch (command->kind) {
	case KX_GRUB_SIMPLE:
		run_simple(g, command);
		break;
	case KX_GRUB_IF:
		run_if(g, command);
		break;
	case KX_GRUB_FOR:
		run_for(g, command);
		break;
	case KX_GRUB_WHILE:
	case KX_GRUB_UNTIL:
		run_while(g, command);
		break;
	case KX_GRUB_FUNCTION:
		define_function(g, command);
		break;
	}
}

static bool go_deeper(struct kx_grub *g)
{
	if (g->depth < KX_GRUB_DEPTH_MAX) {
		g->depth++;
		return true;
	}
	kx_grub_end(
		g, E2BIG,
		"more than %d commands, functions and files inside one another: does it include "
		"itself?",
		KX_GRUB_DEPTH_MAX);
	return false;
}

/*
 * A return ends the function, but not at once the file or text that the function reads: of each of its further lines the
 * first command still runs, and a function called there takes the return for its own.
 */
static bool goes_on(const struct kx_grub *g)
{
	return g->flow == KX_GRUB_GO_ON || g->flow == KX_GRUB_RETURN;
}

void kx_grub_run(struct kx_grub *g, const struct kx_grub_command *list)
{
	const struct kx_grub_command *before = g->at;

	if (!go_deeper(g))
		return;
	for (; list && goes_on(g); list = list->next) {
		g->at = list;
		if (kx_grub_step(g))
			run_command(g, list);
		if (g->flow == KX_GRUB_RETURN)
			break;
	}
	g->depth--;
	if (g->flow != KX_GRUB_FAILED)
		g->at = before;
}

/* A syntax error's place is that of the line. */
static void complain_of_syntax(struct kx_grub *g, const char *file, unsigned line, const char *why)
{
	const struct kx_grub_command *before = g->at;
	struct kx_grub_command here = { .file = file, .line = line };

	g->at = &here;
	kx_grub_complain(g, KX_GRUB_OK, "syntax error: %s", why);
	g->at = before;
}

void kx_grub_run_text(struct kx_grub *g, const char *file, const char *text, size_t size)
{
	struct kx_grub_lexer lexer = { &g->arena, text, size, 0, 1 };
	struct kx_grub_command *list;
	const char *why;
	int r;

	if (!go_deeper(g))
		return;
	while (goes_on(g)) {
		r = kx_grub_parse_line(&lexer, file, KX_GRUB_DEPTH_MAX, &list, &why);
		if (r == -ENODATA)
			break;
		if (r == -EBADMSG)
			complain_of_syntax(g, file, lexer.line, why);
		else if (r < 0)
			kx_grub_end(g, E2BIG, "%s:%u: too large or too deep to be read", file,
				    lexer.line);
		else if (list)
			kx_grub_run(g, list);
		if (!kx_grub_step(g))
			break;
	}
	g->depth--;
}
