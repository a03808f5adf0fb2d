// SPDX-License-Identifier: GPL-2.0-or-later
/* What `kexec netboot` is given, as the options of a load: from there on it is one. */
#include "netboot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/overflow.h"
#include "cmdline.h"
#include "machine/machine.h"
#include "names.h"
#include "netboot/distro.h"
#include "url.h"
#include "util.h"

#define SUFFIX ".conf"

/* What is known of it, before it becomes options. */
struct target {
	const struct kx_tool *tool;
	const struct kx_args *args;
	struct kx_machine *machine;
	struct kx_distro distro; /* without a title when it is an address */
	struct kx_distro_order order;
	struct kx_netboot netboot;
};

static void target_clear(struct target *target)
{
	kx_machine_free(target->machine);
	kx_distro_clear(&target->distro);
	kx_distro_order_clear(&target->order);
	kx_netboot_clear(&target->netboot);
}

static int no_memory(struct kx_error *err)
{
	return kx_fail(err, ENOMEM, "out of memory");
}

/* ---- the data file --------------------------------------------------------------------------- */

static bool is_name(const char *name)
{
	return *name && *name != '.' && strlen(name) < 64 &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-._")];
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t size = strlen(name), end = strlen(suffix);

	return size > end && !strcmp(name + size - end, suffix);
}

/* All names that there are, for a message. */
static void list_names(const struct kx_tool *tool, struct kx_root *root, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < KX_ARRAY_SIZE(tool->netboot); i++) {
		_cleanup_(kx_names_clear) struct kx_names names = { 0 };

		if (kx_root_list(root, tool->netboot[i], &names) < 0)
			continue;
		for (size_t j = 0; j < names.count && used < size; j++)
			if (ends_with(names.v[j], SUFFIX))
				used += (size_t)snprintf(
					text + used, size - used, "%s%.*s", used ? ", " : "",
					(int)(strlen(names.v[j]) - strlen(SUFFIX)), names.v[j]);
	}
	if (!used)
		snprintf(text, size, "none, since no such file is installed");
}

static int unknown(const struct kx_tool *tool, struct kx_root *root, const char *name,
		   struct kx_error *err)
{
	char names[1024];

	list_names(tool, root, names, sizeof(names));
	if (!name)
		return kx_fail(err, EINVAL, "nothing to start is given: an address, or one of: %s",
			       names);
	return kx_fail(err, ENOENT,
		       "\"%s\" is no distribution that there is a file for in %s or %s, and no "
		       "address; there are: %s",
		       kx_url_text(name).s, tool->netboot[0], tool->netboot[1], names);
}

static int read_distro(const struct kx_tool *tool, struct kx_root *root, const char *name,
		       struct kx_distro *ret, struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	char path[512];
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && is_name(name) && i < KX_ARRAY_SIZE(tool->netboot); i++) {
		snprintf(path, sizeof(path), "%s/%s" SUFFIX, tool->netboot[i], name);
		r = kx_root_read(root, path, KX_DISTRO_SIZE_MAX, &blob);
	}
	if (r == -ENOENT)
		return unknown(tool, root, name, err);
	if (r < 0)
		return kx_fail(err, -r, "cannot read %s: %s", path, strerror(-r));
	return kx_distro_parse(path, kx_blob_view(&blob), ret, err);
}

