// SPDX-License-Identifier: GPL-2.0-or-later
#include "tool.h"

int main(int argc, char **argv)
{
	return kx_tool_main(argc, argv, kx_sys_linux(), "/");
}
