/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The flat binary that purgatory/ builds, as bytes of the library; data to every host, whatever its architecture. */
	.section .rodata
	.balign 16
	.globl kx_purgatory_x86_64
	.hidden kx_purgatory_x86_64
kx_purgatory_x86_64:
	.incbin KX_PURGATORY_X86_64
	.globl kx_purgatory_x86_64_end
	.hidden kx_purgatory_x86_64_end
kx_purgatory_x86_64_end:
	.section .note.GNU-stack, "", %progbits
