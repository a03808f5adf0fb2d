// SPDX-License-Identifier: GPL-2.0-or-later
/* From parsed options to a request to the library. */
#include "image.h"
#include "inputs.h"
#include "signed_by.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "carry.h"
#include "source.h"
#include "url.h"
#include "util.h"

/* ---- what options say ------------------------------------------------------------------------ */

int kx_args_built(const struct kx_args *args, struct kx_error *err)
{
	if (args->not_built)
		return kx_fail(err, EOPNOTSUPP, "--%s is not built yet", args->not_built->name);
	if (args->entry)
		return kx_fail(err, EOPNOTSUPP,
			       "--entry with another address than 0 is not built yet");
	return 0;
}

void kx_args_warn(const struct kx_args *args)
{
	for (size_t i = 1; i < args->operand_count; i++)
		kx_say("warning: argument \"%s\" is ignored, there is one kernel; initrds are "
		       "given by --initrd",
		       kx_url_text(args->operands[i]).s);
	if (args->append_again)
		kx_say("warning: --append and --command-line are given more than once; the last "
		       "one counts");
}

static int serial_port(const char *text, uint16_t *ret, struct kx_error *err)
{
	unsigned long port = 0;
	char *end = NULL;

	if (!text)
		return 0;
	if (!strcmp(text, "ttyS0"))
		port = 0x3f8;
	else if (!strcmp(text, "ttyS1"))
		port = 0x2f8;
	else if (!strncmp(text, "0x", 2))
		port = strtoul(text, &end, 16);
	if (!port || port > UINT16_MAX || (end && *end))
		return kx_fail(err, EINVAL, "--serial=%s is not a port; give ttyS0, ttyS1 or 0x3f8",
			       text);
	*ret = (uint16_t)port;
	return 0;
}

/* What a 16550's divisor can make of its 115200 Hz, from 9600 on, as kexec-tools has it. */
static int serial_baud(const char *text, uint32_t *ret, struct kx_error *err)
{
	unsigned long baud;
	char *end;

	if (!text)
		return 0;
	baud = strtoul(text, &end, 0);
	if (*end || baud < 9600 || baud > 115200 || 115200 % baud)
		return kx_fail(err, EINVAL,
			       "--serial-baud=%s is not a rate of the port; give 115200 divided by "
			       "1 to 12",
			       text);
	*ret = (uint32_t)baud;
	return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int open_reused(const struct kx_machine *machine, struct kx_order *order,
		       struct kx_error *err)
{
	const char *path = kx_machine_initrd_path(machine);
	int r;

	if (!path)
		return kx_fail(
			err, ENODATA,
			"--reuseinitrd: the running kernel did not keep its initrd; boot it with "
			"retain_initrd, or give the file by --initrd");
	r = kx_order_open_file(path, &order->initrds[0], err);
	order->initrd_count = r == 0;
	return r;
}

/* After the image's own, whose files it adds to. */
static int add_embedded(struct kx_inputs *inputs, const char *file, struct kx_order *order,
			struct kx_error *err)
{
	struct kx_source *image = NULL;
	size_t size;
	int r = kx_inputs_hold(inputs, file, &image, err);

	/* A copy, of which the kernel makes another one. */
	if (r == 0 && kx_source_size(image) > kx_room(inputs->tool, inputs->loaded))
		r = kx_fail(err, ENOSPC,
			    "cannot put %s into an initrd: it has %s, where there is room for %s; "
			    "stop what uses memory, or take an image with drivers of persistent "
			    "memory",
			    kx_url_text(kx_source_name(image)).s,
			    kx_size_text(kx_source_size(image)).s,
			    kx_size_text(kx_room(inputs->tool, inputs->loaded)).s);
	if (r == 0)
		r = kx_image_embed(image, &order->embedded, &size, err);
	if (r == 0)
		r = kx_source_unchanged(image, err);
	if (r == 0)
		r = kx_source_from_memory(kx_source_name(image), order->embedded, size,
					  &order->initrds[order->initrd_count], err);
	order->initrd_count += r == 0;
	inputs->loaded += r == 0 ? size : 0;
	return r;
}

/* The same, of what kexec-unpack has made: as little to be believed as the image. */
static int add_drivers(const struct kx_source *drivers, struct kx_order *order,
		       struct kx_error *err)
{
	int r = kx_inputs_again(drivers, &order->initrds[order->initrd_count], err);

	order->initrd_count += r == 0;
	return r;
}

static int open_initrds(struct kx_inputs *inputs, const struct kx_machine *machine,
			const struct kx_args *args, struct kx_order *order, struct kx_error *err)
{
	int r = 0;

	/* One that is reused, and those of ours. */
	order->initrds = calloc(args->initrd_count + 3, sizeof(struct kx_source *));
	if (!order->initrds)
		return kx_fail(err, ENOMEM, "out of memory");
	if (args->reuse_initrd)
		r = open_reused(machine, order, err);
	for (size_t i = 0; r == 0 && i < args->initrd_count; i++) {
		r = kx_order_open(inputs, args->initrds[i], &order->initrds[order->initrd_count],
				  err);
		order->initrd_count += r == 0;
	}
	if (r == 0 && args->drivers)
		r = add_drivers(args->drivers, order, err);
	return r == 0 && args->embedded ? add_embedded(inputs, args->embedded, order, err) : r;
}

/* "FILE ARGS": the file's name ends at the first blank. */
static int open_module(struct kx_inputs *inputs, const char *text, struct kx_order *order,
		       struct kx_error *err)
{
	_cleanup_free_ char *path = strndup(text, strcspn(text, " "));
	const char *args = text + strcspn(text, " ");
	size_t i = order->module_count;
	int r;

	if (!path)
		return kx_fail(err, ENOMEM, "out of memory");
	r = kx_order_open(inputs, path, &order->module_sources[i], err);
	if (r < 0)
		return r;
	order->modules[i] =
		(struct kx_module){ order->module_sources[i], args + strspn(args, " ") };
	order->module_count++;
	return 0;
}

static int open_modules(struct kx_inputs *inputs, const struct kx_args *args,
			struct kx_order *order, struct kx_error *err)
{
	int r = 0;

	order->modules = calloc(args->module_count + 1, sizeof(*order->modules));
	order->module_sources = calloc(args->module_count + 1, sizeof(struct kx_source *));
	if (!order->modules || !order->module_sources)
		return kx_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < args->module_count; i++)
		r = open_module(inputs, args->modules[i], order, err);
	return r;
}

