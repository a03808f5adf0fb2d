// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Scripts and configurations of the network are read by a process of its own, which has a socket to this one and nothing else: it
 * asks for texts and for choices, and ends with what is to be started. What it says is as little to be believed as the network.
 */
#include "netboot.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/overflow.h"
#include "child.h"
#include "fetch.h"
#include "machine/text.h"
#include "sandbox.h"
#include "trust.h"
#include "url.h"
#include "util.h"

/* A text, and a header's worth more; a menu of a thousand lines is less. */
#define MESSAGE_MAX (KX_NETBOOT_TEXT_MAX + (64U << 10))
/* How often the other side may ask for anything. */
#define QUESTIONS_MAX 20000U
/* For each of its messages, and to take an answer: all that it has to do is to read a text. */
#define SECONDS_READ(stall) (4 * (stall) + 5)
/* Between its last message and its end. */
#define SECONDS_END 10

enum what { ANSWER, GET, PROBE, CHOOSE, PROMPT, READ, SAY, DONE, FAILED };

/* @number and @other: a time in milliseconds and an item, or a result. Strings follow, each with its NUL. */
struct head {
	uint32_t what, size;
	int64_t result;
	uint64_t number, other;
};

struct message {
	struct head head;
	char *data;
	size_t space;
};

static void message_clear(struct message *message)
{
	free(message->data);
	*message = (struct message){ 0 };
}

/* ---- messages -------------------------------------------------------------------------------- */

static int put_bytes(struct message *message, const void *data, size_t size)
{
	size_t used = message->head.size;
	char *grown;

	if (size > MESSAGE_MAX - used)
		return -E2BIG;
	if (used + size > message->space) {
		grown = realloc(message->data, (used + size) * 2);
		if (!grown)
			return -ENOMEM;
		message->data = grown;
		message->space = (used + size) * 2;
	}
	if (size)
		memcpy(message->data + used, data, size);
	message->head.size += (uint32_t)size;
	return 0;
}

static int put_string(struct message *message, const char *text)
{
	return put_bytes(message, text, strlen(text) + 1);
}

/* The next string of it; NULL when there is none that ends. */
static const char *next_string(const struct message *message, size_t *pos)
{
	const char *start = message->data + *pos;
	size_t left = message->head.size - *pos;
	const char *end = left ? memchr(start, '\0', left) : NULL;

	if (!end)
		return NULL;
	*pos += (size_t)(end - start) + 1;
	return start;
}

/*
 * @until: of the one that is asked, which waits for the other no longer; 0 in the sandbox, where there is write(2) alone, and where a
 * signal that ends it when nobody listens any more does no harm.
 */
static int write_all(int fd, time_t until, const void *data, size_t size)
{
	const char *next = data;

	while (size) {
		ssize_t n;

		if (!kx_child_ready(fd, POLLOUT, until))
			return -ETIMEDOUT;
		n = until ? kx_retry(send(fd, next, size, MSG_NOSIGNAL | MSG_DONTWAIT))
			  : kx_retry(write(fd, next, size));
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			return -EPIPE;
		next += n;
		size -= (size_t)n;
	}
	return 0;
}

static int read_all(int fd, time_t until, void *data, size_t size)
{
	char *next = data;

	while (size) {
		ssize_t n;

		if (!kx_child_ready(fd, POLLIN, until))
			return -ETIMEDOUT;
		n = kx_retry(read(fd, next, size));
		if (n <= 0)
			return -EPIPE;
		next += n;
		size -= (size_t)n;
	}
	return 0;
}

static int send_message(int fd, time_t until, const struct message *message)
{
	int r = write_all(fd, until, &message->head, sizeof(message->head));

	return r == 0 ? write_all(fd, until, message->data, message->head.size) : r;
}

static int receive_message(int fd, time_t until, struct message *ret)
{
	int r = read_all(fd, until, &ret->head, sizeof(ret->head));

	if (r == 0 && ret->head.size > MESSAGE_MAX)
		r = -EBADMSG;
	if (r < 0)
		return r;
	ret->data = malloc(ret->head.size + 1);
	if (!ret->data)
		return -ENOMEM;
	return read_all(fd, until, ret->data, ret->head.size);
}

/* ---- the one that reads ---------------------------------------------------------------------- */

