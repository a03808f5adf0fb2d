// SPDX-License-Identifier: LGPL-2.1-or-later
/* /proc/meminfo: proc(5); all of it in KiB. */
#include <errno.h>

#include "base/overflow.h"
#include "machine/readers.h"
#include "machine/text.h"
#include "util.h"

static int meminfo_line(struct kx_view line, const char *name, uint64_t *ret, struct kx_error *err)
{
	struct kx_view field, number;
	uint64_t value;

	if (!kx_text_field(&line, ':', &field) || !kx_text_is(field, name))
		return 0;
	if (!kx_text_word(&line, &number) || !kx_text_u64(number, 10, &value) ||
	    kx_mul_overflow(value, 1024, &value))
		return kx_malformed(err, "/proc/meminfo", field, "a number of kB");
	*ret = value;
	return 0;
}

int kx_read_meminfo(struct kx_root *root, struct kx_machine *machine, struct kx_error *err)
{
	_cleanup_(kx_blob_clear) struct kx_blob blob = { 0 };
	struct kx_view rest, line;
	int r;

	r = kx_root_read(root, "/proc/meminfo", KX_CAP_VALUE, &blob);
	if (r < 0)
		return r;
	rest = kx_blob_view(&blob);
	while (kx_text_line(&rest, &line)) {
		r = meminfo_line(line, "MemTotal", &machine->mem_total, err);
		if (r >= 0)
			r = meminfo_line(line, "MemAvailable", &machine->mem_available, err);
		if (r < 0)
			return r;
	}
	return 0;
}
