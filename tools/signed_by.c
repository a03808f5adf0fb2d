// SPDX-License-Identifier: GPL-2.0-or-later
#include "signed_by.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/endian.h"
#include "child.h"
#include "libexec/verify_protocol.h"
#include "source.h"
#include "url.h"
#include "util.h"

/* Reading and hashing take seconds. */
#define SECONDS 120

static void free_sourcep(struct kx_source **source)
{
	kx_source_free(*source);
}

static int put(int fd, const void *data, size_t size, struct kx_error *err)
{
	const char *at = data;

	while (size) {
		ssize_t n = kx_retry(write(fd, at, size));

		if (n <= 0)
			return kx_fail(err, ENOMEM, "no memory to check a signature");
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

/* A descriptor of the file's bytes, from their beginning. */
static int file_of(const struct kx_source *source, int *ret, struct kx_error *err)
{
	int fd = kx_source_fd(source);

	if (fd >= 0) {
		*ret = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		return *ret < 0 ? kx_fail(err, errno, "cannot check a signature: %m") : 0;
	}
	*ret = kx_memory_file_of("kernel", kx_source_view(source), err);
	return *ret < 0 ? *ret : 0;
}

static int put_certificate(int fd, const char *path, struct kx_error *err)
{
	_cleanup_(free_sourcep) struct kx_source *certificate = NULL;
	uint8_t size[4];
	int r = kx_source_open(path, KX_VERIFY_MAX, &certificate, err);

	if (r < 0)
		return r;
	kx_put_le32(size, (uint32_t)kx_source_size(certificate));
	r = put(fd, size, sizeof(size), err);
	return r < 0 ? r : put(fd, kx_source_data(certificate), kx_source_size(certificate), err);
}

/* Those who are to be believed come from this machine. */
static int put_certificates(const struct kx_args *args, int *ret, struct kx_error *err)
{
	int r;

	*ret = kx_memory_file("certificates", err);
	r = *ret < 0 ? *ret : 0;
	for (size_t i = 0; r == 0 && i < args->signed_by_count; i++)
		r = put_certificate(*ret, args->signed_by[i], err);
	return r;
}

static int put_signature(const struct kx_args *args, struct kx_inputs *inputs, int *ret,
			 struct kx_error *err)
{
	_cleanup_(free_sourcep) struct kx_source *signature = NULL;
	int r;

	if (!args->signature) {
		*ret = kx_memory_file("signature", err);
		return *ret < 0 ? *ret : 0;
	}
	r = kx_url_is(args->signature)
		    ? kx_fetch(inputs->tool, &inputs->trust.fetch, args->signature, &signature, err)
		    : kx_order_open_file(args->signature, &signature, err);
	return r < 0 ? r : file_of(signature, ret, err);
}

static int run(const char *program, const struct kx_source *kernel, const int *fds,
	       struct kx_error *err)
{
	const char *const argv[] = { program, NULL };
	const struct kx_child_plan plan = {
		.argv = argv,
		.fds = { fds[0], -1, -1, fds[1], fds[2] },
		.fd_count = 5,
		.max_file = 1 << 20,
		.seconds = SECONDS,
	};
	struct kx_child child = KX_CHILD_NONE;
	int r = kx_child_start(&plan, &child, err);

	if (r == -ENOENT)
		return kx_fail(err, EOPNOTSUPP,
			       "--signed-by needs %s, which is not installed; install a kexec that "
			       "was built with OpenSSL",
			       program);
	if (r < 0)
		return r;
	r = kx_child_wait(&child, err);
	if (r == KX_VERIFY_SIGNED)
		return 0;
	if (r == KX_VERIFY_NOT)
		kx_error_prefix(err, "%s", kx_source_name(kernel));
	return r < 0 ? r : -EACCES;
}

static int check(const struct kx_tool *tool, const struct kx_args *args, struct kx_inputs *inputs,
		 const struct kx_source *kernel, int *fds, struct kx_error *err)
{
	_cleanup_free_ char *program = NULL;
	int r = file_of(kernel, &fds[0], err);

	if (r == 0)
		r = put_certificates(args, &fds[1], err);
	if (r == 0)
		r = put_signature(args, inputs, &fds[2], err);
	if (r < 0)
		return r;
	if (asprintf(&program, "%s/kexec-verify", tool->libexec) < 0) {
		program = NULL;
		return kx_fail(err, ENOMEM, "out of memory");
	}
	return run(program, kernel, fds, err);
}

int kx_signed_by_check(const struct kx_tool *tool, const struct kx_args *args,
		       struct kx_inputs *inputs, const struct kx_source *kernel,
		       struct kx_error *err)
{
	int fds[] = { -1, -1, -1 }, r;

	if (!args->signed_by_count)
		return args->signature ? kx_fail(err, EINVAL,
						 "--signature says nothing without --signed-by; "
						 "give the signer's certificate")
				       : 0;
	r = check(tool, args, inputs, kernel, fds, err);
	for (size_t i = 0; i < 3; i++)
		kx_closep(&fds[i]);
	return r;
}