/* Asks, and hands the answer's error through. */
static int question(int fd, struct message *ask, struct message *ret, struct kx_error *err)
{
	size_t pos = 0;
	const char *text;
	int r = send_message(fd, 0, ask);

	if (r == 0)
		r = receive_message(fd, 0, ret);
	if (r < 0)
		_exit(1);
	if (ret->head.result >= 0)
		return 0;
	text = next_string(ret, &pos);
	return kx_fail(err, (int)-ret->head.result, "%s", text ? text : "failed");
}

static int question_string(int fd, enum what what, const char *text, struct message *ret,
			   struct kx_error *err)
{
	_cleanup_(message_clear) struct message ask = { .head.what = what };
	int r = put_string(&ask, text);

	return r == 0 ? question(fd, &ask, ret, err) : kx_fail(err, -r, "%s", strerror(-r));
}

static int child_get(void *ctx, const char *url, char **ret, size_t *ret_size, struct kx_error *err)
{
	_cleanup_(message_clear) struct message answer = { 0 };
	int r = question_string(*(int *)ctx, GET, url, &answer, err);

	if (r < 0)
		return r;
	*ret = kx_steal(answer.data);
	*ret_size = answer.head.size;
	return 0;
}

static int child_probe(void *ctx, const char *url, struct kx_error *err)
{
	_cleanup_(message_clear) struct message answer = { 0 };

	return question_string(*(int *)ctx, PROBE, url, &answer, err);
}

/* A name begins with "+", since it may be empty; "-" is none. */
static int put_item(struct message *ask, const struct kx_netboot_item *item)
{
	int r = put_bytes(ask, item->name ? "+" : "-", 1);

	if (r == 0)
		r = put_string(ask, item->name ? item->name : "");
	return r == 0 ? put_string(ask, item->text) : r;
}

static int child_choose(void *ctx, const struct kx_netboot_menu *menu, size_t *ret,
			struct kx_error *err)
{
	_cleanup_(message_clear) struct message answer = { 0 }, ask = {
		.head = { .what = CHOOSE, .number = menu->timeout, .other = menu->chosen },
	};
	int r = put_string(&ask, menu->title);

	for (size_t i = 0; r == 0 && i < menu->count; i++)
		r = put_item(&ask, &menu->items[i]);
	if (r < 0)
		return kx_fail(err, -r, "a menu that is too large to be shown");
	r = question(*(int *)ctx, &ask, &answer, err);
	if (r == 0)
		*ret = answer.head.other;
	return r;
}

static int child_prompt(void *ctx, const char *text, const char *key, uint64_t timeout,
			struct kx_error *err)
{
	_cleanup_(message_clear) struct message answer = { 0 },
						ask = { .head = { .what = PROMPT,
								  .number = timeout } };
	int r = put_string(&ask, text);

	if (r == 0 && key)
		r = put_string(&ask, key);
	return r == 0 ? question(*(int *)ctx, &ask, &answer, err)
		      : kx_fail(err, -r, "%s", strerror(-r));
}

static int child_read(void *ctx, const char *setting, const char *now, uint64_t timeout, char **ret,
		      struct kx_error *err)
{
	_cleanup_(
		message_clear) struct message answer = { 0 },
					      ask = { .head = { .what = READ, .number = timeout } };
	int r = put_string(&ask, setting);
	size_t pos = 0;
	const char *text;

	if (r == 0)
		r = put_string(&ask, now);
	r = r == 0 ? question(*(int *)ctx, &ask, &answer, err)
		   : kx_fail(err, -r, "%s", strerror(-r));
	if (r < 0)
		return r;
	text = next_string(&answer, &pos);
	*ret = strdup(text ? text : "");
	return *ret ? 0 : kx_fail(err, ENOMEM, "out of memory");
}

static void child_say(void *ctx, const char *text)
{
	_cleanup_(message_clear) struct message say = { .head.what = SAY };

	if (put_string(&say, text) == 0 && send_message(*(int *)ctx, 0, &say) < 0)
		_exit(1);
}

static int put_result(struct message *end, const struct kx_netboot *netboot)
{
	int r = put_string(end, netboot->kernel);

	if (r == 0)
		r = put_string(end, netboot->cmdline);
	for (size_t i = 0; r == 0 && i < netboot->initrds.count; i++)
		r = put_string(end, netboot->initrds.v[i]);
	for (size_t i = 0; r == 0 && i < netboot->files.count; i++)
		r = put_string(end, netboot->files.v[i]);
	end->head.number = netboot->initrds.count;
	return r;
}

