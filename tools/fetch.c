// SPDX-License-Identifier: GPL-2.0-or-later
/* Starts kexec-fetch and hears what it reports, which is as little to be trusted as the network. */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/overflow.h"
#include "child.h"
#include "inputs.h"
#include "libexec/fetch_protocol.h"
#include "source.h"
#include "url.h"
#include "util.h"

#define PROGRAM "kexec-fetch"
#define ARGUMENTS_MAX 8
/* Its own tries, each with a time for the connection and one for an answer, and what it waits between them, end before. */
#define SECONDS_IDLE(stall) (16 * (stall) + 5)
/* Between its last word and its end. */
#define SECONDS_END 10
/* Variables that name proxies, as curl(1), "ENVIRONMENT", has them. HTTP_PROXY is not among them: CGI. */
#define VARIABLES_MAX 8

/**
 * struct work - one run of the program
 * @url: for people
 * @quiet: no progress is shown
 * @size: what it said of the file's size, 0 nothing
 * @best: the most bytes that it said to have, which is what gives it more time
 * @until: when its time is over, in seconds of the monotonic clock
 */
struct work {
	const struct kx_fetch_options *options;
	const char *url;
	struct kx_bar bar;
	bool quiet;
	uint64_t size, max, best;
	unsigned again;
	time_t until;
};

/* ---- what it reports ------------------------------------------------------------------------- */

static unsigned stall_of(const struct work *work)
{
	return work->options->stall ? work->options->stall : KX_FETCH_STALL_SECONDS;
}

static void hear_progress(struct work *work, uint64_t done, uint64_t total)
{
	if (done > work->best && done <= work->max) {
		work->best = done;
		work->until = kx_child_until(SECONDS_IDLE(stall_of(work)));
	}
	if (!work->quiet)
		kx_bar_show(&work->bar, done, total);
}

static void hear_line(struct work *work, const char *line)
{
	uint64_t done, total;

	if (sscanf(line, "progress %" SCNu64 " %" SCNu64, &done, &total) == 2) {
		hear_progress(work, done, total);
	} else if (sscanf(line, "size %" SCNu64, &total) == 1) {
		work->size = total;
	} else if (!strncmp(line, "again ", 6) && work->again++ < FETCH_TRIES_MAX) {
		kx_bar_break(&work->bar);
		kx_say("trying again to get %s: %.200s", work->url, line + 6);
	}
}

/* Until it closes its end, or its time is over. A line that does not fit is no line of ours, and left out. */
static int hear(struct work *work, int from, struct kx_error *err)
{
	char text[FETCH_LINE_MAX];
	size_t used = 0;

	for (;;) {
		char *line = text, *end;
		ssize_t got;

		if (!kx_child_ready(from, POLLIN, work->until))
			return kx_fail(err, ETIMEDOUT,
				       "cannot fetch %s: " PROGRAM " got no further for %u "
				       "seconds, and was ended",
				       work->url, SECONDS_IDLE(stall_of(work)));
		got = kx_retry(read(from, text + used, sizeof(text) - used));
		if (got <= 0)
			return 0;

		used += (size_t)got;
		while ((end = memchr(line, '\n', used - (size_t)(line - text)))) {
			*end = 0;
			hear_line(work, line);
			line = end + 1;
		}
		used -= (size_t)(line - text);
		memmove(text, line, used);
		if (used == sizeof(text))
			used = 0;
	}
}

/* ---- starting it ----------------------------------------------------------------------------- */

static void clear_texts(char *texts[])
{
	for (; *texts; texts++)
		free(*texts);
}

static int find_program(const struct kx_tool *tool, const char *url, char **ret,
			struct kx_error *err)
{
	if (!kx_url_is_fetched(url))
		return kx_fail(err, EOPNOTSUPP,
			       "cannot fetch %s: http, https, ftp and tftp are taken", url);
	if (asprintf(ret, "%s/" PROGRAM, tool->libexec) < 0) {
		*ret = NULL;
		return kx_fail(err, ENOMEM, "out of memory");
	}
	if (access(*ret, X_OK) < 0)
		return kx_fail(err, EOPNOTSUPP,
			       "cannot fetch %s: the program for it, %s, is not installed; install "
			       "it, or fetch the file by other means and give its path",
			       url, *ret);
	return 0;
}

static void copy_variables(char *ret[VARIABLES_MAX])
{
	static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY",
					     "ftp_proxy",  "all_proxy",   "ALL_PROXY",
					     "no_proxy",   "NO_PROXY" };
	size_t count = 0;

	for (size_t i = 0; i < KX_ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);

		if (value && asprintf(&ret[count], "%s=%s", names[i], value) >= 0)
			count++;
	}
	ret[count] = NULL;
}

