// SPDX-License-Identifier: GPL-2.0-or-later
/* kexec menu: a chooser on the whole screen, or line by line where there is none. */
#include "tool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "menu.h"
#include "terminal.h"
#include "util.h"

#define TIMEOUT_MAX 86400UL
/* What follows the escape of one key comes sooner, by a slow line or over a network. */
#define ESCAPE_WAIT_MS 1000

static const char help[] = "Up, Down, k, j    choose an entry\n"
			   "PgUp, PgDn, Home, End\n"
			   "Enter             load it, shut down cleanly, and start it\n"
			   "e                 edit its command line\n"
			   "p                 show what would be loaded where, and why\n"
			   "l                 load it, to be started later\n"
			   "?                 this help\n"
			   "q, Esc            leave\n"
			   "\n"
			   "The entry with the asterisk is what a normal reboot would start.\n"
			   "Any key stops the countdown. Ctrl-L draws the screen again.\n"
			   "\n"
			   "While a command line is edited: Left, Right, Home, End, Backspace,\n"
			   "Delete; Ctrl-U and Ctrl-K delete what is before and after the cursor;\n"
			   "Enter accepts, Esc leaves it as it was.\n";

/**
 * struct ui - a menu and the terminal it is on
 * @until: when the default is started, by CLOCK_MONOTONIC
 * @keys, @key_count: read and not yet understood
 */
struct ui {
	const struct kx_tool *tool;
	const struct kx_args *args;
	struct kx_menu menu;
	struct kx_terminal terminal;
	bool reverse;
	time_t until;
	char keys[64];
	size_t key_count;
};

/* With another last row, if there is one. */
static void draw(struct ui *ui, const char *last)
{
	struct kx_menu *menu = &ui->menu;
	struct kx_frame frame;

	kx_menu_resize(menu, ui->terminal.rows, ui->terminal.columns);
	if (kx_frame_init(menu->rows, menu->columns, &frame) < 0)
		return;
	kx_menu_draw(menu, ui->reverse, &frame);
	if (last)
		kx_frame_put(&frame, menu->rows - 1, last, 0, false);
	kx_terminal_show(&ui->terminal, &frame);
}

/* ---- countdown ------------------------------------------------------------------------------- */

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void begin_countdown(struct ui *ui)
{
	ui->until = now() + ui->menu.seconds;
}

/* How long to wait for the next thing to happen, in ms; sets what is left. */
static int count_down(struct ui *ui)
{
	time_t left = ui->until - now();

	if (ui->menu.seconds < 0)
		return -1;
	ui->menu.seconds = left > 0 ? left : 0;
	return ui->menu.seconds ? 250 : 0;
}

/* ---- what is done ---------------------------------------------------------------------------- */

typedef int verb_fn(const struct kx_tool *tool, const struct kx_args *args);

/* A verb on the entry that is selected, with its command line. */
static int run_verb(const struct ui *ui, verb_fn *verb)
{
	const struct kx_menu *menu = &ui->menu;
	struct kx_pick pick = { menu->selected, menu->entries->v[menu->selected].id,
				menu->edited[menu->selected] };
	struct kx_args args = *ui->args;

	args.pick = &pick;
	return verb(ui->tool, &args);
}

/* All that was written to it. */
static char *contents_of(int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char *text = end < 0 ? NULL : calloc((size_t)end + 1, 1);

	if (text && pread(fd, text, (size_t)end, 0) < 0)
		text[0] = '\0';
	return text;
}

static void run_child(const struct ui *ui, verb_fn *verb, int fd)
{
	char columns[24];
	int status;

	kx_terminal_forget(&ui->terminal);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	snprintf(columns, sizeof(columns), "%zu", kx_terminal_width(ui->terminal.columns));
	setenv("COLUMNS", columns, 1);
	status = run_verb(ui, verb);
	fflush(stdout);
	_exit(status);
}

/*
 * The same in a process of its own, with what it says in @ret_text, allocated: whatever comes over it, such as a file that
 * is cut while it is read, the terminal is still ours to give back. -1 when there is no such process.
 */
