/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan on its way from a process that read what is not trusted, and that may have been taken over by it, to the one that loads it.
 *
 * Purgatory does not travel: whoever reads the plan makes its own, for the entry that is asked for.
 */
#ifndef KX_WIRE_H
#define KX_WIRE_H

#include "libkexec.h"

/* Where a file's segments begin; what comes before is all else, with room to spare. */
#define KX_WIRE_DATA_AT (UINT64_C(1) << 20)

/**
 * kx_wire_write() - write a plan down
 * @plan: not to be used afterwards but to be freed, since its memory is given back while it is written
 * @fd: an empty file
 *
 * Errors: -EOPNOTSUPP a crash kernel's; -E2BIG; what pwrite(2) says.
 */
int kx_wire_write(struct kx_plan *plan, int fd, struct kx_error *err);

/**
 * kx_wire_read() - make a plan of what kx_wire_write() wrote, if all of it could have been planned here
 * @machine, @request: what the other process was given, but not from it
 * @fd: a file that nobody can change any more. With kx_request.adds it is overwritten when the plan is freed, as far as the plan uses it,
 *	since there are keys among them: then it is not sealed
 * @ret: to be freed with kx_plan_free(); @machine and the request's sources must outlive it
 *
 * Segments lie in what this machine has free, within the request's bounds, apart from each other; what is entered is within
 * them; the system call is one that was asked for and is allowed. Texts can be printed.
 *
 * Errors: -EBADMSG with what is wrong; -ENOSPC, -EOPNOTSUPP, -EPERM as from kx_plan_make(); -ENOMEM.
 */
int kx_wire_read(const struct kx_machine *machine, const struct kx_request *request, int fd,
		 struct kx_plan **ret, struct kx_error *err);

/* As kx_wire_read() has it; for kx_plan_free(). */
void kx_wire_wipe(const struct kx_plan *plan);

/* Did any of its files come from somewhere else than this machine's file systems: by kx_source_from_fd()? */
bool kx_request_foreign(const struct kx_request *request);

#endif
