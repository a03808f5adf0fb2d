// SPDX-License-Identifier: GPL-2.0-or-later
/* What a gpgv(1) that was taken over would try, in the place of gpgv: tests/cli/test_apart.py mounts it there. */
#include <stdio.h>
#include <string.h>

#include "probe.h"

int main(void)
{
	char result[1200];
	FILE *keyring = fopen(KX_SANDBOX_KEYRING_PATH, "r");

	kx_probe(KX_SANDBOX_VERIFIER, result, sizeof(result));
	fprintf(stderr, "probe: %s%s", result, keyring ? "; it has its keyring" : "");
	return 1;
}