static void child_run(int fd, const char *url, const struct kx_facts *facts)
{
	const struct kx_netboot_ops ops = { .ctx = &fd,
					    .get = child_get,
					    .probe = child_probe,
					    .choose = child_choose,
					    .prompt = child_prompt,
					    .read = child_read,
					    .say = child_say };
	_cleanup_(message_clear) struct message end = { .head.what = DONE };
	struct kx_netboot netboot = { 0 };
	struct kx_error err = { 0 };
	int r = kx_sandbox_enter(KX_SANDBOX_PARSER, &err);

	if (r == 0)
		r = kx_netboot_run(&ops, url, facts->v, facts->count, &netboot, &err);
	if (r == 0)
		r = put_result(&end, &netboot);
	if (r < 0) {
		end.head = (struct head){ .what = FAILED, .result = r };
		put_string(&end, err.text);
	}
	send_message(fd, 0, &end);
}

/* ---- the one that is asked ------------------------------------------------------------------- */

/*
 * @trust: of texts, for which there are no checksums
 * @sum_count: how many there are for what is loaded afterwards
 */
struct server {
	const struct kx_tool *tool;
	struct kx_trust trust;
	size_t sum_count;
	struct kx_asker asker;
	unsigned questions;
	int fd;
};

static bool is_large(struct server *server, const char *url)
{
	struct kx_error ignored = { 0 };
	uint64_t size = 0;

	return kx_fetch_size(server->tool, &server->trust.fetch, url, &size, &ignored) == 0 &&
	       size > KX_NETBOOT_TEXT_MAX;
}

static int no_text(const char *url, struct kx_error *err)
{
	return kx_fail(err, EFBIG, "%s: it is no text", kx_url_text(url).s);
}

/* Text has no NUL in it. A kernel has, and so has an image; either is too large, mostly. */
static int get(struct server *server, const char *url, struct message *answer, struct kx_error *err)
{
	struct kx_fetch_options options = server->trust.fetch;
	struct kx_source *source = NULL;
	int r = kx_trust_allows(&server->trust, url, err);

	options.max = KX_NETBOOT_TEXT_MAX;
	options.quiet = true;
	if (r < 0)
		return r;
	r = kx_fetch(server->tool, &options, url, &source, err);
	if (r < 0)
		return is_large(server, url) ? no_text(url, err) : r;
	if (memchr(kx_source_data(source), '\0', kx_source_size(source)))
		r = no_text(url, err);
	else
		r = put_bytes(answer, kx_source_data(source), kx_source_size(source));
	kx_source_free(source);
	return r;
}

static int probe(struct server *server, const char *url, struct kx_error *err)
{
	struct kx_trust later = server->trust;
	uint64_t size;
	int r;

	later.given_count = server->sum_count;
	later.fetch.plain |= server->sum_count > 0;
	r = kx_trust_allows(&later, url, err);
	return r == 0 ? kx_fetch_size(server->tool, &later.fetch, url, &size, err) : r;
}

static int malformed(struct kx_error *err)
{
	return kx_fail(err, EBADMSG,
		       "the process that reads the menu does not say what it should; what it read "
		       "may have been made to attack it");
}

static int next_url(const struct message *message, size_t *pos, const char **ret,
		    struct kx_error *err)
{
	_cleanup_free_ char *same = NULL;
	const char *url = next_string(message, pos);
	struct kx_error ignored = { 0 };

	if (!url || kx_url_resolve("file:///", url, &same, &ignored) < 0)
		return malformed(err);
	if (!kx_url_is_fetched(url))
		return kx_fail(err, EOPNOTSUPP,
			       "cannot get %s: it is neither http, https, ftp nor "
			       "tftp",
			       kx_url_text(url).s);
	*ret = url;
	return 0;
}

static int choose(struct server *server, const struct message *ask, size_t *ret,
		  struct kx_error *err)
{
	_cleanup_free_ struct kx_netboot_item *items = calloc(KX_NETBOOT_ITEMS_MAX, sizeof(*items));
	struct kx_netboot_menu menu = { .items = items,
					.chosen = ask->head.other,
					.timeout = ask->head.number };
	size_t pos = 0;

