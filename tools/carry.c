// SPDX-License-Identifier: GPL-2.0-or-later
/* --keep-network, --add, --ssh-keys: what the next system is given of this one. */
#include "carry.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/overflow.h"
#include "child.h"
#include "machine/machine.h"
#include "machine/root.h"
#include "machine/text.h"
#include "url.h"
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
			       kx_url_text(text).s);
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

/* Of several, one that cannot be read leaves the others: a client that knows one of them is content. */
static int add_host_keys(struct kx_root *root, const char *path, struct kx_order *order,
			 struct kx_error *err)
{
	_cleanup_(kx_names_clear) struct kx_names names = { 0 };
	struct kx_error said = { 0 };
	size_t taken = 0;
	bool public = false;
	int r = kx_root_list(root, "/etc/ssh", &names), failed = 0;

	if (r < 0)
		return r == -ENOENT ? 0
				    : kx_fail(err, -r, "cannot read /etc/ssh: %s", strerror(-r));
	for (size_t i = 0; i < names.count; i++) {
		if (!is_host_key(names.v[i], &public))
			continue;
		r = add_host_key(path, names.v[i], public, order, &said);
		if (r == -ENOMEM)
			return kx_fail(err, ENOMEM, "%s", said.text);
		if (r < 0)
			kx_say("warning: %s; the next system does without it", said.text);
		if (r < 0 && !public)
			failed = r;
		taken += r == 0 && !public;
	}
	if (failed == 0 || taken)
		return 0;
	return kx_fail(err, -failed,
		       "--ssh-keys: none of this machine's host keys can be read; leave it out, or "
		       "give files by --add");
}

struct user {
	char *home;
	uint64_t uid, gid;
};

/* "name:x:1000:1000:Full Name:/home/name:/bin/sh" (passwd(5)) */
static bool take_user(struct kx_view line, const char *name, struct user *ret)
{
	struct kx_view v[6] = { 0 };

	for (size_t i = 0; i < KX_ARRAY_SIZE(v); i++)
		if (!kx_text_field(&line, ':', &v[i]))
			return false;
	return kx_text_is(v[0], name) && kx_text_u64(v[2], 10, &ret->uid) &&
	       kx_text_u64(v[3], 10, &ret->gid) && ret->uid < UINT32_MAX && ret->gid < UINT32_MAX &&
	       kx_text_starts(v[5], "/") && kx_text_dup(v[5], &ret->home) == 0;
}

static bool find_user(struct kx_root *root, const char *name, struct user *ret)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_view text, line;

	if (kx_root_read(root, "/etc/passwd", KEYS_MAX, &blob) < 0)
		return false;
	text = kx_blob_view(&blob);
	while (kx_text_line(&text, &line))
		if (take_user(line, name, ret))
			return true;
	return false;
}

/* Adds the keys of a home to @out; none are there where it has no such file. */
static int put_keys(struct kx_root *root, const char *home, FILE *out, struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	_cleanup_free_ char *path = NULL;
	int r;

	if (asprintf(&path, "%s/.ssh/authorized_keys", home) < 0) {
		path = NULL;
		return kx_fail(err, ENOMEM, "out of memory");
	}
	r = kx_root_read(root, path, KEYS_MAX, &blob);
	if (r < 0 && r != -ENOENT)
		return kx_fail(err, -r, "cannot read %s: %s", path, strerror(-r));
	if (r < 0 || !blob.size)
		return 0;
	fwrite(blob.data, 1, blob.size, out);
	if (blob.data[blob.size - 1] != '\n')
		fputc('\n', out);
	return 0;
}

/* Descriptors of the process that reads with a user's rights. */
enum { USER_OUT = 3, USER_ROOT = 4 };
#define USER_SECONDS 30

struct job {
	const struct user *user;
	bool live;
};

/* With fs.suid_dumpable 1 the user may trace it from then on, and it does not die with its parent any more (prctl(2)). */
static int become(const struct user *user)
{
	uid_t uid = (uid_t)user->uid;
	gid_t gid = (gid_t)user->gid;
	pid_t parent = getppid();

	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return kx_child_die_with(parent);
}

static int read_there(void *data, struct kx_error *err)
{
	const struct job *job = data;
	struct kx_root root = { .fd = USER_ROOT, .save_fd = -1, .live = job->live };
	FILE *out = fdopen(USER_OUT, "w");
	int r = out ? become(job->user) : -errno;

	if (r < 0)
		return kx_fail(err, -r, "cannot read with the rights of user %u: %s",
			       (unsigned)job->user->uid, strerror(-r));
	r = put_keys(&root, job->user->home, out, err);
	return fclose(out) == 0 ? r : kx_fail(err, errno, "cannot hand keys on: %m");
}

