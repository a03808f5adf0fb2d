// SPDX-License-Identifier: GPL-2.0-or-later
/* tick: print the time stamp counter, which a jump to another kernel does not set back. */
#include <stdio.h>
#include <x86intrin.h>

int main(void)
{
	printf("tick %llu\n", (unsigned long long)__rdtsc());
	return 0;
}