	if (!items)
		return kx_fail(err, ENOMEM, "out of memory");
	menu.title = next_string(ask, &pos);
	while (menu.title && pos < ask->head.size) {
		const char *name = next_string(ask, &pos), *text = next_string(ask, &pos);

		if (!name || !*name || !text || menu.count == KX_NETBOOT_ITEMS_MAX)
			return malformed(err);
		items[menu.count++] =
			(struct kx_netboot_item){ *name == '+' ? name + 1 : NULL, text };
	}
	if (!menu.title || menu.chosen >= menu.count || !items[menu.chosen].name)
		return malformed(err);
	return kx_ask_choose(&server->asker, &menu, ret, err);
}

static int prompt(struct server *server, const struct message *ask, struct kx_error *err)
{
	size_t pos = 0;
	const char *text = next_string(ask, &pos), *key = next_string(ask, &pos);

	return text ? kx_ask_prompt(&server->asker, text, key, ask->head.number, err)
		    : malformed(err);
}

static int read_text(struct server *server, const struct message *ask, struct message *answer,
		     struct kx_error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t pos = 0;
	const char *setting = next_string(ask, &pos), *now = next_string(ask, &pos);
	int r = setting && now
			? kx_ask_read(&server->asker, setting, now, ask->head.number, &text, err)
			: malformed(err);

	if (r < 0)
		return r;
	return put_string(answer, text) < 0 ? kx_fail(err, ENOMEM, "out of memory") : 0;
}

static int answer_to(struct server *server, const struct message *ask, struct message *answer,
		     struct kx_error *err)
{
	const char *url = NULL;
	size_t pos = 0, chosen = 0;
	int r;

	switch (ask->head.what) {
	case GET:
		r = next_url(ask, &pos, &url, err);
		return r == 0 ? get(server, url, answer, err) : r;
	case PROBE:
		r = next_url(ask, &pos, &url, err);
		return r == 0 ? probe(server, url, err) : r;
	case CHOOSE:
		r = choose(server, ask, &chosen, err);
		answer->head.other = chosen;
		return r;
	case PROMPT:
		return prompt(server, ask, err);
	case READ:
		return read_text(server, ask, answer, err);
	default:
		return malformed(err);
	}
}

static unsigned seconds_of(const struct server *server)
{
	unsigned stall = server->trust.fetch.stall;

	return SECONDS_READ(stall ? stall : KX_FETCH_STALL_SECONDS);
}

static int gone(const struct server *server, int r, struct kx_error *err)
{
	if (r == -ETIMEDOUT)
		return kx_fail(err, ETIMEDOUT,
			       "the process that reads the menu took more than %u seconds, and was "
			       "ended",
			       seconds_of(server));
	return kx_fail(err, EPIPE, "the process that reads the menu ended without a word");
}

static int reply(struct server *server, const struct message *ask, struct kx_error *err)
{
	_cleanup_(message_clear) struct message answer = { .head.what = ANSWER };
	struct kx_error failed = { 0 };
	int r = answer_to(server, ask, &answer, &failed);

	answer.head.result = r;
	if (r < 0) {
		answer.head.size = 0;
		r = put_string(&answer, failed.text);
	}
	if (r == 0)
		r = send_message(server->fd, kx_child_until(seconds_of(server)), &answer);
	return r < 0 ? gone(server, r, err) : 0;
}

static void say(const struct message *message)
{
	size_t pos = 0;
	const char *text = next_string(message, &pos);

	if (!text)
		return;
	kx_text_put(stderr, text);
	fputs("\n", stderr);
}

/* What it is called there is looked at where it is put. */
static int take_file(const struct message *end, size_t *pos, struct kx_names *ret,
		     struct kx_error *err)
{
	const char *url = NULL, *path, *mode;
	int r = next_url(end, pos, &url, err);

	if (r < 0)
		return r;
	path = next_string(end, pos);
	mode = next_string(end, pos);
	if (!path || !mode || strlen(mode) != 4 || mode[strspn(mode, "01234567")] ||
	    ret->count >= 3UL * KX_NETBOOT_INITRDS_MAX)
		return malformed(err);
	if (kx_names_add(ret, url) < 0 || kx_names_add(ret, path) < 0 ||
	    kx_names_add(ret, mode) < 0)
		return kx_fail(err, ENOMEM, "out of memory");
	return 0;
}

