/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KX_TRIAL_H
#define KX_TRIAL_H

#include "libkexec.h"

/**
 * kx_trial_archive() - an archive for the end of an initrd, with the program of tools/trial/init.c in it
 * @ret: malloc'ed, *ret_size bytes
 *
 * Errors: -ENOMEM.
 */
int kx_trial_archive(uint8_t **ret, size_t *ret_size, struct kx_error *err);

#endif
