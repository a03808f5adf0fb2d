// SPDX-License-Identifier: GPL-2.0-or-later
/* --keep-network, --add, --ssh-keys: what the next system is given of this one. */
#include "carry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "machine/machine.h"
#include "machine/root.h"
#include "machine/text.h"
#include "util.h"

/* A file of keys is some lines; passwd of a directory's users is longer. */
#define KEYS_MAX (1U << 20)

static int add(struct kx_order *order, struct kx_source *source, char *path, uint32_t mode,
	       struct kx_error *err)
{
	struct kx_carry *carry = &order->carry;
	struct kx_add *adds = reallocarray(carry->adds, carry->count + 1, sizeof(*adds));
	struct kx_source **sources =
		reallocarray(carry->sources, carry->count + 1, sizeof(struct kx_source *));

	if (adds)
		carry->adds = adds;
	if (sources)
		carry->sources = sources;
	if (!adds || !sources) {
		kx_source_free(source);
		free(path);
		return kx_fail(err, ENOMEM, "out of memory");
	}
	sources[carry->count] = source;
	adds[carry->count++] = (struct kx_add){ .source = source, .path = path, .mode = mode };
	return 0;
}

/* ---- --add ----------------------------------------------------------------------------------- */

/* A file on disk keeps its permissions; what comes from elsewhere has none. */
static uint32_t mode_of(const char *file)
{
	struct stat st;

	return strcmp(file, "-") != 0 && stat(file, &st) == 0 ? st.st_mode & 0777 : 0644;
}

/* "FILE=PATH": of several equal signs the one before PATH, which is absolute, counts. */
static int add_file(const char *text, struct kx_order *order, struct kx_error *err)
{
	const char *equals = strrchr(text, '=');
	_cleanup_free_ char *file = NULL, *path = NULL;
	struct kx_source *source = NULL;
	int r;

	if (!equals || equals == text || equals[1] != '/')
		return kx_fail(err, EINVAL,
			       "--add=%s is not FILE=PATH; give the file, and where it goes in the "
			       "next system, as --add=motd=/etc/motd",
			       text);
	file = strndup(text, (size_t)(equals - text));
	path = strdup(equals + 1);
	if (!file || !path)
		return kx_fail(err, ENOMEM, "out of memory");
	r = kx_order_open_file(file, &source, err);
	return r < 0 ? r : add(order, source, kx_steal(path), mode_of(file), err);
}

/* The same of a menu's: an address, where it goes, and its permissions. */
static int add_placed(struct kx_inputs *inputs, const char *const *placed, struct kx_order *order,
		      struct kx_error *err)
{
	_cleanup_free_ char *path = strdup(placed[1]);
	struct kx_source *source = NULL;
	int r = path ? kx_order_open(inputs, placed[0], &source, err)
		     : kx_fail(err, ENOMEM, "out of memory");

	return r < 0 ? r
		     : add(order, source, kx_steal(path), (uint32_t)strtoul(placed[2], NULL, 8),
			   err);
}

/* ---- --ssh-keys ------------------------------------------------------------------------------ */

static bool is_host_key(const char *name, bool *ret_public)
{
	size_t size = strlen(name);

	*ret_public = size > 4 && !strcmp(name + size - 4, ".pub");
	if (*ret_public)
		size -= 4;
	return !strncmp(name, "ssh_host_", 9) && size > 13 && !strncmp(name + size - 4, "_key", 4);
}

static int add_host_key(const char *root, const char *name, bool public, struct kx_order *order,
			struct kx_error *err)
{
	_cleanup_free_ char *path = NULL, *file = NULL;
	struct kx_source *source = NULL;
	int r;

	if (asprintf(&path, "/etc/ssh/%s", name) < 0)
		path = NULL;
	if (asprintf(&file, "%s/etc/ssh/%s", strcmp(root, "/") ? root : "", name) < 0)
		file = NULL;
	if (!path || !file)
		return kx_fail(err, ENOMEM, "out of memory");
	r = kx_source_open(file, KEYS_MAX, &source, err);
	return r < 0 ? r : add(order, source, kx_steal(path), public ? 0644 : 0600, err);
}

static int add_host_keys(struct kx_root *root, const char *path, struct kx_order *order,
			 struct kx_error *err)
{
	_cleanup_(kx_names_clear) struct kx_names names = { 0 };
	bool public = false;
	int r = kx_root_list(root, "/etc/ssh", &names);

	if (r < 0)
		return r == -ENOENT ? 0
				    : kx_fail(err, -r, "cannot read /etc/ssh: %s", strerror(-r));
	for (size_t i = 0; r == 0 && i < names.count; i++)
		if (is_host_key(names.v[i], &public))
			r = add_host_key(path, names.v[i], public, order, err);
	return r;
}

/* "name:x:1000:1000:Full Name:/home/name:/bin/sh" (passwd(5)) */
static char *home_of(struct kx_root *root, const char *user)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_view text, line, field = { 0 };
	char *home = NULL;

	if (kx_root_read(root, "/etc/passwd", KEYS_MAX, &blob) < 0)
		return NULL;
	text = kx_blob_view(&blob);
	while (kx_text_line(&text, &line)) {
		bool whole = kx_text_field(&line, ':', &field) && kx_text_is(field, user);

		for (unsigned i = 0; whole && i < 5; i++)
			whole = kx_text_field(&line, ':', &field);
		if (whole && kx_text_starts(field, "/") && kx_text_dup(field, &home) == 0)
			return home;
	}
	return NULL;
}

