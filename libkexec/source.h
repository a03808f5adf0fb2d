/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef KX_SOURCE_H
#define KX_SOURCE_H

#include "base/view.h"
#include "libkexec.h"

/* Cap on one input, in bytes: the most memory a file could ask for on any machine kexec runs on today. */
#define KX_SOURCE_MAX (UINT64_C(1) << 40)

struct kx_view kx_source_view(const struct kx_source *source);
/* An open descriptor of the untouched file, or -1 for pipes and memory. Owned by the source. */
int kx_source_fd(const struct kx_source *source);
/* Was it handed over open, by kx_source_from_fd()? Then it came from a network or out of an archive. */
bool kx_source_foreign(const struct kx_source *source);
/* Has the file changed since it was opened? Errors: -ESTALE. */
int kx_source_unchanged(const struct kx_source *source, struct kx_error *err);

#endif
