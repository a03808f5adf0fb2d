// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool.h"

int main(int argc, char **argv)
{
	const struct kx_tool tool = {
		.sys = kx_sys_linux(),
		.root = "/",
		.libexec = KX_LIBEXEC,
		.netboot = { KX_SYSCONFDIR "/kexec/netboot", KX_DATADIR "/kexec/netboot" },
		.gpgv = "/usr/bin/gpgv",
	};

	return kx_tool_main(argc, argv, &tool);
}
