// SPDX-License-Identifier: LGPL-2.1-or-later
/* What this process may do: proc(5), /proc/PID/status. */
#include <errno.h>
#include <stdlib.h>

#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

/* include/uapi/linux/capability.h */
#define CAP_SYS_BOOT 22

/* PROC_PID_INIT_INO of include/linux/proc_ns.h. */
#define INIT_PID_NS "pid:[4026531836]"

/* The value of "NAME:\tvalue"; false when there is no such line. */
static bool status_value(struct kx_view text, const char *name, struct kx_view *ret)
{
	struct kx_view line, field;

	while (kx_text_line(&text, &line)) {
		if (!kx_text_field(&line, ':', &field) || !kx_text_is(field, name))
			continue;
		*ret = kx_text_trim(line);
		return true;
	}
	return false;
}

static int read_capability(struct kx_view status, struct kx_machine *machine, struct kx_error *err)
{
	struct kx_view value;
	uint64_t caps;

	if (!status_value(status, "CapEff", &value))
		return 0;
	if (!kx_text_u64(value, 16, &caps))
		return kx_malformed(err, "/proc/self/status: CapEff", value,
				    "a hexadecimal number");
	machine->cap_sys_boot = caps >> CAP_SYS_BOOT & 1 ? KX_YES : KX_NO;
	return 0;
}

/* NSpid has one number for each nested namespace, as seen from the mount of /proc: several mean a
 * nested one. */
static void read_pid_ns(struct kx_root *root, struct kx_view status, struct kx_machine *machine)
{
	_cleanup_free_ char *link = NULL;
	struct kx_view value, first, second;

	if (kx_root_link(root, "/proc/self/ns/pid", &link) >= 0) {
		machine->init_pid_ns = kx_text_is(kx_text_of(link), INIT_PID_NS) ? KX_YES : KX_NO;
		return;
	}
	if (status_value(status, "NSpid", &value) && kx_text_word(&value, &first) &&
	    kx_text_word(&value, &second))
		machine->init_pid_ns = KX_NO;
}

/*
 * The kernel asks for the capability in the first user namespace, whose uid_map is the identity on
 * all 32 bits (user_namespaces(7)). In any other one CapEff is of no use here.
 */
static void read_user_ns(struct kx_root *root, struct kx_machine *machine)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	const uint64_t identity[] = { 0, 0, UINT32_MAX };
	struct kx_view rest, word;
	uint64_t value;

	if (kx_root_read(root, "/proc/self/uid_map", KX_CAP_VALUE, &blob) < 0)
		return;
	rest = kx_blob_view(&blob);
	for (unsigned i = 0; i < 3; i++)
		if (!kx_text_word(&rest, &word) || !kx_text_u64(word, 10, &value) ||
		    value != identity[i])
			machine->cap_sys_boot = KX_NO;
}

int kx_read_process(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	int r;

	r = kx_root_read(root, "/proc/self/status", KX_CAP_VALUE, &blob);
	if (r < 0)
		return r;
	read_pid_ns(root, kx_blob_view(&blob), machine);
	r = read_capability(kx_blob_view(&blob), machine, err);
	if (r >= 0)
		read_user_ns(root, machine);
	return r;
}
