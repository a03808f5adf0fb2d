// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kexec menu: a chooser on the whole screen, or line by line where there is none.
 *
 * The screen is driven by what every terminal of the VT100's family understands (ECMA-48), and keys by termios: a kexec in
 * an initramfs has no terminfo database, and whoever is at the other end of a serial line seldom says what they have.
 */
#include "tool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "base/overflow.h"
#include "menu.h"
#include "util.h"

#define TIMEOUT_MAX 86400UL
#define ESCAPE_WAIT_MS 100 /* what follows an escape of one key comes sooner, over a network, too */

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
			   "Any key stops the countdown.\n"
			   "\n"
			   "While a command line is edited: Left, Right, Home, End, Backspace,\n"
			   "Delete; Ctrl-U and Ctrl-K delete what is before and after the cursor;\n"
			   "Enter accepts, Esc leaves it as it was.\n";

/**
 * struct ui - a menu and the terminal it is on
 * @was, @mask, @actions: as they were before it was ours
 * @ours: it is
 * @screen: all of its screen is used
 * @until: when the default is started, by CLOCK_MONOTONIC
 * @keys, @key_count: read and not yet understood
 */
struct ui {
	const struct kx_tool *tool;
	const struct kx_args *args;
	struct kx_menu menu;
	struct termios was;
	sigset_t mask;
	struct sigaction actions[6];
	bool ours, screen, reverse;
	time_t until;
	char keys[64];
	size_t key_count;
};

/* ---- the terminal ---------------------------------------------------------------------------- */

static const int caught_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH };
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	if (number != SIGWINCH || !caught)
		caught = number;
}

static void put_string(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

/* Signals come while we wait for a key, and at no other time. */
static void catch_signals(struct ui *ui)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t block;

	sigemptyset(&block);
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < KX_ARRAY_SIZE(caught_signals); i++)
		sigaddset(&block, caught_signals[i]);
	sigprocmask(SIG_BLOCK, &block, &ui->mask);
	for (size_t i = 0; i < KX_ARRAY_SIZE(caught_signals); i++) {
		sigaction(caught_signals[i], NULL, &ui->actions[i]);
		/* What is ignored stays so, as under nohup(1). */
		if (ui->actions[i].sa_handler != SIG_IGN)
			sigaction(caught_signals[i], &action, NULL);
	}
}

static void take_terminal(struct ui *ui)
{
	struct termios raw = ui->was;

	raw.c_lflag &= ~(tcflag_t)ICANON;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (ui->screen) {
		raw.c_lflag &= ~(tcflag_t)(ECHO | IEXTEN);
		raw.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
	}
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	/* Another screen where the terminal has one; cleared in any case. */
	if (ui->screen)
		put_string("\033[?1049h\033[0m\033[2J");
	ui->ours = true;
}

static void give_back_terminal(struct ui *ui)
{
	if (!ui->ours)
		return;
	ui->ours = false;
	if (ui->screen) {
		printf("\033[0m\033[?25h\033[%zu;1H\r\n\033[?1049l", ui->menu.rows);
		fflush(stdout);
	}
	tcsetattr(STDIN_FILENO, TCSADRAIN, &ui->was);
}

static void enter(struct ui *ui, bool screen)
{
	ui->screen = screen;
	tcgetattr(STDIN_FILENO, &ui->was);
	catch_signals(ui);
	take_terminal(ui);
}

static void leave(struct ui *ui)
{
	if (!ui->ours)
		return;
	give_back_terminal(ui);
	for (size_t i = 0; i < KX_ARRAY_SIZE(caught_signals); i++)
		sigaction(caught_signals[i], &ui->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &ui->mask, NULL);
}

static void resize(struct ui *ui)
{
	struct winsize size;
	bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;

	/* A serial line has no size; 80x24 is what its terminal has at least. */
	kx_menu_resize(&ui->menu, known && size.ws_row ? size.ws_row : 24,
		       known && size.ws_col ? size.ws_col : 80);
}

/* What came in while we waited is done as if we had not been there, on a terminal that is as it was. */
static void obey_signal(struct ui *ui)
{
	int number = caught;
	struct sigaction plain = { .sa_handler = SIG_DFL }, ours;
	sigset_t one, before;

	caught = 0;
	if (number && number != SIGWINCH) {
		give_back_terminal(ui);
		sigaction(number, &plain, &ours);
		raise(number);
		sigemptyset(&one);
		sigaddset(&one, number);
		sigprocmask(SIG_UNBLOCK, &one, &before);
		/* Only a stop ever gets here. */
		sigprocmask(SIG_SETMASK, &before, NULL);
		sigaction(number, &ours, NULL);
		take_terminal(ui);
	}
	resize(ui);
}

