// SPDX-License-Identifier: GPL-2.0-or-later
#include "parser.h"

#include <errno.h>
#include <unistd.h>

#include "carry.h"
#include "child.h"
#include "sandbox.h"
#include "util.h"
#include "wire.h"

/* Where the process that plans writes its plan to. */
#define PLAN_FD 3
/* Unpacking hundreds of megabytes on a slow machine takes one of them. */
#define MINUTES 10

struct job {
	const struct kx_machine *machine;
	const struct kx_request *request;
};

/* In a copy of this process. Its plan may have keys in it. */
static int plan_there(void *data, struct kx_error *err)
{
	const struct job *job = data;
	_cleanup_(kx_plan_freep) struct kx_plan *plan = NULL;
	int r;

	if (job->request->add_count)
		(void)!kx_carry_lock(false); /* of this process only failures are heard */
	r = kx_sandbox_enter(KX_SANDBOX_PARSER, err);
	if (r == 0)
		r = kx_plan_make(job->machine, job->request, &plan, err);
	return r < 0 ? r : kx_wire_write(plan, PLAN_FD, err);
}

/* kexec_load takes no more than half of memory. */
static uint64_t most_bytes(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 2 +
	       KX_WIRE_DATA_AT;
}

/* The plan, written into @fd. */
static int plan_into(int fd, struct job *job, struct kx_error *err)
{
	const char *const argv[] = { "the process that reads what is not trusted", NULL };
	const struct kx_child_plan plan = {
		.argv = argv,
		.fds = { -1, -1, -1, fd },
		.fd_count = PLAN_FD + 1,
		.max_file = most_bytes(),
		.work = plan_there,
		.data = job,
		.seconds = MINUTES * 60,
	};
	struct kx_child child = KX_CHILD_NONE;
	int r = kx_child_start(&plan, &child, err);

	if (r == 0)
		r = kx_child_wait(&child, err);
	if (r < 128)
		return r > 0 ? -r : r;
	kx_error_prefix(err, "nothing was loaded"); /* a signal ended it */
	return -EIO;
}

int kx_plan_apart(const struct kx_machine *machine, const struct kx_request *request,
		  struct kx_plan **ret, struct kx_error *err)
{
	struct job job = { machine, request };
	_cleanup_(kx_closep) int fd = -1;
	int r;

	if (!kx_request_foreign(request))
		return kx_plan_make(machine, request, ret, err);
	if (request->flags & KX_REQUEST_PANIC)
		return kx_fail(err, EOPNOTSUPP,
			       "a crash kernel cannot come from a network or out of an archive; "
			       "save its files on this machine first");
	fd = kx_memory_file("plan", err);
	if (fd < 0)
		return fd;
	r = plan_into(fd, &job, err);
	/* What has keys in it is overwritten when it is done with; whoever wrote it has ended, and could give it to nobody. */
	if (r == 0 && !request->add_count)
		r = kx_memory_file_seal(fd, err);
	return r < 0 ? r : kx_wire_read(machine, request, fd, ret, err);
}
