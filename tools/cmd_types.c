// SPDX-License-Identifier: GPL-2.0-or-later
/* kexec --type=help [KERNEL]: the types, and what each of them says about a file. */
#include "tool.h"

#include <errno.h>

#include "util.h"
#include "wire.h"

/* Is it of this type, as far as its header says? */
static bool print_type(FILE *out, size_t i, const struct kx_request *request)
{
	struct kx_style style = kx_style_of(out);
	struct kx_error err = { 0 };
	int r = kx_format_probe(i, request, &err);

	fprintf(out, "  %-16s", kx_format_name(i));
	kx_text_wrap(out, r == 0 ? "yes" : err.text, 18, 18, style.width);
	return r == 0;
}

/* What would be done with it, in one line; when no type took it, each has said why already. */
static int print_choice(FILE *out, const struct kx_machine *machine, const struct kx_order *order,
			bool taken)
{
	_cleanup_(kx_plan_freep) struct kx_plan *plan = NULL;
	struct kx_error err = { 0 };
	struct kx_request request = order->request;
	const char *mode;
	int r;

	request.flags |= KX_REQUEST_EXPLAIN;
	r = kx_plan_make(machine, &request, &plan, &err);
	if (r < 0) {
		fprintf(out, "not loaded: %s\n",
			r == -ENOEXEC && !taken ? "no type takes it" : err.text);
		return KX_EXIT_NO;
	}
	mode = kx_plan_entry_mode(plan);
	fprintf(out, "loaded as %s%s%s, entered in %s\n", kx_plan_format(plan),
		*kx_plan_containers(plan) ? " in " : "", kx_plan_containers(plan),
		mode ? mode : "64-bit mode");
	if (!kx_plan_forbidden(plan))
		return KX_EXIT_YES;
	fprintf(out, "not loaded here: %s\n", kx_plan_forbidden(plan));
	return KX_EXIT_NO;
}

static int explain(const struct kx_tool *tool, const struct kx_args *args, struct kx_error *err)
{
	_cleanup_(kx_machine_freep) struct kx_machine *machine = NULL;
	_cleanup_(kx_order_clear) struct kx_order order = { 0 };
	bool taken = false;
	int r;

	r = kx_machine_read(args->machine ? args->machine : tool->root, &machine, err);
	if (r == 0)
		r = kx_order_make(tool, machine, args, &order, err);
	if (r == 0 && kx_request_foreign(&order.request))
		r = kx_fail(err, EOPNOTSUPP,
			    "--type=help looks only at files of this machine; save it here first, "
			    "or ask `kexec plan`");
	if (r < 0)
		return r;
	order.request.type = NULL;
	printf("%s, in the order in which types are tried:\n", kx_source_name(order.kernel));
	for (size_t i = 0; kx_format_name(i); i++)
		taken |= print_type(stdout, i, &order.request);
	return print_choice(stdout, machine, &order, taken);
}

int kx_cmd_types(const struct kx_tool *tool, const struct kx_args *args)
{
	struct kx_error err = { 0 };
	int r;

	if (!args->operand_count) {
		kx_help_print_types(stdout);
		return KX_EXIT_YES;
	}
	r = explain(tool, args, &err);
	if (r < 0)
		kx_say("%s", err.text);
	return r < 0 ? KX_EXIT_ERROR : r;
}