/* Is there something to read? Waits for @ms, for ever if that is negative; a signal ends the wait, too. */
static bool wait_for_input(struct ui *ui, int ms)
{
	struct timespec limit = { ms / 1000, (long)(ms % 1000) * 1000000 };
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	int r = ppoll(&fd, 1, ms < 0 ? NULL : &limit, ui->ours ? &ui->mask : NULL);

	if (r < 0 && caught)
		obey_signal(ui);
	return r > 0;
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

/* ---- what is drawn --------------------------------------------------------------------------- */

/*
 * Text in @columns columns, without the first @skip: whoever chose the bytes, none of them moves the cursor; controls of
 * more than one byte neither. Returns how many columns it took.
 */
static size_t put_text(FILE *out, const char *text, size_t skip, size_t columns)
{
	size_t left = strlen(text), used = 0, at = 0;
	mbstate_t state = { 0 };

	while (left) {
		wchar_t wide = 0;
		size_t size = mbrtowc(&wide, text, left, &state);
		bool good = size && size <= left && iswprint((wint_t)wide) && wcwidth(wide) > 0;
		size_t width = good ? (size_t)wcwidth(wide) : 1;

		if (!size || size > left) {
			state = (mbstate_t){ 0 };
			size = 1;
		}
		if (at >= skip && used + width > columns)
			break;
		if (at >= skip) {
			fwrite(good ? text : "?", good ? size : 1, 1, out);
			used += width;
		}
		at += width;
		text += size;
		left -= size;
	}
	return used;
}

/* The last column stays free: some terminals go to the next line when it is written. */
static size_t width(const struct ui *ui)
{
	return ui->menu.columns > 1 ? ui->menu.columns - 1 : 1;
}

static void goto_row(FILE *out, size_t row)
{
	fprintf(out, "\033[%zu;1H\033[K", row + 1);
}

static void put_row(FILE *out, const struct ui *ui, size_t row, const char *text)
{
	goto_row(out, row);
	put_text(out, text, 0, width(ui));
}

static void draw_entry(FILE *out, const struct ui *ui, size_t row, size_t index)
{
	const struct kx_boot_entry *entry = &ui->menu.entries->v[index];
	bool selected = index == ui->menu.selected, problem = kx_menu_problem(&ui->menu, index);
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%c %c %s%s%s%s", selected ? '>' : ' ', entry->is_default ? '*' : ' ',
		     entry->menu ? entry->menu : "", entry->menu ? " > " : "", entry->title,
		     problem ? "  (cannot be started)" : "") < 0) {
		text = NULL;
		return;
	}
	goto_row(out, row);
	fputs(selected && ui->reverse ? "\033[7m" : "", out);
	put_text(out, text, 0, width(ui));
	fputs(selected && ui->reverse ? "\033[0m" : "", out);
}

/* What the selected entry is, in two rows, or in one. */
static void draw_details(FILE *out, const struct ui *ui, size_t row, size_t rows)
{
	const char *problem = kx_menu_problem(&ui->menu, ui->menu.selected);
	const char *line = problem ? problem : kx_menu_cmdline(&ui->menu, ui->menu.selected);
	const char *label = problem                              ? "cannot be started: "
			    : ui->menu.edited[ui->menu.selected] ? "edited: "
								 : "options: ";
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s%s", label, line) < 0) {
		text = NULL;
		return;
	}
	for (size_t i = 0; i < rows; i++) {
		goto_row(out, row + i);
		put_text(out, text, i * width(ui), width(ui));
	}
}

static void draw_status(FILE *out, const struct ui *ui, size_t row)
{
	char text[80] = "";

	if (ui->menu.seconds >= 0)
		snprintf(text, sizeof(text), "the default starts in %ld s; any key stops that",
			 ui->menu.seconds);
	put_row(out, ui, row, text);
}