static int find_distro(struct target *target, struct kx_root *root, struct kx_error *err)
{
	const struct kx_args *args = target->args;
	const struct kx_distro_choice choice = {
		.release = args->release,
		.mirror = args->mirror,
		.arch = kx_machine_arch(target->machine),
	};
	bool serial = target->machine->uart.kind != KX_UART_NONE;
	int r = read_distro(target->tool, root, args->operands[0], &target->distro, err);

	return r == 0 ? kx_distro_order(&target->distro, &choice, serial, &target->order, err) : r;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* What loading takes is known when the sizes are: kx_inputs_begin() says that. What is started, this machine must have room for. */
static int check_memory(const struct target *target, struct kx_error *err)
{
	uint64_t all = target->machine->mem_total, least = target->distro.memory;

	if (!all || least <= all)
		return 0;
	return kx_fail(err, ENOSPC, "%s needs %s of memory, and this machine has %s",
		       target->distro.title, kx_size_text(least).s, kx_size_text(all).s);
}

/* ---- what it comes to ------------------------------------------------------------------------ */

/* Kernel, initrds and command line are where a script would have put them. */
static int take_order(struct target *target, struct kx_error *err)
{
	struct kx_distro_order *order = &target->order;

	if (order->script)
		return kx_netboot_menu(target->tool, target->args, order->script, &target->netboot,
				       err);
	target->netboot.kernel = kx_steal(order->kernel);
	target->netboot.cmdline = kx_steal(order->cmdline);
	target->netboot.initrds = order->initrds;
	order->initrds = (struct kx_names){ 0 };
	return 0;
}

static int find_target(struct target *target, struct kx_error *err)
{
	_cleanup_(kx_root_close) struct kx_root root = KX_ROOT_NONE;
	const struct kx_args *args = target->args;
	const char *name = args->operand_count ? args->operands[0] : NULL;
	int r = kx_machine_read(target->tool->root, &target->machine, err);

	if (r == 0)
		r = kx_root_open(target->tool->root, &root, err);
	if (r < 0)
		return r;
	if (!name)
		return unknown(target->tool, &root, NULL, err);
	if (!kx_url_is_fetched(name)) {
		r = find_distro(target, &root, err);
		if (r == 0)
			r = check_memory(target, err);
		return r == 0 ? take_order(target, err) : r;
	}
	if (args->release || args->mirror)
		return kx_fail(err, EINVAL, "--%s goes with a distribution, not with an address",
			       args->release ? "release" : "mirror");
	return kx_netboot_menu(target->tool, args, name, &target->netboot, err);
}

/* ---- the command line ------------------------------------------------------------------------ */

static int add_words(char **line, const char *words, size_t size)
{
	char *longer;

	if (!size)
		return 0;
	if (asprintf(&longer, "%s%s%.*s", *line ? *line : "", *line && **line ? " " : "", (int)size,
		     words) < 0)
		return -ENOMEM;
	free(*line);
	*line = longer;
	return 0;
}

/* PCs' first four ports are these, whatever else names them. */
static int add_port(const struct kx_uart *uart, char **line)
{
	static const uint64_t ports[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
	char word[64] = "", baud[16] = "";

	if (uart->baud)
		snprintf(baud, sizeof(baud), ",%u", (unsigned)uart->baud);
	for (size_t i = 0; uart->kind == KX_UART_IO && i < KX_ARRAY_SIZE(ports); i++)
		if (ports[i] == uart->base)
			snprintf(word, sizeof(word), "console=ttyS%zu%s", i, baud);
	return add_words(line, word, strlen(word));
}

/* The running system's consoles, all of them in their order: the last one is where programs talk. */
static int add_consoles(const struct kx_machine *machine, bool reused, char **line)
{
	const char *pos = machine->cmdline ? machine->cmdline : "";
	bool found = false;
	struct kx_word word;
	int r = 0;

	if (kx_cmdline_find(*line, "console", &word) || reused)
		return 0;
	while (r == 0 && kx_cmdline_next(&pos, &word)) {
		if (!kx_word_is(&word, "console") || !word.value)
			continue;
		found = true;
		r = add_words(line, word.raw, word.raw_size);
	}
	return r == 0 && !found ? add_port(&machine->uart, line) : r;
}

static int make_cmdline(const struct target *target, char **ret, struct kx_error *err)
{
	_cleanup_free_ char *line = strdup(target->netboot.cmdline);
	const char *more = target->args->append;
	int r = line ? add_consoles(target->machine, target->args->reuse_cmdline, &line) : -ENOMEM;

	if (r == 0 && more)
		r = add_words(&line, more, strlen(more));
	if (r < 0)
		return no_memory(err);
	*ret = kx_steal(line);
	return 0;
}

/* ---- options --------------------------------------------------------------------------------- */

static int keep(struct kx_choice *choice, const char *text, const char **ret, struct kx_error *err)
{
	if (kx_names_add(&choice->strings, text) < 0)
		return no_memory(err);
	*ret = choice->strings.v[choice->strings.count - 1];
	return 0;
}

static int put_initrds(const struct target *target, struct kx_choice *choice, struct kx_error *err)
{
	const struct kx_names *own = &target->netboot.initrds;
	struct kx_args *args = &choice->args;
	const char **initrds = calloc(own->count + args->initrd_count + 1, sizeof(*initrds));
	int r = initrds ? 0 : no_memory(err);

	for (size_t i = 0; r == 0 && i < own->count; i++)
		r = keep(choice, own->v[i], &initrds[i], err);
	if (r < 0) {
		free(initrds);
		return r;
	}
	memcpy(initrds + own->count, args->initrds, args->initrd_count * sizeof(*initrds));
	free(args->initrds);
	args->initrds = initrds;
	args->initrd_count += own->count;
	return 0;
}

static int put_files(const struct target *target, struct kx_choice *choice, struct kx_error *err)
{
	const struct kx_names *files = &target->netboot.files;
	struct kx_args *args = &choice->args;
	int r = 0;

	free(args->placed);
	args->placed_count = 0;
	args->placed = calloc(files->count + 1, sizeof(*args->placed));
	if (!args->placed)
		return no_memory(err);
	for (size_t i = 0; r == 0 && i < files->count; i++)
		r = keep(choice, files->v[i], &args->placed[args->placed_count++], err);
	return r;
}

/* The first that is there of those that the distribution's own tools install. */
static int put_keyring(const struct target *target, struct kx_choice *choice, struct kx_error *err)
{
	const struct kx_names *keyrings = &target->distro.keyrings;
	_cleanup_(kx_root_close) struct kx_root root = KX_ROOT_NONE;
	int r = kx_root_open(target->tool->root, &root, err);

	if (r < 0 || choice->args.keyring || choice->args.insecure)
		return r;
	for (size_t i = 0; i < keyrings->count; i++) {
		_cleanup_free_ char *path = NULL;

		if (!kx_root_exists(&root, keyrings->v[i]))
			continue;
		if (asprintf(&path, "%s%s",
			     strcmp(target->tool->root, "/") ? target->tool->root : "",
			     keyrings->v[i]) < 0) {
			path = NULL;
			return no_memory(err);
		}
		return keep(choice, path, &choice->args.keyring, err);
	}
	if (kx_url_has_scheme(target->order.sums, "https")) {
		kx_say("warning: there is no keyring here to check signatures by, as %s: https "
		       "alone vouches for the files; --keyring names one",
		       keyrings->count ? keyrings->v[0] : "a file of public keys");
		return 0;
	}
	return kx_fail(err, ENOKEY,
		       "%s signs its files, but here is no keyring to check that by%s%s; give one "
		       "by --keyring, or an https address by --mirror",
		       target->distro.title, keyrings->count ? ", as " : "",
		       keyrings->count ? keyrings->v[0] : "");
}

/* Without a key, the lists are as good as the connection that they come by. */
static int put_sums(const struct target *target, struct kx_choice *choice, struct kx_error *err)
{
	const struct kx_distro_order *order = &target->order;
	struct kx_args *args = &choice->args;
	const char **sums;
	int r = 0;

	if (!order->sums || args->sums_count || args->sha256_count)
		return 0;
	if (order->release_file || order->sums_signature)
		r = put_keyring(target, choice, err);
	if (r < 0)
		return r;
	sums = calloc(3, sizeof(*sums));
	if (!sums)
		return no_memory(err);
	free(args->sums);
	args->sums = sums;
	if (order->release_file && args->keyring)
		r = keep(choice, order->release_file, &sums[args->sums_count++], err);
	if (r == 0)
		r = keep(choice, order->sums, &sums[args->sums_count++], err);
	if (r == 0 && order->sums_signature && args->keyring)
		r = keep(choice, order->sums_signature, &args->sums_signature, err);
	return r;
}

static int put_target(const struct target *target, struct kx_choice *choice, struct kx_error *err)
{
	_cleanup_free_ char *line = NULL;
	struct kx_args *args = &choice->args;
	int r = keep(choice, target->netboot.kernel, &args->operands[0], err);

	args->operand_count = 1;
	if (r == 0)
		r = put_initrds(target, choice, err);
	if (r == 0)
		r = put_files(target, choice, err);
	if (r == 0)
		r = make_cmdline(target, &line, err);
	if (r == 0)
		r = keep(choice, line, &args->append, err);
	return r == 0 ? put_sums(target, choice, err) : r;
}

static void say_target(const struct target *target)
{
	if (target->distro.title)
		kx_say("%s %s", target->distro.title, target->order.release);
	kx_say("kernel %s", kx_url_text(target->netboot.kernel).s);
	for (size_t i = 0; i < target->netboot.initrds.count; i++)
		kx_say("initrd %s", kx_url_text(target->netboot.initrds.v[i]).s);
	for (size_t i = 0; i + 2 < target->netboot.files.count; i += 3)
		kx_say("file %s as %s", kx_url_text(target->netboot.files.v[i]).s,
		       target->netboot.files.v[i + 1]);
}

int kx_netboot_find(const struct kx_tool *tool, struct kx_choice *choice, struct kx_error *err)
{
	_cleanup_(target_clear) struct target target = { .tool = tool, .args = &choice->args };
	int r = find_target(&target, err);

	if (r < 0)
		return r;
	say_target(&target);
	return put_target(&target, choice, err);
}
