/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading what is not trusted in a process that can do nothing else. */
#ifndef KX_TOOL_PARSER_H
#define KX_TOOL_PARSER_H

#include "libkexec.h"

/**
 * kx_plan_apart() - kx_plan_make(), in a process of its own where a file came from a network or out of an archive
 *
 * That process has no privileges, no files and no network; its plan is believed as little as its files. What is on this machine's file
 * systems is planned for here.
 *
 * Errors: as kx_plan_make(); -EOPNOTSUPP a crash kernel, or no sandbox; -ETIMEDOUT; -EIO when that process came to a bad end;
 * -EBADMSG when its plan cannot be right.
 */
int kx_plan_apart(const struct kx_machine *machine, const struct kx_request *request,
		  struct kx_plan **ret, struct kx_error *err);

#endif
