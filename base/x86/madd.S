/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * KX_DIGEST_MADD of base/digest.h by SSE2: three instructions for 16 bytes, 204 for a group. In assembly, because purgatory's
 * time is counted in instructions, and its compiler is to use no SSE.
 *
 * void kx_madd_blocks_sse2(uint64_t lanes[4] (rdi), const uint8_t *p (rsi), size_t count (rdx))
 */
	.set	GROUP, 32	/* KX_MADD_GROUP, in blocks of 32 bytes */

	.hidden	kx_madd_keys

.macro	xorshift how, bits
	movdqa	%xmm0, %xmm1
	\how	$\bits, %xmm1
	pxor	%xmm1, %xmm0
.endm

.macro	mix
	xorshift psllq, 13
	xorshift psrlq, 7
	xorshift psllq, 17
.endm

	.text
	.globl	kx_madd_blocks_sse2
	.type	kx_madd_blocks_sse2, @function
kx_madd_blocks_sse2:
	leaq	kx_madd_keys(%rip), %rcx
	movups	(%rdi), %xmm0
	movups	16(%rdi), %xmm1
	shufps	$0x88, %xmm1, %xmm0	/* the lower halves of four lanes */

	subq	$GROUP, %rdx
	jb	2f
1:
	.set	offset, 0
	.rept	GROUP * 2
	movdqu	offset(%rsi), %xmm1
	pmaddwd	offset(%rcx), %xmm1
	paddd	%xmm1, %xmm0
	.set	offset, offset + 16
	.endr
	mix
	addq	$GROUP * 32, %rsi
	subq	$GROUP, %rdx
	jae	1b

2:	addq	$GROUP, %rdx
	jz	4f
	addq	%rdx, %rdx
3:	movdqu	(%rsi), %xmm1
	pmaddwd	(%rcx), %xmm1
	paddd	%xmm1, %xmm0
	addq	$16, %rsi
	addq	$16, %rcx
	decq	%rdx
	jnz	3b
	mix

4:	pxor	%xmm2, %xmm2
	movdqa	%xmm0, %xmm1
	punpckldq %xmm2, %xmm0
	punpckhdq %xmm2, %xmm1
	movups	%xmm0, (%rdi)
	movups	%xmm1, 16(%rdi)
	ret
	.size	kx_madd_blocks_sse2, . - kx_madd_blocks_sse2

	.section .note.GNU-stack, "", @progbits
