/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef KX_SOURCE_H
#define KX_SOURCE_H

#include "base/view.h"
#include "libkexec.h"

/* Cap on one input, in bytes: the most memory a file could ask for on any machine kexec runs on today. */
#define KX_SOURCE_MAX (UINT64_C(1) << 40)

struct kx_view kx_source_view(const struct kx_source *source);
/*
 * Why a file could not be opened, by errno: what every message about that should be. Where @path is an address it says so, without what
 * is secret in it. Return: -errno.
 */
int kx_source_not_opened(const char *path, struct kx_error *err);
/* An open descriptor of the untouched file, or -1 for pipes and memory. Owned by the source. */
int kx_source_fd(const struct kx_source *source);
/* Was it handed over open, by kx_source_from_fd()? Then it came from a network or out of an archive. */
bool kx_source_foreign(const struct kx_source *source);
/**
 * kx_source_seal() - what is there now, where nobody can change it any more
 *
 * For a file that is checked before it is used: kx_source_unchanged() cannot tell what is written through a mapping. A file of this
 * machine becomes a sealed file in memory, also for kx_source_fd(); anything else is out of reach as it is, and so is one that was
 * sealed before.
 *
 * Errors: -ENOMEM; what memfd_create(2) and mmap(2) say.
 */
int kx_source_seal(struct kx_source *source, struct kx_error *err);
/* Would it do nothing? */
bool kx_source_sealed(const struct kx_source *source);
/* Has the file changed since it was opened? Errors: -ESTALE. */
int kx_source_unchanged(const struct kx_source *source, struct kx_error *err);

#endif
