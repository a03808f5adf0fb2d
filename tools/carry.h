/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KX_TOOL_CARRY_H
#define KX_TOOL_CARRY_H

#include "inputs.h"
#include "json.h"
#include "names.h"
#include "tool.h"

/**
 * kx_order_carry() - open what --add and --ssh-keys name, and what a menu puts into the initrd, for the order's request
 *
 * Errors: -EINVAL, -ENOENT without any key, -ENOMEM, and what opening a source says.
 */
int kx_order_carry(struct kx_inputs *inputs, const struct kx_machine *machine,
		   const struct kx_args *args, struct kx_order *order, struct kx_error *err);
/**
 * kx_carry_lock() - keys stay out of swap from now on, in this process, when it is root's; no other can read them
 * @privileged: it keeps what it is allowed
 *
 * Errors, without a message: what mlockall(2) says. -EPERM also for who is not @privileged any more and may not lift the limit
 * (CAP_SYS_RESOURCE): with one, that process would run out of memory.
 */
int kx_carry_lock(bool privileged);
void kx_carry_clear(struct kx_carry *carry);

/* What is carried over: names, sizes and permissions, never contents. */
void kx_carry_print(FILE *out, const struct kx_plan *plan);
void kx_carry_json(struct json_object *json, const struct kx_plan *plan);

#endif
