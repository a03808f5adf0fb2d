// SPDX-License-Identifier: GPL-2.0-or-later
#include "trial/trial.h"

#include "cpio.h"
#include "trial/words.h"

/* blob.S */
extern const uint8_t kx_trial_init[], kx_trial_init_end[];

int kx_trial_archive(uint8_t **ret, size_t *ret_size, struct kx_error *err)
{
	const struct kx_cpio_file file = {
		.path = KX_TRIAL_PATH,
		.mode = 0100755,
		.content = kx_view_of(kx_trial_init, (size_t)(kx_trial_init_end - kx_trial_init)),
	};

	return kx_cpio_pack(&file, 1, ret, ret_size, err);
}
