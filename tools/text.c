// SPDX-License-Identifier: GPL-2.0-or-later
#include "text.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80
#define WIDTH_MIN 40

static unsigned width_of(FILE *out)
{
	struct winsize size;
	const char *columns;
	unsigned long width;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
	columns = getenv("COLUMNS");
	width = columns ? strtoul(columns, NULL, 10) : 0;
	return width >= WIDTH_MIN && width <= 1000 ? (unsigned)width : WIDTH_DEFAULT;
}

struct kx_style kx_style_of(FILE *out)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	return (struct kx_style){
		.width = width_of(out),
		.unicode = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.colour = isatty(fileno(out)) && !(no_colour && *no_colour) && term &&
			  strcmp(term, "dumb") != 0,
	};
}

/* Whoever chose the bytes: none moves the cursor, but for a line break before an indented line, as in our own lists. */
static void put(FILE *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		const unsigned char *at = (const unsigned char *)text + i;
		/* U+0080 to U+009F in UTF-8 are controls, too: U+009B begins sequences as ESC [ does. */
		bool c1 = at[0] == 0xc2 && i + 1 < size && at[1] < 0xa0;
		bool control = at[0] < ' ' || at[0] == 0x7f || c1;
		bool list =
			text[i] == '\n' && i + 2 < size && text[i + 1] == ' ' && text[i + 2] == ' ';

		putc(control && !list ? '?' : text[i], out);
		i += c1;
	}
}

void kx_text_put(FILE *out, const char *text)
{
	put(out, text, strlen(text));
}

void kx_text_wrap(FILE *out, const char *text, unsigned used, unsigned indent, unsigned width)
{
	unsigned column = used;

	for (;;) {
		size_t word;

		text += strspn(text, " ");
		word = strcspn(text, " ");
		if (!word)
			break;
		if (column > indent && column + 1 + word > width) {
			fputc('\n', out);
			column = 0;
		}
		if (column <= indent) {
			fprintf(out, "%*s", (int)(indent - column), "");
			column = indent;
		} else {
			fputc(' ', out);
			column++;
		}
		put(out, text, word);
		column += (unsigned)word;
		text += word;
	}
	fputc('\n', out);
}

void kx_say(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	fflush(stdout); /* both may be the same terminal */
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	fputs("kexec: ", stderr);
	kx_text_put(stderr, text ? text : "out of memory");
	putc('\n', stderr);
	free(text);
}