/* The reused one first, then what was appended, as kexec-tools combines them. */
static int make_cmdline(const struct kx_machine *machine, const struct kx_args *args, char **ret,
			struct kx_error *err)
{
	_cleanup_free_ char *reused = NULL;
	const char *append = args->append ? args->append : "";
	int r;

	if (args->reuse_cmdline) {
		r = kx_cmdline_reuse(machine, args->panic, &reused, err);
		if (r < 0)
			return r;
	}
	if (asprintf(ret, "%s%s%s", reused ? reused : "", reused && *reused && *append ? " " : "",
		     append) < 0) {
		*ret = NULL;
		return kx_fail(err, ENOMEM, "out of memory");
	}
	return 0;
}

static int open_each(struct kx_inputs *inputs, const struct kx_machine *machine,
		     const struct kx_args *args, struct kx_order *order, struct kx_error *err)
{
	int r = kx_order_open(inputs, args->operands[0], &order->kernel, err);

	if (r == 0 && args->signed_by_count)
		r = kx_inputs_keep(inputs, order->kernel, err);
	if (r == 0)
		r = kx_signed_by_check(inputs->tool, args, inputs, order->kernel, err);
	if (r == 0)
		r = kx_order_open_companions(args->operands[0], order, err);
	if (r == 0)
		r = open_initrds(inputs, machine, args, order, err);
	if (r == 0)
		r = open_modules(inputs, args, order, err);
	if (r == 0 && args->ramdisk)
		r = kx_order_open(inputs, args->ramdisk, &order->ramdisk, err);
	if (r == 0 && args->dtb)
		r = kx_order_open(inputs, args->dtb, &order->dtb, err);
	return r;
}

static int open_all(const struct kx_tool *tool, const struct kx_machine *machine,
		    const struct kx_args *args, struct kx_order *order, struct kx_error *err)
{
	_cleanup_(kx_inputs_clear) struct kx_inputs own = { 0 };
	struct kx_inputs *inputs = args->inputs ? args->inputs : &own;
	int r = args->inputs ? 0 : kx_inputs_begin(tool, machine, args, &own, err);

	/* First what is here: nobody waits for a download to hear that it was in vain. */
	if (r == 0)
		r = kx_order_carry(inputs, machine, args, order, err);
	if (r == 0)
		r = open_each(inputs, machine, args, order, err);
	if (r == 0)
		r = kx_trust_end(&inputs->trust, err);
	return r;
}

int kx_order_make(const struct kx_tool *tool, const struct kx_machine *machine,
		  const struct kx_args *args, struct kx_order *ret, struct kx_error *err)
{
	struct kx_request *request = &ret->request;
	int r;

	request->type = args->type;
	request->method = (enum kx_method)args->method;
	request->entry = (enum kx_entry_mode)args->entry_mode;
	request->args = (enum kx_args_style)args->args_style;
	request->fast = (enum kx_fast)args->fast;
	request->check = (enum kx_check_kind)args->check;
	request->flags = args->flags | (args->panic ? KX_REQUEST_PANIC : 0);
	request->mem_min = args->mem_min;
	request->mem_max = args->mem_max;
	r = serial_port(args->serial, &request->serial_port, err);
	if (r == 0)
		r = serial_baud(args->baud, &request->serial_baud, err);
	if (r == 0)
		r = make_cmdline(machine, args, &ret->cmdline, err);
	if (r == 0)
		r = open_all(tool, machine, args, ret, err);
	request->kernel = ret->kernel;
	request->initrds = (const struct kx_source *const *)ret->initrds;
	request->initrd_count = ret->initrd_count;
	request->modules = ret->modules;
	request->module_count = ret->module_count;
	request->companions = (const struct kx_source *const *)ret->companions;
	request->companion_count = ret->companion_count;
	request->global_companion_count = ret->global_companion_count;
	request->dtb = ret->dtb;
	request->ramdisk = ret->ramdisk;
	/* None given: a unified kernel image brings its own. */
	request->cmdline = args->append || args->reuse_cmdline ? ret->cmdline : NULL;
	return r;
}

void kx_order_clear(struct kx_order *order)
{
	for (size_t i = 0; i < order->initrd_count; i++)
		kx_source_free(order->initrds[i]);
	free(order->initrds);
	for (size_t i = 0; i < order->companion_count; i++)
		kx_source_free(order->companions[i]);
	free(order->companions);
	for (size_t i = 0; i < order->module_count; i++)
		kx_source_free(order->module_sources[i]);
	free(order->module_sources);
	free(order->modules);
	kx_source_free(order->kernel);
	kx_source_free(order->dtb);
	kx_source_free(order->ramdisk);
	kx_carry_clear(&order->carry);
	free(order->cmdline);
	free(order->embedded);
	explicit_bzero(order->request.kaslr_seed, sizeof(order->request.kaslr_seed));
	*order = (struct kx_order){ 0 };
}