static int run_aside(struct ui *ui, verb_fn *verb, char **ret_text)
{
	_cleanup_(kx_closep) int fd = memfd_create("kexec menu", MFD_CLOEXEC);
	pid_t child = fd < 0 ? -1 : fork();
	int status;

	if (child == 0)
		run_child(ui, verb, fd);
	/* Not before: who sees that, and interrupts it, means the child. */
	draw(ui, "...");
	if (child < 0 || TEMP_FAILURE_RETRY(waitpid(child, &status, 0)) != child)
		return -1;
	if (WIFSIGNALED(status))
		dprintf(fd, "kexec: ended by signal %d\n", WTERMSIG(status));
	*ret_text = contents_of(fd);
	return *ret_text && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Lines that are too long go on in the next; allocated, NULL when there is no memory for it. */
static char *fold(const char *text, size_t columns)
{
	size_t column = 0, size = 0;
	char *ret = calloc(2 * strlen(text) + 1, 1);

	for (; ret && *text; text++) {
		bool begins = ((unsigned char)*text & 0xc0) != 0x80; /* a character, in UTF-8 */

		if (*text != '\n' && begins && column == columns) {
			ret[size++] = '\n';
			column = 0;
		}
		ret[size++] = *text;
		column = *text == '\n' ? 0 : column + begins;
	}
	return ret;
}

static verb_fn *verb_of(enum kx_menu_act act)
{
	switch (act) {
	case KX_MENU_BOOT:
		return kx_cmd_reboot;
	case KX_MENU_LOAD:
		return kx_cmd_load;
	case KX_MENU_PLAN:
		return kx_cmd_plan;
	default:
		return NULL;
	}
}

static bool done(enum kx_menu_act act, int status)
{
	return act != KX_MENU_PLAN && (status == KX_EXIT_YES || status == KX_EXIT_WARNINGS);
}

/* Exit status when the menu ends, else -1. */
static int act_on_screen(struct ui *ui, enum kx_menu_act act)
{
	_cleanup_free_ char *text = NULL;
	char *folded;
	int status = -1;

	if (act == KX_MENU_QUIT)
		return KX_EXIT_NO;
	if (act == KX_MENU_REDRAW)
		kx_terminal_redraw(&ui->terminal);
	if (act == KX_MENU_HELP)
		text = strdup(help);
	if (verb_of(act))
		status = run_aside(ui, verb_of(act), &text);
	if (done(act, status)) {
		kx_terminal_give_back(&ui->terminal);
		fputs(text, stderr);
		return status;
	}
	if (act == KX_MENU_NOTHING || act == KX_MENU_REDRAW)
		return -1;
	folded = fold(text ? text : "kexec: out of memory\n",
		      kx_terminal_width(ui->terminal.columns));
	if (folded)
		kx_menu_show(&ui->menu, folded);
	return -1;
}

/* ---- on a screen ----------------------------------------------------------------------------- */

/* The same. */
static int obey_keys(struct ui *ui, bool more)
{
	enum kx_menu_act act = KX_MENU_NOTHING;
	int key, status = -1;
	size_t used;

	while (status < 0 && (used = kx_key_next(ui->keys, ui->key_count, more, &key))) {
		ui->key_count -= used;
		memmove(ui->keys, ui->keys + used, ui->key_count);
		if (kx_menu_key(&ui->menu, key, &act) == 0)
			status = act_on_screen(ui, act);
	}
	return status;
}

/* The same; the end of the input ends the menu. */
static int read_keys(struct ui *ui)
{
	ssize_t n = read(STDIN_FILENO, ui->keys + ui->key_count, sizeof(ui->keys) - ui->key_count);

	if (n <= 0)
		return KX_EXIT_NO;
	ui->key_count += (size_t)n;
	ui->menu.seconds = -1;
	return obey_keys(ui, true);
}

/* The same. */
static int one_round(struct ui *ui)
{
	int ms = count_down(ui);

	draw(ui, NULL);
	if (ms == 0) {
		ui->menu.seconds = -1;
		return act_on_screen(ui, KX_MENU_BOOT);
	}
	switch (kx_terminal_wait(&ui->terminal, ui->key_count ? ESCAPE_WAIT_MS : ms)) {
	case KX_TERMINAL_INPUT:
		return read_keys(ui);
	case KX_TERMINAL_TIME:
		return obey_keys(ui, false);
	case KX_TERMINAL_RESUMED:
		/* Who stopped it did not mean to find another system. */
		ui->menu.seconds = -1;
		return -1;
	default:
		return -1;
	}
}

static int on_screen(struct ui *ui)
{
	int status = -1;

	ui->reverse = kx_style_of(stdout).colour;
	kx_terminal_take(&ui->terminal, true);
	begin_countdown(ui);
	while (status < 0)
		status = one_round(ui);
	kx_terminal_give_back(&ui->terminal);
	return status;
}

/* ---- line by line ---------------------------------------------------------------------------- */

static void print_list(const struct ui *ui)
{
	const struct kx_boot_entries *entries = ui->menu.entries;

	for (size_t i = 0; i < entries->count; i++) {
		const struct kx_boot_entry *entry = &entries->v[i];
		const char *problem = kx_menu_problem(&ui->menu, i);

		printf("%c%3zu  ", entry->is_default ? '*' : ' ', i + 1);
		kx_put_text(stdout, entry->menu ? entry->menu : "", 0, SIZE_MAX / 2);
		fputs(entry->menu ? " > " : "", stdout);
		kx_put_text(stdout, entry->title, 0, SIZE_MAX / 2);
		fputs(problem ? "\n      cannot be started: " : "", stdout);
		kx_put_text(stdout, problem ? problem : "", 0, SIZE_MAX / 2);
		putchar('\n');
	}
	puts("NUMBER starts it, e NUMBER edits its command line, p NUMBER shows the plan,\n"
	     "l NUMBER loads it, q quits");
}

/* A line without its end, allocated; NULL at the end of the input. */
static char *read_line(const char *prompt)
{
	char *line = NULL;
	size_t size = 0;

	fputs(prompt, stdout);
	fflush(stdout);
	if (getline(&line, &size, stdin) < 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

/* Waits for anything to be typed; false when the default is to be started. */
static bool wait_for_line(struct ui *ui)
{
	enum kx_terminal_event event = KX_TERMINAL_TIME;
	int ms;

	if (ui->menu.seconds < 0)
		return true;
	printf("the default starts in %ld s; any key stops that\n", ui->menu.seconds);
	/* Key by key, for now. What was typed is read as the beginning of a line when it is over. */
	kx_terminal_take(&ui->terminal, false);
	begin_countdown(ui);
	while ((event == KX_TERMINAL_TIME || event == KX_TERMINAL_SIZE) &&
	       (ms = count_down(ui)) > 0)
		event = kx_terminal_wait(&ui->terminal, ms);
	kx_terminal_give_back(&ui->terminal);
	ui->menu.seconds = -1;
	return event == KX_TERMINAL_INPUT || event == KX_TERMINAL_RESUMED;
}

/* A key of more than one byte, which there is no use for here. */
static bool has_controls(const char *line)
{
	while (*line && (unsigned char)*line >= ' ' && *line != 0x7f)
		line++;
	return *line;
}

static void edit_by_line(struct ui *ui)
{
	_cleanup_free_ char *line = NULL;

	fputs("now: ", stdout);
	kx_put_text(stdout, kx_menu_cmdline(&ui->menu, ui->menu.selected), 0, SIZE_MAX / 2);
	line = read_line("\nnew (nothing: as it is): ");
	if (!line || !*line)
		return;
	if (has_controls(line)) {
		kx_say("a key typed there is no character of a command line; it stays as it was");
		return;
	}
	kx_menu_set_cmdline(&ui->menu, ui->menu.selected, line);
	line = NULL;
}

/* "", "2", "e 2"; 0 for what is none of these. */
static char parse_choice(const struct ui *ui, const char *line, size_t *ret)
{
	char letter = 'b', *end;
	unsigned long number;

	*ret = kx_menu_default(ui->menu.entries);
	line += strspn(line, " \t");
	if (*line && strchr("qepl", *line))
		letter = *line++;
	number = strtoul(line, &end, 10);
	end += strspn(end, " \t");
	if (letter == 'q' || *end || strchr(line, '-'))
		return letter == 'q' && !*end ? 'q' : 0;
	if (end != line && strspn(line, " \t") != strlen(line))
		*ret = number - 1;
	return *ret < ui->menu.entries->count ? letter : 0;
}

/* Exit status when the menu ends with that, else -1. */
static int act_by_line(struct ui *ui, char letter)
{
	enum kx_menu_act act = letter == 'p'   ? KX_MENU_PLAN
			       : letter == 'l' ? KX_MENU_LOAD
					       : KX_MENU_BOOT;
	const char *problem = kx_menu_problem(&ui->menu, ui->menu.selected);
	int status;

	if (problem) {
		kx_say("cannot be started: %s", problem);
		return -1;
	}
	if (letter == 'e') {
		edit_by_line(ui);
		return -1;
	}
	status = run_verb(ui, verb_of(act));
	return done(act, status) ? status : -1;
}

static int one_line(struct ui *ui)
{
	_cleanup_free_ char *line = NULL;
	size_t selected;
	char letter;

	line = read_line("> ");
	if (!line)
		return KX_EXIT_NO;
	letter = parse_choice(ui, line, &selected);
	if (letter == 'q')
		return KX_EXIT_NO;
	if (!letter) {
		print_list(ui);
		return -1;
	}
	ui->menu.selected = selected;
	return act_by_line(ui, letter);
}

static int by_lines(struct ui *ui)
{
	int status = -1;

	print_list(ui);
	/* Were the start to fail, there is still somebody to ask. */
	if (!wait_for_line(ui))
		status = act_by_line(ui, 'b');
	while (status < 0)
		status = one_line(ui);
	return status;
}

/* ---- the verb -------------------------------------------------------------------------------- */

/* 0 of a boot loader means that its menu is not shown; whoever asks for a menu has it. */
static int timeout_of(const struct kx_args *args, const struct kx_boot_entries *entries, long *ret)
{
	const char *text = args->timeout;
	unsigned long seconds;
	char *end;

	*ret = entries->timeout > 0 ? entries->timeout : -1;
	if (!text)
		return 0;
	seconds = strtoul(text, &end, 10);
	if (*end || !*text || strspn(text, "0123456789") != strlen(text) || seconds > TIMEOUT_MAX) {
		kx_say("--timeout=%s is no number of seconds, 0 to %lu", text, TIMEOUT_MAX);
		return -EINVAL;
	}
	*ret = (long)seconds;
	return 0;
}

static bool has_screen(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

/* The file systems are left again, for as long as somebody thinks. */
static int read_entries(const struct kx_tool *tool, struct kx_boot_entries *ret)
{
	_cleanup_(kx_volumes_close) struct kx_volumes volumes = KX_VOLUMES_NONE;
	struct kx_error err = { 0 };
	int r = kx_boot_list(tool->root, ret, &volumes, &err);

	if (r < 0) {
		kx_say("%s", err.text);
		return KX_EXIT_ERROR;
	}
	kx_say_notes(ret, &volumes);
	if (ret->count)
		return KX_EXIT_YES;
	kx_say("no boot entries found; is the boot partition mounted?");
	return KX_EXIT_NO;
}

int kx_cmd_menu(const struct kx_tool *tool, const struct kx_args *args)
{
	_cleanup_(kx_boot_entries_clear) struct kx_boot_entries entries = { 0 };
	struct ui ui = { .tool = tool, .args = args };
	long seconds;
	int status;

	if (args->operand_count) {
		kx_say("kexec menu takes no argument; see `kexec menu --help`");
		return KX_EXIT_ERROR;
	}
	status = read_entries(tool, &entries);
	if (status)
		return status;
	if (timeout_of(args, &entries, &seconds) < 0)
		return KX_EXIT_ERROR;
	if (!isatty(STDIN_FILENO)) {
		kx_say("cannot ask what to start: standard input is no terminal; `kexec list` has "
		       "the entries, and `kexec reboot ENTRY` starts one");
		return KX_EXIT_ERROR;
	}
	if (kx_menu_init(&entries, seconds, &ui.menu) < 0) {
		kx_say("out of memory");
		return KX_EXIT_ERROR;
	}
	/* Its end is waited for, even where whoever started us does without. */
	signal(SIGCHLD, SIG_DFL);
	/* What was typed before there was anything to see was not meant for this. */
	tcflush(STDIN_FILENO, TCIFLUSH);
	status = has_screen() ? on_screen(&ui) : by_lines(&ui);
	kx_menu_clear(&ui.menu);
	return status;
}
