// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kexec-fetch OPTION...: one file from the network into memory, by a process that can do nothing else.
 *
 * Descriptor 0 has the address, 3 is the file to fill, 4 takes lines of "progress DONE TOTAL", "size BYTES" and "again WHY", 5 has
 * certificates. It says why not on standard error and ends with 1.
 */
#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/overflow.h"
#include "libexec/fetch_protocol.h"
#include "netboot/netboot.h"
#include "sandbox.h"
#include "util.h"

/* A chain longer than this goes round in a circle. */
#define HOPS_MAX 10
/* How often it is asked again with nothing more to show for it. */
#define TRIES_IDLE 4
/* Of an address; servers take less. */
#define URL_MAX (64 << 10)
#define HEADER_MAX 256
#define CACERT_MAX (4 << 20)
#define REPORT_EACH_MS 100

/**
 * struct options
 * @size: only how large it is
 * @plain: redirects from https to http are followed, since somebody knows what the bytes must be
 * @max: most bytes
 * @stall: seconds without a byte, or without a connection
 */
struct options {
	bool size, plain, cacert;
	uint64_t max;
	long stall;
	char *url;
};

/* What an answer of HTTP says of itself; texts are empty when it does not. */
struct answer {
	bool begun, partial;
	uint64_t start, total;
	char etag[HEADER_MAX], modified[HEADER_MAX], date[HEADER_MAX];
};

enum outcome { DONE, AGAIN, HOP, FAILED };

/**
 * struct fetch
 * @url: where it is now, after redirects
 * @done: bytes in the file
 * @total: of the whole, 0 unknown
 * @best: the most that were ever there
 * @validator: what names the version of the bytes in the file; empty when nothing does
 * @why: what happened to the last try
 */
struct fetch {
	const struct options *options;
	CURL *curl;
	char *url;
	uint64_t done, total, best;
	struct answer answer;
	char validator[HEADER_MAX];
	char why[2 * CURL_ERROR_SIZE], words[CURL_ERROR_SIZE];
	struct timespec reported;
	bool overflow, changed, unheard, no_room;
};

/* ---- words ----------------------------------------------------------------------------------- */

static enum outcome fail(const struct fetch *fetch, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static enum outcome fail(const struct fetch *fetch, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "cannot fetch %s: ", kx_url_text(fetch->url).s);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	return FAILED;
}