/* Adds the keys of a home to @out. */
static void put_keys(struct kx_root *root, const char *home, FILE *out)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/.ssh/authorized_keys", home) < 0) {
		path = NULL;
		return;
	}
	if (kx_root_read(root, path, KEYS_MAX, &blob) < 0 || !blob.size)
		return;
	fwrite(blob.data, 1, blob.size, out);
	if (blob.data[blob.size - 1] != '\n')
		fputc('\n', out);
}

/* Root's, and those of who became root: they are whom the next system is to let in. */
static int add_authorized(struct kx_root *root, struct kx_order *order, struct kx_error *err)
{
	const char *user = getenv("SUDO_USER");
	_cleanup_free_ char *home = user ? home_of(root, user) : NULL;
	struct kx_carry *carry = &order->carry;
	FILE *out = open_memstream(&carry->keys, &carry->keys_size);
	struct kx_source *source = NULL;
	bool ok;
	int r;

	if (!out)
		return kx_fail(err, ENOMEM, "out of memory");
	put_keys(root, "/root", out);
	if (home && strcmp(home, "/root") != 0)
		put_keys(root, home, out);
	ok = !ferror(out);
	if (fclose(out) != 0 || !ok)
		return kx_fail(err, ENOMEM, "out of memory");
	if (!carry->keys_size) {
		kx_say("warning: neither root nor the user of sudo has a key in "
		       ".ssh/authorized_keys that would be let in");
		return 0;
	}
	r = kx_source_from_memory("authorized_keys", carry->keys, carry->keys_size, &source, err);
	return r < 0 ? r : add(order, source, NULL, 0600, err);
}

static int add_keys(const char *path, struct kx_order *order, struct kx_error *err)
{
	_cleanup_(kx_root_close) struct kx_root root = KX_ROOT_NONE;
	size_t before = order->carry.count;
	int r;

	/* Keys stay out of swap; who may not lock memory cannot read them either. */
	mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	r = kx_root_open(path, &root, err);
	if (r == 0)
		r = add_host_keys(&root, path, order, err);
	if (r == 0)
		r = add_authorized(&root, order, err);
	if (r == 0 && order->carry.count == before)
		return kx_fail(err, ENOENT,
			       "--ssh-keys: there are no keys in /etc/ssh and no authorized_keys; "
			       "leave it out, or give files by --add");
	return r;
}

/* ---- all ------------------------------------------------------------------------------------- */

int kx_order_carry(struct kx_inputs *inputs, const struct kx_machine *machine,
		   const struct kx_args *args, struct kx_order *order, struct kx_error *err)
{
	int r = args->ssh_keys ? add_keys(machine->root, order, err) : 0;

	for (size_t i = 0; r == 0 && i < args->add_count; i++)
		r = add_file(args->adds[i], order, err);
	for (size_t i = 0; r == 0 && i + 2 < args->placed_count; i += 3)
		r = add_placed(inputs, args->placed + i, order, err);
	order->request.keep_network = (enum kx_keep_network)args->keep_network;
	order->request.adds = order->carry.adds;
	order->request.add_count = order->carry.count;
	return r;
}

void kx_carry_clear(struct kx_carry *carry)
{
	for (size_t i = 0; i < carry->count; i++) {
		kx_source_free(carry->sources[i]);
		free((char *)carry->adds[i].path);
	}
	free(carry->sources);
	free(carry->adds);
	free(carry->keys);
	*carry = (struct kx_carry){ 0 };
}

/* ---- output ---------------------------------------------------------------------------------- */

void kx_carry_print(FILE *out, const struct kx_plan *plan)
{
	const char *why = NULL, *network = kx_plan_network(plan, &why);

	if (network) {
		fprintf(out, "network   as %s: ", network);
		kx_text_put(out, why);
		fputc('\n', out);
	}
	for (size_t i = 0; i < kx_plan_carried_count(plan); i++) {
		const struct kx_carried *file = kx_plan_carried(plan, i);

		fputs("carried   ", out);
		kx_text_put(out, file->path);
		fprintf(out, " (%04o, %s)\n", file->mode, kx_size_text(file->size).s);
	}
}

void kx_carry_json(struct json_object *json, const struct kx_plan *plan)
{
	const char *why = NULL, *network = kx_plan_network(plan, &why);
	struct json_object *files, *item;
	char mode[8];

	if (network) {
		item = json_object_new_object();
		kx_json_string(item, "as", network);
		kx_json_string(item, "why", why);
		json_object_object_add(json, "network", item);
	}
	if (!kx_plan_carried_count(plan))
		return;
	files = json_object_new_array();
	for (size_t i = 0; i < kx_plan_carried_count(plan); i++) {
		const struct kx_carried *file = kx_plan_carried(plan, i);

		item = json_object_new_object();
		kx_json_string(item, "path", file->path);
		kx_json_size(item, "size", file->size);
		snprintf(mode, sizeof(mode), "%04o", file->mode & 07777);
		kx_json_string(item, "mode", mode);
		json_object_array_add(files, item);
	}
	json_object_object_add(json, "carried", files);
}