/*
 * In a home its user makes links, also to what root alone may read: so it is read by a process that has become that user. Who is not
 * root has no such rights.
 */
static int read_as_user(struct kx_root *root, const struct user *user, struct kx_source **ret,
			struct kx_error *err)
{
	const char *const argv[] = { "the process that reads authorized_keys", NULL };
	struct job job = { user, root->live };
	_cleanup_(kx_closep) int out = kx_memory_file("keys", err);
	const struct kx_child_plan plan = {
		.argv = argv,
		.fds = { -1, -1, -1, out, root->fd },
		.fd_count = USER_ROOT + 1,
		.max_file = KEYS_MAX + 1,
		.work = read_there,
		.data = &job,
		.seconds = USER_SECONDS,
	};
	struct kx_child child = KX_CHILD_NONE;
	int r = out < 0 ? out : kx_child_start(&plan, &child, err), from = out;

	if (r == 0)
		r = kx_child_wait(&child, err);
	if (r != 0)
		return r < 0 ? r : -EACCES;
	out = -1;
	return kx_source_from_fd("authorized_keys", from, ret, err);
}

static int put_keys_of(struct kx_root *root, const struct user *user, FILE *out,
		       struct kx_error *err)
{
	struct kx_source *keys = NULL;
	int r;

	if (geteuid() != 0)
		return put_keys(root, user->home, out, err);
	r = read_as_user(root, user, &keys, err);
	if (r == 0)
		fwrite(kx_source_data(keys), 1, kx_source_size(keys), out);
	kx_source_free(keys);
	return r == -ENODATA ? 0 : r;
}

/* A user's keys are a user's affair: what cannot be read is said. NSS is not asked: a static command has none. */
static void put_user(struct kx_root *root, const char *name, FILE *out)
{
	struct user user = { .home = NULL };
	struct kx_error err = { 0 };

	if (!find_user(root, name, &user))
		kx_say("warning: cannot tell where the authorized_keys of %s, the user of sudo, "
		       "are: /etc/passwd has no such user with a home; who is to be let in must "
		       "be in /root/.ssh/authorized_keys",
		       name);
	else if (strcmp(user.home, "/root") != 0 && put_keys_of(root, &user, out, &err) < 0)
		kx_say("warning: %s", err.text);
	free(user.home);
}

/* Root's, and those of who became root: they are whom the next system is to let in. */
static int add_authorized(struct kx_root *root, struct kx_order *order, struct kx_error *err)
{
	const char *name = getenv("SUDO_USER");
	struct kx_carry *carry = &order->carry;
	FILE *out = open_memstream(&carry->keys, &carry->keys_size);
	struct kx_source *source = NULL;
	struct kx_error said = { 0 };
	bool ok;
	int r;

	if (!out)
		return kx_fail(err, ENOMEM, "out of memory");
	if (put_keys(root, "/root", out, &said) < 0)
		kx_say("warning: %s", said.text);
	if (name && *name)
		put_user(root, name, out);
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

static int lock_all(void)
{
	return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0 ? -errno : 0;
}

/*
 * With a limit, what is mapped later would fail, unless it is not asked of us (CAP_IPC_LOCK). In a container that capability may be
 * there for show: with a limit of 0, who has it not may lock nothing.
 */
static int lock_with_privilege(void)
{
	struct rlimit was = { 0, 0 }, zero = { 0, 0 };
	int r;

	if (getrlimit(RLIMIT_MEMLOCK, &was) < 0)
		return -errno;
	zero.rlim_max = was.rlim_max;
	if (setrlimit(RLIMIT_MEMLOCK, &zero) < 0)
		return -errno;
	r = lock_all();
	setrlimit(RLIMIT_MEMLOCK, &was);
	return r;
}

int kx_carry_lock(bool privileged)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	if (geteuid() != 0)
		return 0;
	if (setrlimit(RLIMIT_MEMLOCK, &none) == 0)
		return lock_all();
	return privileged ? lock_with_privilege() : -EPERM;
}

static int add_keys(const char *path, struct kx_order *order, struct kx_error *err)
{
	_cleanup_(kx_root_close) struct kx_root root = KX_ROOT_NONE;
	size_t before = order->carry.count;
	int r;

	r = kx_carry_lock(true);
	if (r < 0)
		kx_say("warning: cannot lock the memory that the keys are in, which may be written "
		       "to swap: %s; it needs CAP_IPC_LOCK, or no limit (ulimit -l unlimited)",
		       strerror(-r));
	r = kx_root_open(path, &root, err);
	/* First, since it makes a process that is a user's: that has nothing of the host keys. */
	if (r == 0)
		r = add_authorized(&root, order, err);
	if (r == 0)
		r = add_host_keys(&root, path, order, err);
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