static int open_cacert(const struct kx_fetch_options *options, int *ret, struct kx_error *err)
{
	if (!options->cacert)
		return 0;
	*ret = open(options->cacert, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return *ret < 0 ? kx_source_not_opened(options->cacert, err) : 0;
}

static int wait_for(struct kx_child *child, struct kx_error *err)
{
	int r = kx_child_wait(child, err);

	return r > 0 ? -EIO : r;
}

static int hear_to_end(struct work *work, int from, struct kx_child *child, struct kx_error *err)
{
	int r;

	work->until = kx_child_until(SECONDS_IDLE(stall_of(work)));
	r = hear(work, from, err);
	kx_bar_break(&work->bar);
	if (r == 0)
		return wait_for(child, err);
	kx_child_end(child);
	return r;
}

/* @address: a file with it; @body: a memfd, or -1 when its size alone is asked for. */
static int start(const char *program, int address, struct work *work, int body, int cacert,
		 struct kx_error *err)
{
	char max[40], stall[40], *variables[VARIABLES_MAX + 1];
	const char *argv[ARGUMENTS_MAX] = { program, max, stall };
	struct kx_child_plan plan = { .argv = argv,
				      .envp = (const char *const *)variables,
				      .max_file = work->max,
				      .seconds = SECONDS_END };
	struct kx_child child = KX_CHILD_NONE;
	size_t count = 3;
	int report[2], r;

	snprintf(max, sizeof(max), "--max=%" PRIu64, work->max);
	snprintf(stall, sizeof(stall), "--stall=%u", stall_of(work));
	if (body < 0)
		argv[count++] = "--size";
	if (work->options->plain)
		argv[count++] = "--plain";
	if (cacert >= 0)
		argv[count++] = "--cacert";
	argv[count] = NULL;
	if (pipe2(report, O_CLOEXEC) < 0)
		return kx_fail(err, errno, "cannot start %s: %m", program);
	memcpy(plan.fds, (int[]){ address, -1, -1, body, report[1], cacert }, 6 * sizeof(int));
	plan.fd_count = 6;
	copy_variables(variables);
	r = kx_child_start(&plan, &child, err);
	clear_texts(variables);
	close(report[1]);
	if (r == 0)
		r = hear_to_end(work, report[0], &child, err);
	close(report[0]);
	return r;
}

static int run(const struct kx_tool *tool, const struct kx_fetch_options *options, const char *url,
	       int body, uint64_t *ret_size, struct kx_error *err)
{
	_cleanup_free_ char *program = NULL;
	const struct kx_url_text shown = kx_url_text(url);
	_cleanup_(kx_closep) int cacert = -1, address = -1;
	struct work work = {
		.options = options,
		.url = shown.s,
		.bar = { .what = shown.s },
		.quiet = options->quiet || body < 0,
		.max = options->max ? options->max : kx_room(tool, 0),
	};
	int r;

	r = find_program(tool, shown.s, &program, err);
	if (r == 0)
		r = open_cacert(options, &cacert, err);
	if (r < 0)
		return r;
	address = kx_memory_file_of("address", kx_view_of(url, strlen(url)), err);
	r = address < 0 ? address : start(program, address, &work, body, cacert, err);
	*ret_size = work.size;
	return r;
}

/* ---- the two ways to ask --------------------------------------------------------------------- */

int kx_fetch(const struct kx_tool *tool, const struct kx_fetch_options *options, const char *url,
	     struct kx_source **ret, struct kx_error *err)
{
	_cleanup_(kx_closep) int body = -1;
	uint64_t ignored;
	int r;

	body = kx_memory_file("fetched", err);
	if (body < 0)
		return body;
	r = run(tool, options, url, body, &ignored, err);
	if (r == 0)
		r = kx_memory_file_seal(body, err);
	if (r < 0)
		return r;
	r = kx_source_from_fd(kx_url_text(url).s, body, ret, err);
	body = -1; /* the source's */
	return r;
}

int kx_fetch_size(const struct kx_tool *tool, const struct kx_fetch_options *options,
		  const char *url, uint64_t *ret, struct kx_error *err)
{
	uint64_t size = 0;
	int r;

	/* TFTP has no such question. */
	if (kx_url_has_scheme(url, "tftp")) {
		*ret = 0;
		return 0;
	}
	r = run(tool, options, url, -1, &size, err);
	if (r == 0)
		*ret = size;
	return r;
}