static void report(struct fetch *fetch, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Nobody who listens any more is an end to all of it. */
static void report(struct fetch *fetch, const char *format, ...)
{
	char line[FETCH_LINE_MAX];
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (size > 0 && write(FETCH_FD_REPORT, line, strlen(line)) < 0)
		fetch->unheard = true;
}

/* ---- what the server says -------------------------------------------------------------------- */

static bool is_http(const struct fetch *fetch)
{
	return !strncasecmp(fetch->url, "http", 4);
}

static void take_text(char *field, const char *value, size_t size)
{
	while (size && strchr(" \t\r\n", value[size - 1]))
		size--;
	/* Half of a name would be another one's. */
	if (size && size < HEADER_MAX)
		snprintf(field, HEADER_MAX, "%.*s", (int)size, value);
}

/* "bytes 100-199/200": RFC 9110, 14.4. */
static void take_range(struct answer *answer, const char *value, size_t size)
{
	char text[HEADER_MAX] = "";
	uint64_t end;

	take_text(text, value, size);
	if (sscanf(text, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, &answer->start, &end,
		   &answer->total) == 3)
		answer->partial = end >= answer->start && end < answer->total;
}

static size_t on_header(char *line, size_t one, size_t size, void *data)
{
	struct fetch *fetch = data;
	struct answer *answer = &fetch->answer;
	char *colon = memchr(line, ':', size);
	size_t name = colon ? (size_t)(colon - line) : 0, rest;

	if (size > 5 && !memcmp(line, "HTTP/", 5))
		*answer = (struct answer){ 0 };
	if (!colon)
		return size;
	for (colon++, rest = size - name - 1; rest && *colon == ' '; colon++)
		rest--;
	if (name == 4 && !strncasecmp(line, "ETag", name))
		take_text(answer->etag, colon, rest);
	else if (name == 13 && !strncasecmp(line, "Last-Modified", name))
		take_text(answer->modified, colon, rest);
	else if (name == 4 && !strncasecmp(line, "Date", name))
		take_text(answer->date, colon, rest);
	else if (name == 13 && !strncasecmp(line, "Content-Range", name))
		take_range(answer, colon, rest);
	return size;
}

/*
 * What to ask for with If-Range: a strong entity tag, or a date that is old enough to be one of the version alone (RFC 9110,
 * 13.1.5 and 8.8.2.2).
 */
static const char *validator_of(const struct answer *answer)
{
	if (answer->etag[0] == '"')
		return answer->etag;
	if (!answer->etag[0] && answer->modified[0] && answer->date[0] &&
	    curl_getdate(answer->date, NULL) > curl_getdate(answer->modified, NULL))
		return answer->modified;
	return "";
}

/* ---- what arrives ---------------------------------------------------------------------------- */

/* Without what is there: it may be longer than what comes. */
static bool start_anew(struct fetch *fetch)
{
	fetch->done = fetch->total = 0;
	fetch->validator[0] = 0;
	return ftruncate(FETCH_FD_BODY, 0) == 0;
}

/* Is what follows the rest of what is there? */
static bool is_rest(const struct fetch *fetch)
{
	const struct answer *answer = &fetch->answer;

	return answer->partial && answer->start == fetch->done &&
	       (!fetch->total || answer->total == fetch->total) &&
	       (!answer->etag[0] || fetch->validator[0] != '"' ||
		!strcmp(answer->etag, fetch->validator));
}

/* Before the first byte of an answer goes into the file. */
static bool begin(struct fetch *fetch)
{
	curl_off_t length = -1;
	long status = 0;

	fetch->answer.begun = true;
	curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(fetch->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (is_http(fetch) && status / 100 != 2)
		return false;
	if (is_http(fetch) && status == 206) {
		fetch->changed = !is_rest(fetch);
		if (!fetch->changed)
			fetch->total = fetch->answer.total;
		return !fetch->changed;
	}
	if (!start_anew(fetch))
		return false;
	fetch->total = length > 0 ? (uint64_t)length : 0;
	if (is_http(fetch))
		snprintf(fetch->validator, HEADER_MAX, "%s", validator_of(&fetch->answer));
	return true;
}

/* What it returns less than @size ends the transfer. */
static size_t on_body(char *bytes, size_t one, size_t size, void *data)
{
	struct fetch *fetch = data;

	/* With FTP the lines about it come this way, too. */
	if (fetch->options->size)
		return size;
	if (!fetch->answer.begun && !begin(fetch))
		return 0;
	fetch->overflow = size > fetch->options->max - fetch->done;
	if (fetch->overflow)
		return 0;
	for (size_t put = 0; put < size;) {
		ssize_t n = kx_retry(
			pwrite(FETCH_FD_BODY, bytes + put, size - put, (off_t)(fetch->done + put)));

		fetch->no_room = n <= 0;
		if (fetch->no_room)
			return 0;
		put += (size_t)n;
	}
	fetch->done += size;
	return size;
}

static int on_progress(void *data, curl_off_t total, curl_off_t now, curl_off_t up, curl_off_t sent)
{
	struct fetch *fetch = data;
	struct timespec time = { 0 };
	int64_t past;

	clock_gettime(CLOCK_MONOTONIC, &time);
	past = (time.tv_sec - fetch->reported.tv_sec) * 1000 +
	       (time.tv_nsec - fetch->reported.tv_nsec) / 1000000;
	if (past < REPORT_EACH_MS)
		return 0;
	fetch->reported = time;
	report(fetch, "progress %" PRIu64 " %" PRIu64 "\n", fetch->done, fetch->total);
	return fetch->unheard;
}

/* ---- one request ----------------------------------------------------------------------------- */

static bool read_cacert(struct curl_blob *ret)
{
	char *bytes = malloc(CACERT_MAX);
	ssize_t size = bytes ? kx_retry(pread(FETCH_FD_CACERT, bytes, CACERT_MAX, 0)) : -1;

	if (size <= 0) {
		free(bytes);
		return false;
	}
	*ret = (struct curl_blob){ .data = bytes, .len = (size_t)size, .flags = CURL_BLOB_NOCOPY };
	return true;
}

/* What stays the same for all requests. */
static enum outcome set_up(struct fetch *fetch, struct curl_blob *cacert)
{
	const struct options *options = fetch->options;
	CURL *curl = fetch->curl;

	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,ftp,tftp");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "kexec-next/" KX_VERSION);
	curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, options->stall);
	curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, options->stall);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, options->stall);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_TFTP_BLKSIZE, 1428L); /* fits into a frame of Ethernet */
	curl_easy_setopt(curl, CURLOPT_NOBODY, (long)options->size);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fetch->words);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, fetch);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, fetch);
	if (!options->cacert)
		return DONE;
	if (!read_cacert(cacert) || curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, cacert) != CURLE_OK)
		return fail(fetch, "cannot use the certificates of --cacert");
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	return DONE;
}

