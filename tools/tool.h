/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command's files share. */
#ifndef KX_TOOL_H
#define KX_TOOL_H

#include "libkexec.h"
#include "options.h"
#include "text.h"

/* Exit status of verbs; the classic grammar has kexec-tools' own. */
enum { KX_EXIT_YES = 0, KX_EXIT_WARNINGS = 1, KX_EXIT_NO = 2, KX_EXIT_ERROR = 3 };

/**
 * struct kx_tool - where the command runs
 * @root: where facts are read: "/"
 */
struct kx_tool {
	const struct kx_sys *sys;
	const char *root;
};

/* All of the command, but for the choice of the system below it. Returns the exit status. */
int kx_tool_main(int argc, char **argv, const struct kx_sys *sys, const char *root);

int kx_cmd_classic(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_plan(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_status(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_check(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_types(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_list(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_last(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_crash(const struct kx_tool *tool, const struct kx_args *args);
int kx_cmd_machine(const struct kx_tool *tool, const struct kx_args *args);

/* ---- what a load is made of ------------------------------------------------------------------ */

/**
 * struct kx_order - a request with all that it points to
 */
struct kx_order {
	struct kx_request request;
	struct kx_source *kernel, *dtb;
	struct kx_source **initrds, **companions;
	size_t initrd_count, companion_count, global_companion_count;
	struct kx_module *modules;
	struct kx_source **module_sources;
	size_t module_count;
	char *cmdline;
};

/**
 * kx_order_make() - open the files and put the request together
 * @ret: zero-initialised; to be cleared with kx_order_clear(), also after an error
 *
 * Errors: -EINVAL for what options say, anything that opening a source says, -ENODATA without what
 * --reuse-cmdline or
 * --reuseinitrd need.
 */
int kx_order_make(const struct kx_machine *machine, const struct kx_args *args,
		  struct kx_order *ret, struct kx_error *err);
void kx_order_clear(struct kx_order *order);

/* kx_source_open(), saying so when it takes long. */
int kx_order_open(const char *path, struct kx_source **ret, struct kx_error *err);

/**
 * kx_order_open_companions() - what systemd-stub(7) would find beside a unified kernel image
 *
 * Directories that are not there are no error. Errors: any that opening a source says; -ENOMEM.
 */
int kx_order_open_companions(const char *kernel, struct kx_order *order, struct kx_error *err);

/* Things that the user should hear about the options themselves. */
void kx_args_warn(const struct kx_args *args);

/* Is all that was asked for built? 0, or -EOPNOTSUPP. */
int kx_args_built(const struct kx_args *args, struct kx_error *err);

/* ---- output ---------------------------------------------------------------------------------- */

void kx_plan_print(FILE *out, const struct kx_plan *plan, const struct kx_order *order,
		   const struct kx_machine *machine);
void kx_plan_draw(FILE *out, const struct kx_plan *plan);

/* While something may take long: after a second says @what on a terminal. */
void kx_progress_begin(const char *what);
void kx_progress_end(void);

static inline void kx_machine_freep(struct kx_machine **machine)
{
	kx_machine_free(*machine);
}

static inline void kx_plan_freep(struct kx_plan **plan)
{
	kx_plan_free(*plan);
}

#endif
