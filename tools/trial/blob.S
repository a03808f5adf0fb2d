/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program for a trial boot, as bytes of the command; data to every host, whatever its architecture. */
	.section .rodata
	.balign 16
	.globl kx_trial_init
	.hidden kx_trial_init
kx_trial_init:
	.incbin KX_TRIAL_INIT
	.globl kx_trial_init_end
	.hidden kx_trial_init_end
kx_trial_init_end:
	.section .note.GNU-stack, "", %progbits
