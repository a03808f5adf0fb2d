/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands for the next kernel: prints the state it was entered in on the first serial port and ends
 * QEMU. What rsi points to is a text to print and, 8 bytes into it, the number of an act to perform
 * first.
 */
	CONFIG_LEFT = 0x30001c		/* of old.S */

	.code64
	.text
	.globl _start
_start:
	/* Everything that must be zero, in rax. */
	orq	%rbx, %rax
	orq	%rcx, %rax
	orq	%rdx, %rax
	orq	%rdi, %rax
	orq	%rbp, %rax
	orq	%r8, %rax
	orq	%r9, %rax
	orq	%r10, %rax
	orq	%r11, %rax
	orq	%r12, %rax
	orq	%r13, %rax
	orq	%r14, %rax
	orq	%r15, %rax
	movq	%rax, %r15
	pushfq
	popq	%r14
	movq	%rsi, %r13

	movl	8(%rsi), %eax
	cmpl	$1, %eax
	jne	1f
	ud2
1:	cmpl	$2, %eax
	jne	1f
	xorl	%ecx, %ecx
	divl	%ecx
1:	cmpl	$3, %eax
	jne	1f
	movabs	$0x8000000000000000, %rbx
	movl	(%rbx), %eax		/* not canonical: #GP, error code 0 */
1:	cmpl	$4, %eax
	jne	1f
	movabs	$0x123456789000, %rbx
	movl	%eax, (%rbx)		/* not mapped: #PF, error code 2 */
1:	cmpl	$5, %eax
	jne	1f
	movl	$0x58, %ebx
	movl	%ebx, %ds		/* past the GDT's limit: #GP, error code 0x58 */
1:	cmpl	$6, %eax
	jne	1f
	int	$2
1:	cmpl	$7, %eax
	jne	1f
	movl	$0x38000000, %ebx	/* 896 MiB: mapped by the old kernel, by purgatory if asked to */
	movl	%eax, (%rbx)
1:	cmpl	$8, %eax
	jne	1f
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	movl	$CONFIG_LEFT, %ebx
	subq	(%rbx), %rax
	movq	%rax, %r15		/* in place of the zeros: the time since purgatory was entered */
1:
	leaq	reached(%rip), %rbx
	call	text
	movq	%r13, %rax
	call	number
	movq	%r15, %rax
	call	number
	movq	%r14, %rax
	call	number
	xorl	%eax, %eax
	movl	%cs, %eax
	call	number
	movl	%ds, %eax
	call	number
	movl	%es, %eax
	call	number
	movl	%ss, %eax
	call	number
	movq	%cr0, %rax
	call	number
	movq	%cr4, %rax
	call	number
	movq	%r13, %rbx
	call	text
	movb	$'\n', %al
	call	put
	movl	$0x10, %eax		/* isa-debug-exit: status 0x21 */
	outl	%eax, $0xf4
1:	hlt
	jmp	1b

put:
	movb	%al, %cl
	movw	$0x3fd, %dx
1:	inb	%dx, %al
	testb	$0x20, %al
	jz	1b
	movw	$0x3f8, %dx
	movb	%cl, %al
	outb	%al, %dx
	ret

text:
	movb	(%rbx), %al
	testb	%al, %al
	jz	1f
	call	put
	incq	%rbx
	jmp	text
1:	ret

number:
	movq	%rax, %rbx
	movl	$16, %r12d
1:	rolq	$4, %rbx
	movl	%ebx, %eax
	andl	$15, %eax
	leaq	digits(%rip), %rcx
	movb	(%rcx, %rax), %al
	call	put
	decl	%r12d
	jnz	1b
	movb	$' ', %al
	jmp	put

digits:
	.ascii	"0123456789abcdef"
reached:
	.asciz	"\nreached "