static void draw_list(FILE *out, const struct ui *ui)
{
	const struct kx_menu *menu = &ui->menu;
	size_t rows = kx_menu_list_rows(menu), first = kx_menu_roomy(menu) ? 1 : 0;
	char text[80];

	snprintf(text, sizeof(text), "kexec: what to start (%zu of %zu)", menu->selected + 1,
		 menu->entries->count);
	if (first)
		put_row(out, ui, 0, text);
	for (size_t i = 0; i < rows; i++)
		if (menu->top + i < menu->entries->count)
			draw_entry(out, ui, first + i, menu->top + i);
		else
			goto_row(out, first + i);
	if (first) {
		draw_details(out, ui, first + rows, 2);
		draw_status(out, ui, first + rows + 2);
		put_row(out, ui, first + rows + 3,
			"Enter start  e edit  p plan  l load  ? help  q quit");
	} else if (menu->rows > 1 && menu->seconds >= 0)
		draw_status(out, ui, rows);
	else if (menu->rows > 1)
		draw_details(out, ui, rows, 1);
	fprintf(out, "\033[?25l\033[%zu;1H", first + menu->selected - menu->top + 1);
}

/* Columns of the text before the cursor. */
static size_t cursor_column(const struct kx_menu *menu)
{
	_cleanup_free_ char *before = strndup(menu->line, menu->cursor);
	_cleanup_free_ char *ignored = NULL;
	size_t size, columns = 0;
	FILE *nowhere = before ? open_memstream(&ignored, &size) : NULL;

	if (!nowhere)
		return 0;
	columns = put_text(nowhere, before, 0, SIZE_MAX / 2);
	fclose(nowhere);
	return columns;
}

static void draw_edit(FILE *out, const struct ui *ui)
{
	const struct kx_menu *menu = &ui->menu;
	size_t row = menu->rows > 2 ? 1 : 0, column = cursor_column(menu), room = width(ui);
	/* Half of what is there moves at a time. */
	size_t half = room > 1 ? room / 2 : 1;
	size_t skip = column < room ? 0 : (column - room) / half * half + half;

	fputs("\033[2J", out);
	if (row)
		put_row(out, ui, 0, menu->entries->v[menu->selected].title);
	goto_row(out, row);
	put_text(out, menu->line, skip, room);
	if (menu->rows > 3)
		put_row(out, ui, menu->rows - 1, "Enter accept  Esc leave it as it was");
	fprintf(out, "\033[?25h\033[%zu;%zuH", row + 1, column - skip + 1);
}

static void draw_text(FILE *out, const struct ui *ui)
{
	const struct kx_menu *menu = &ui->menu;
	const char *line = menu->text;
	size_t rows = kx_menu_text_rows(menu), row = 0;
	char text[80];

	for (size_t i = 0; i < menu->text_top; i++)
		line += strcspn(line, "\n") + 1;
	for (; row < rows && *line; row++) {
		size_t size = strcspn(line, "\n");
		_cleanup_free_ char *one = strndup(line, size);

		put_row(out, ui, row, one ? one : "");
		line += size + (line[size] == '\n');
	}
	for (size_t i = row; i < rows; i++)
		goto_row(out, i);
	snprintf(text, sizeof(text), "lines %zu to %zu of %zu; q goes back", menu->text_top + 1,
		 menu->text_top + row, menu->line_count);
	if (menu->rows > 1)
		put_row(out, ui, menu->rows - 1, text);
	fprintf(out, "\033[?25l");
}

/* In one piece, so that nobody sees half of it. */
static void draw(const struct ui *ui)
{
	_cleanup_free_ char *frame = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&frame, &size);

	if (!out)
		return;
	if (ui->menu.page == KX_MENU_LIST)
		draw_list(out, ui);
	else if (ui->menu.page == KX_MENU_EDIT)
		draw_edit(out, ui);
	else
		draw_text(out, ui);
	if (fclose(out) == 0)
		fwrite(frame, size, 1, stdout);
	fflush(stdout);
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

	for (size_t i = 0; i < KX_ARRAY_SIZE(caught_signals); i++)
		sigaction(caught_signals[i], &ui->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &ui->mask, NULL);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	snprintf(columns, sizeof(columns), "%zu", width(ui));
	setenv("COLUMNS", columns, 1);
	status = run_verb(ui, verb);
	fflush(stdout);
	_exit(status);
}

/*
 * The same in a process of its own, with what it says in @ret_text, allocated: whatever comes over it, such as a file that
 * is cut while it is read, the terminal is still ours to give back. -1 when there is no such process.
 */
