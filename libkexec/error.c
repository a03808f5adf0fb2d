// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libkexec.h"

#include <stdarg.h>
#include <string.h>

int kx_fail(struct kx_error *err, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return -code;
}

void kx_error_prefix(struct kx_error *err, const char *format, ...)
{
	struct kx_error old = *err;
	va_list args;
	size_t used;

	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", old.text);
}
