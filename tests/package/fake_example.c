// SPDX-License-Identifier: GPL-2.0-or-later
/* docs/example.c, whose main() is example_main() here, over the system and the machine of tests/cli/fake.c. */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "tool.h"

int example_main(int argc, char **argv);

static const struct kx_sys *fake_sys;
static const char *fake_root;

/* Both stand before the library's: what the example calls is these. */
const struct kx_sys *kx_sys_linux(void)
{
	return fake_sys;
}

int kx_machine_read(const char *root, struct kx_machine **ret, struct kx_error *err)
{
	int (*real)(const char *, struct kx_machine **, struct kx_error *) =
		dlsym(RTLD_NEXT, "kx_machine_read");

	return real(fake_root, ret, err);
}

int kx_tool_main(int argc, char **argv, const struct kx_tool *tool)
{
	fake_sys = tool->sys;
	fake_root = tool->root;
	return example_main(argc, argv);
}