static int run_aside(const struct ui *ui, verb_fn *verb, char **ret_text)
{
	int fd = memfd_create("kexec menu", MFD_CLOEXEC), status = 0;
	pid_t child;

	if (fd < 0)
		return -1;
	fflush(stdout);
	child = fork();
	if (child == 0)
		run_child(ui, verb, fd);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	*ret_text = contents_of(fd);
	close(fd);
	if (child < 0 || !*ret_text)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : KX_EXIT_ERROR;
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

/* Exit status when the menu ends with that, else -1. */
static int act_on_screen(struct ui *ui, enum kx_menu_act act)
{
	_cleanup_free_ char *text = NULL;
	char *folded;
	int status = -1;

	if (act == KX_MENU_QUIT)
		return KX_EXIT_NO;
	if (act == KX_MENU_HELP)
		text = strdup(help);
	if (verb_of(act)) {
		draw(ui);
		printf("\033[%zu;1H\033[K...", ui->menu.rows);
		status = run_aside(ui, verb_of(act), &text);
	}
	if (done(act, status)) {
		leave(ui);
		fputs(text, stderr);
		return status;
	}
	if (act == KX_MENU_NOTHING)
		return -1;
	folded = fold(text ? text : "kexec: out of memory\n", width(ui));
	if (folded)
		kx_menu_show(&ui->menu, folded);
	return -1;
}

/* ---- on a screen ----------------------------------------------------------------------------- */

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

/* Exit status when the menu ends, else -1. */
static int one_round(struct ui *ui)
{
	int ms = count_down(ui);
	bool input;
	ssize_t n;

	draw(ui);
	if (ms == 0) {
		ui->menu.seconds = -1;
		return act_on_screen(ui, KX_MENU_BOOT);
	}
	input = wait_for_input(ui, ui->key_count ? ESCAPE_WAIT_MS : ms);
	if (!input)
		return obey_keys(ui, false);
	n = read(STDIN_FILENO, ui->keys + ui->key_count, sizeof(ui->keys) - ui->key_count);
	if (n <= 0)
		return KX_EXIT_NO;
	ui->key_count += (size_t)n;
	return obey_keys(ui, true);
}

static int on_screen(struct ui *ui)
{
	int status = -1;

	ui->reverse = kx_style_of(stdout).colour;
	enter(ui, true);
	resize(ui);
	begin_countdown(ui);
	while (status < 0)
		status = one_round(ui);
	leave(ui);
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
		put_text(stdout, entry->menu ? entry->menu : "", 0, SIZE_MAX / 2);
		fputs(entry->menu ? " > " : "", stdout);
		put_text(stdout, entry->title, 0, SIZE_MAX / 2);
		fputs(problem ? "\n      cannot be started: " : "", stdout);
		put_text(stdout, problem ? problem : "", 0, SIZE_MAX / 2);
		putchar('\n');
	}
	puts("NUMBER starts it, e NUMBER edits its command line, p NUMBER shows the plan,\n"
	     "l NUMBER loads it, q quits");
}

/* A line without its end, allocated; NULL at the end of the input. */
static char *read_line(void)
{
	_cleanup_free_ char *line = calloc(KX_MENU_LINE_MAX + 1, 1);
	char *ret = line;
	size_t size = 0;
	ssize_t n;
	char c;

	while (line && (n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n')
		if (size < KX_MENU_LINE_MAX && c != '\r')
			line[size++] = c;
	if (!line || (n != 1 && !size))
		return NULL;
	line = NULL;
	return ret;
}

/* Waits for anything to be typed; false when the default is to be started. */
static bool wait_for_line(struct ui *ui)
{
	bool typed = ui->menu.seconds < 0;
	int ms;

	if (typed)
		return true;
	printf("the default starts in %ld s; any key stops that\n", ui->menu.seconds);
	fflush(stdout);
	/* Key by key, for now. What was typed is read as the beginning of a line when it is over. */
	if (isatty(STDIN_FILENO))
		enter(ui, false);
	begin_countdown(ui);
	while (!typed && (ms = count_down(ui)) > 0)
		typed = wait_for_input(ui, ms);
	leave(ui);
	ui->menu.seconds = -1;
	return typed;
}

static void edit_by_line(struct ui *ui)
{
	_cleanup_free_ char *line = NULL;

	fputs("now: ", stdout);
	put_text(stdout, kx_menu_cmdline(&ui->menu, ui->menu.selected), 0, SIZE_MAX / 2);
	put_string("\nnew (nothing: as it is): ");
	line = read_line();
	if (line && *line) {
		kx_menu_set_cmdline(&ui->menu, ui->menu.selected, line);
		line = NULL;
	}
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

	put_string("> ");
	line = read_line();
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

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term &&
	       strcmp(term, "dumb") != 0;
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
	if (kx_menu_init(&entries, seconds, &ui.menu) < 0) {
		kx_say("out of memory");
		return KX_EXIT_ERROR;
	}
	status = has_screen() ? on_screen(&ui) : by_lines(&ui);
	kx_menu_clear(&ui.menu);
	return status;
}