static CURLcode perform(struct fetch *fetch)
{
	struct curl_slist *headers = NULL;
	char range[32], line[HEADER_MAX + 16];
	CURLcode code;

	if (fetch->done && !fetch->validator[0])
		start_anew(fetch);
	fetch->changed = false;
	if (fetch->done) {
		snprintf(range, sizeof(range), "%" PRIu64 "-", fetch->done);
		snprintf(line, sizeof(line), "If-Range: %s", fetch->validator);
		headers = curl_slist_append(NULL, line);
	}
	fetch->answer = (struct answer){ 0 };
	fetch->words[0] = 0;
	curl_easy_setopt(fetch->curl, CURLOPT_URL, fetch->url);
	curl_easy_setopt(fetch->curl, CURLOPT_RANGE, fetch->done ? range : NULL);
	curl_easy_setopt(fetch->curl, CURLOPT_HTTPHEADER, headers);
	code = curl_easy_perform(fetch->curl);
	curl_easy_setopt(fetch->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	return code;
}

/* ---- what came of it ------------------------------------------------------------------------- */

static enum outcome again(struct fetch *fetch, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static enum outcome again(struct fetch *fetch, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fetch->why, sizeof(fetch->why), format, args);
	va_end(args);
	return AGAIN;
}

static enum outcome judge_status(struct fetch *fetch, long status)
{
	const char *remedy = "";

	switch (status) {
	case 408: /* the server's own troubles, which pass: RFC 9110, 15.5.9, 15.6; RFC 6585, 4 */
	case 425:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return again(fetch, "the server answers with status %ld", status);
	case 416: /* what there is to resume is no part of what it has */
		start_anew(fetch);
		return again(fetch, "the server has no such part of it");
	case 401:
	case 403:
		remedy = ", it does not give it to everybody";
		break;
	case 404:
	case 410:
		remedy = ", it has no such file; check the address";
		break;
	case 407:
		remedy = ": the proxy wants a name and a password; put them into the variable that "
			 "names it";
		break;
	}
	return fail(fetch, "the server answers with status %ld%s", status, remedy);
}

static bool is_scheme(const char *url, const char *scheme)
{
	size_t size = strlen(scheme);

	return !strncasecmp(url, scheme, size) && !strncmp(url + size, "://", 3);
}

static enum outcome judge_redirect(struct fetch *fetch, long status)
{
	struct kx_url_text shown;
	char *to = NULL;

	curl_easy_getinfo(fetch->curl, CURLINFO_REDIRECT_URL, &to);
	if (!to)
		return fail(fetch,
			    "the server answers with status %ld and does not say where it "
			    "is instead",
			    status);
	shown = kx_url_text(to);
	if (!is_scheme(to, "https") && !is_scheme(to, "http"))
		return fail(fetch, "the server leads to %s, which is neither http nor https",
			    shown.s);
	if (is_scheme(to, "http") && is_scheme(fetch->url, "https") && !fetch->options->plain)
		return fail(fetch,
			    "the server leads away from https, to %s, where anybody on the way "
			    "could change it; say by --sha256 or signed --sums what it must be, or "
			    "give --insecure",
			    shown.s);
	to = strdup(to);
	if (!to)
		return fail(fetch, "out of memory");
	free(fetch->url);
	fetch->url = to;
	return HOP;
}

static const char *reason(const struct fetch *fetch, CURLcode code)
{
	return fetch->words[0] ? fetch->words : curl_easy_strerror(code);
}

/* What we ended ourselves, which libcurl cannot know why. */
static enum outcome judge_our_end(struct fetch *fetch, long status)
{
	if (fetch->overflow)
		return fail(fetch, "it has more than %" PRIu64 " bytes, the most that is taken",
			    fetch->options->max);
	if (fetch->no_room)
		return fail(fetch, "no memory for more than %" PRIu64 " bytes of it", fetch->done);
	if (fetch->changed) {
		start_anew(fetch);
		return again(fetch, "it changed on the server meanwhile");
	}
	return judge_status(fetch, status);
}

static enum outcome judge_code(struct fetch *fetch, CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		/* Nobody there at the beginning is nobody there. */
		if (!fetch->best)
			break;
		__attribute__((fallthrough));
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return again(fetch, "%s", reason(fetch, code));
	case CURLE_PEER_FAILED_VERIFICATION:
		return fail(fetch,
			    "the server cannot show who it is: %s; give its authority's "
			    "certificate by --cacert, and look whether this machine's clock is "
			    "right",
			    reason(fetch, code));
	case CURLE_SSL_CACERT_BADFILE:
		return fail(fetch,
			    "there are no certificates of authorities here (%s); install "
			    "ca-certificates, or give --cacert",
			    reason(fetch, code));
	case CURLE_UNSUPPORTED_PROTOCOL:
		return fail(fetch, "%s; http, https, ftp and tftp are taken", reason(fetch, code));
	default:
		break;
	}
	return fail(fetch, "%s", reason(fetch, code));
}

