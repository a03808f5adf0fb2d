/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory of a kernel that has crashed: /proc/vmcore, an ELF file made of it, or makedumpfile's compressed format. Dumps
 * are as large as memory, so nothing here reads one whole: pages are read when they are asked for.
 *
 * Nothing in a dump is trusted. A dump that was cut short is opened all the same: what is not there cannot be read, and
 * kx_vmcore_missing() tells how much that is.
 */
#ifndef KX_VMCORE_H
#define KX_VMCORE_H

#include <sys/types.h>

#include "base/view.h"
#include "libkexec.h"

/**
 * struct kx_vmcore_io - where the bytes of the dump come from
 * @read: as pread(2): the bytes read, fewer at the end, or a negative errno value
 * @size: of the dump, in bytes; UINT64_MAX if not known
 */
struct kx_vmcore_io {
	ssize_t (*read)(void *context, void *to, size_t size, uint64_t offset);
	void *context;
	uint64_t size;
};

/* @fd of a file, which must stay open. Errors: that of fstat(2); -EINVAL for a directory or a pipe. */
int kx_vmcore_io_of_file(int fd, struct kx_vmcore_io *ret, struct kx_error *err);

struct kx_vmcore;

/**
 * kx_vmcore_open() - read a dump's headers and VMCOREINFO
 * @io: is copied
 * @ret: to be freed with kx_vmcore_free()
 *
 * Errors: -ENOEXEC no format of a dump; -EOPNOTSUPP one that is not read here; -EBADMSG malformed; -ENODATA without
 * VMCOREINFO; -ENOMEM; what @io's read says for the headers.
 */
int kx_vmcore_open(const struct kx_vmcore_io *io, struct kx_vmcore **ret, struct kx_error *err);
void kx_vmcore_free(struct kx_vmcore *core);

/* VMCOREINFO; owned by @core. */
struct kx_view kx_vmcore_info(const struct kx_vmcore *core);

/* The bytes of memory that the headers speak of and that the file does not have, because it was cut short. */
uint64_t kx_vmcore_missing(const struct kx_vmcore *core);

/* The size of a pointer and a long of the kernel, in bytes: 4 or 8. */
size_t kx_vmcore_word(const struct kx_vmcore *core);

/* The number in the @size bytes (1, 2, 4 or 8) at @p, in the byte order of the kernel. */
uint64_t kx_vmcore_decode(const struct kx_vmcore *core, const void *p, size_t size);

/**
 * kx_vmcore_read_phys() - copy @size bytes from physical address @pa on
 *
 * Errors: -ENODATA when not all are in the dump; what of @to is then written is not defined.
 */
int kx_vmcore_read_phys(struct kx_vmcore *core, uint64_t pa, void *to, size_t size);

/* As kx_vmcore_read_phys(), from the kernel's virtual address @va on. */
int kx_vmcore_read(struct kx_vmcore *core, uint64_t va, void *to, size_t size);

#endif