static int take_result(const struct message *end, struct kx_netboot *ret, struct kx_error *err)
{
	_cleanup_(kx_netboot_clear) struct kx_netboot out = { 0 };
	const char *kernel = NULL, *cmdline, *initrd = NULL;
	size_t pos = 0;
	int r = next_url(end, &pos, &kernel, err);

	if (r < 0)
		return r;
	cmdline = next_string(end, &pos);
	if (!cmdline || strlen(cmdline) > KX_NETBOOT_STRING_MAX)
		return malformed(err);
	out.kernel = strdup(kernel);
	out.cmdline = strdup(cmdline);
	if (end->head.number > KX_NETBOOT_INITRDS_MAX)
		r = malformed(err);
	while (r == 0 && out.initrds.count < end->head.number) {
		r = next_url(end, &pos, &initrd, err);
		if (r == 0 && kx_names_add(&out.initrds, initrd) < 0)
			r = kx_fail(err, ENOMEM, "out of memory");
	}
	while (r == 0 && pos < end->head.size)
		r = take_file(end, &pos, &out.files, err);
	if (r == 0 && (!out.kernel || !out.cmdline))
		r = kx_fail(err, ENOMEM, "out of memory");
	if (r < 0)
		return r;
	*ret = out;
	out = (struct kx_netboot){ 0 };
	return 0;
}

static int take_failure(const struct message *end, struct kx_error *err)
{
	int64_t r = end->head.result;
	size_t pos = 0;
	const char *text = next_string(end, &pos);

	if (!text || !*text || r >= 0 || r < -4095)
		return malformed(err);
	return kx_fail(err, (int)-r, "%s", text);
}

static int serve(struct server *server, struct kx_netboot *ret, struct kx_error *err)
{
	int r = 0;

	while (r == 0) {
		_cleanup_(message_clear) struct message message = { 0 };

		r = receive_message(server->fd, kx_child_until(seconds_of(server)), &message);
		if (r < 0)
			return gone(server, r, err);
		if (++server->questions > QUESTIONS_MAX)
			return malformed(err);
		if (message.head.what == DONE)
			return take_result(&message, ret, err);
		if (message.head.what == FAILED)
			return take_failure(&message, err);
		if (message.head.what == SAY)
			say(&message);
		else
			r = reply(server, &message, err);
	}
	return r;
}

/* ---- the two --------------------------------------------------------------------------------- */

struct job {
	const char *url;
	const struct kx_facts *facts;
};

static int read_there(void *data, struct kx_error *err)
{
	const struct job *job = data;

	child_run(STDIN_FILENO, job->url, job->facts);
	return 0;
}

static int run(struct server *server, const char *url, const struct kx_facts *facts,
	       struct kx_netboot *ret, struct kx_error *err)
{
	const char *const argv[] = { "the process that reads the menu", NULL };
	struct kx_child child = KX_CHILD_NONE;
	struct job job = { url, facts };
	int fds[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return kx_fail(err, errno, "cannot make a socket: %s", strerror(errno));
	r = kx_child_start(&(struct kx_child_plan){ .argv = argv,
						    .fds = { fds[1], -1, -1 },
						    .fd_count = 3,
						    .max_file = KX_CHILD_WORDS_MAX,
						    .work = read_there,
						    .data = &job,
						    .seconds = SECONDS_END },
			   &child, err);
	close(fds[1]);
	server->fd = fds[0];
	if (r == 0)
		r = serve(server, ret, err);
	/* What it said before is more than that it is gone. */
	if (r == -EPIPE)
		kx_child_wait(&child, err);
	kx_child_end(&child);
	close(fds[0]);
	return r;
}

int kx_netboot_menu(const struct kx_tool *tool, const struct kx_args *args, const char *url,
		    struct kx_netboot *ret, struct kx_error *err)
{
	_cleanup_(kx_facts_clear) struct kx_facts facts = { 0 };
	struct server server = {
		.tool = tool,
		.sum_count = args->sha256_count + args->sums_count,
		.asker.left = args->choose,
	};
	struct kx_args bare = *args;
	int r;

	/* Of checksums, what the menu starts is checked by; nothing but the connection vouches for itself. */
	bare.sha256_count = bare.sums_count = 0;
	bare.sums_signature = bare.keyring = NULL;
	r = kx_trust_begin(tool, &bare, &server.trust, err);
	if (r == 0 && kx_facts_read(tool, url, &facts) < 0)
		r = kx_fail(err, ENOMEM, "out of memory");
	if (r == 0)
		r = run(&server, url, &facts, ret, err);
	kx_trust_clear(&server.trust);
	return r;
}