/* How large it is may be told for no request but the one for the file itself. */
static bool refuses_head(const struct fetch *fetch, long status)
{
	return fetch->options->size &&
	       (status == 400 || status == 403 || status == 405 || status == 501);
}

static enum outcome judge(struct fetch *fetch, CURLcode code)
{
	long status = 0;

	if (fetch->unheard)
		return FAILED;
	curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &status);
	if (is_http(fetch) && status / 100 == 3 && (code == CURLE_OK || code == CURLE_WRITE_ERROR))
		return judge_redirect(fetch, status);
	if (code == CURLE_WRITE_ERROR)
		return judge_our_end(fetch, status);
	if (code != CURLE_OK)
		return judge_code(fetch, code);
	if (is_http(fetch) && status / 100 != 2)
		return refuses_head(fetch, status) ? DONE : judge_status(fetch, status);
	if (fetch->options->size)
		return DONE;
	if (!fetch->answer.begun && !begin(fetch))
		return judge_our_end(fetch, status);
	if (fetch->total && fetch->done != fetch->total)
		return again(fetch, "it ended after %" PRIu64 " of %" PRIu64 " bytes", fetch->done,
			     fetch->total);
	return DONE;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static enum outcome follow(struct fetch *fetch)
{
	enum outcome outcome = HOP;

	for (int hops = 0; outcome == HOP; hops++) {
		if (hops > HOPS_MAX)
			return fail(fetch,
				    "the server leads from one address to the next, more "
				    "than %d times",
				    HOPS_MAX);
		outcome = judge(fetch, perform(fetch));
	}
	return outcome;
}

