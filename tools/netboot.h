/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `kexec netboot` is made of. */
#ifndef KX_TOOL_NETBOOT_H
#define KX_TOOL_NETBOOT_H

#include "netboot/netboot.h"
#include "tool.h"

/* More than any machine's facts, for scripts. */
#define KX_FACTS_MAX 20

/**
 * struct kx_facts - what scripts may ask about this machine
 */
struct kx_facts {
	struct kx_netboot_setting v[KX_FACTS_MAX];
	char *values[KX_FACTS_MAX];
	size_t count;
};

/* Best effort: what cannot be read is not there. Errors: -ENOMEM. */
int kx_facts_read(const struct kx_tool *tool, const char *url, struct kx_facts *ret);
void kx_facts_clear(struct kx_facts *facts);

/**
 * kx_netboot_menu() - what a script or a configuration on the network starts
 * @args: --choose, and what says how far the network is trusted
 * @ret: to be cleared with kx_netboot_clear(): its URLs are ones that may be fetched
 *
 * It is read by a process that can do nothing but ask this one. At a terminal menus are shown there.
 *
 * Errors: as kx_netboot_run()'s; -EACCES what nothing vouches for; what kx_sandbox_enter() says.
 */
int kx_netboot_menu(const struct kx_tool *tool, const struct kx_args *args, const char *url,
		    struct kx_netboot *ret, struct kx_error *err);

/* ---- menus at a terminal --------------------------------------------------------------------- */

/**
 * struct kx_asker - who is asked
 * @left: names that --choose gives, the next one first; NULL: none was given
 */
struct kx_asker {
	const char *left;
};

/* As struct kx_netboot_ops has them. Errors also: -EOPNOTSUPP there is nobody to ask. */
int kx_ask_choose(struct kx_asker *asker, const struct kx_netboot_menu *menu, size_t *ret,
		  struct kx_error *err);
int kx_ask_read(struct kx_asker *asker, const char *setting, const char *now, uint64_t timeout,
		char **ret, struct kx_error *err);
int kx_ask_prompt(struct kx_asker *asker, const char *text, const char *key, uint64_t timeout,
		  struct kx_error *err);

#endif