/* Longer each time; less when nobody listens any more. */
static void wait_before(struct fetch *fetch, unsigned idle)
{
	struct pollfd listener = { .fd = FETCH_FD_REPORT };
	long seconds = idle ? 1L << (idle - 1) : 0;

	if (seconds > fetch->options->stall)
		seconds = fetch->options->stall;
	if (seconds && poll(&listener, 1, (int)seconds * 1000) != 0)
		fetch->unheard = true;
}

static enum outcome run(struct fetch *fetch)
{
	enum outcome outcome = follow(fetch);
	unsigned idle = 0;

	for (unsigned tries = 1; outcome == AGAIN; tries++) {
		idle = fetch->done > fetch->best ? 0 : idle + 1;
		if (fetch->done > fetch->best)
			fetch->best = fetch->done;
		if (idle >= TRIES_IDLE || tries >= FETCH_TRIES_MAX)
			return fail(fetch,
				    "%s; given up after %u tries, the best of which got %" PRIu64
				    " bytes",
				    fetch->why, tries, fetch->best);
		report(fetch, "again %s\n", fetch->why);
		wait_before(fetch, idle);
		if (fetch->unheard)
			return FAILED;
		outcome = follow(fetch);
	}
	return outcome;
}

static void report_end(struct fetch *fetch)
{
	curl_off_t length = -1;
	long status = 0;

	if (!fetch->options->size) {
		report(fetch, "progress %" PRIu64 " %" PRIu64 "\n", fetch->done, fetch->done);
		return;
	}
	curl_easy_getinfo(fetch->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &status);
	/* Of a refusal it is the size of the words about it. */
	if (length >= 0 && (!is_http(fetch) || status / 100 == 2))
		report(fetch, "size %" PRIu64 "\n", (uint64_t)length);
}

static int fetch_url(const struct options *options)
{
	struct fetch fetch = { .options = options, .url = strdup(options->url) };
	struct curl_blob cacert = { 0 };
	enum outcome outcome = FAILED;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		fetch.curl = curl_easy_init();
	if (!fetch.curl || !fetch.url) {
		fprintf(stderr, "out of memory");
	} else {
		outcome = set_up(&fetch, &cacert);
		if (outcome == DONE)
			outcome = run(&fetch);
		if (outcome == DONE)
			report_end(&fetch);
	}
	curl_easy_cleanup(fetch.curl);
	curl_global_cleanup();
	free(cacert.data);
	free(fetch.url);
	return outcome == DONE ? 0 : 1;
}

/* ---- the program ----------------------------------------------------------------------------- */

static char *read_address(void)
{
	char *url = calloc(1, URL_MAX + 1);
	ssize_t size = url ? kx_retry(pread(FETCH_FD_ADDRESS, url, URL_MAX + 1, 0)) : -1;

	if (size > 0 && size <= URL_MAX)
		return url;
	free(url);
	return NULL;
}

/* From the command alone, which says it right. */
static bool parse(int argc, char **argv, struct options *ret)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--size"))
			ret->size = true;
		else if (!strcmp(argv[i], "--plain"))
			ret->plain = true;
		else if (!strcmp(argv[i], "--cacert"))
			ret->cacert = true;
		else if (!strncmp(argv[i], "--max=", 6))
			ret->max = strtoull(argv[i] + 6, NULL, 10);
		else if (!strncmp(argv[i], "--stall=", 8))
			ret->stall = strtol(argv[i] + 8, NULL, 10);
	}
	ret->url = read_address();
	return ret->url && ret->max && ret->stall > 0;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct kx_error err = { 0 };

	if (!parse(argc, argv, &options)) {
		fputs("kexec-fetch is a part of kexec, which starts it; see kexec(8)\n", stderr);
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (kx_sandbox_enter(KX_SANDBOX_FETCHER, &err) < 0) {
		fputs(err.text, stderr);
		return 1;
	}
	/* What exit(3) would still run, such as LeakSanitizer, wants more than there is in here. */
	_exit(fetch_url(&options));
}
