/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands for a next kernel that is entered in real mode: prints the state it was entered in on the
 * first serial port, then what the BIOS answers, and ends QEMU. Entered at any cs with ip 0x20; all
 * its memory is addressed through cs.
 */
	.code16
	.text
	.globl _start
	.org	0x20
_start:
	movl	%esp, %cs:saved
	movw	%ss, %cs:saved + 4
	pushfl				/* on the stack it was given */
	popl	%cs:saved + 8
	movl	%eax, %cs:saved + 12
	movl	%ebx, %cs:saved + 16
	movl	%ecx, %cs:saved + 20
	movl	%edx, %cs:saved + 24
	movl	%esi, %cs:saved + 28
	movl	%edi, %cs:saved + 32
	movl	%ebp, %cs:saved + 36
	movw	%cs, %cs:saved + 40
	movw	%ds, %cs:saved + 44
	movw	%es, %cs:saved + 48
	movw	%fs, %cs:saved + 52
	movw	%gs, %cs:saved + 56
	movl	%cr0, %eax
	movl	%eax, %cs:saved + 60
	sidtl	%cs:saved + 64
	movw	%cs, %ax
	movw	%ax, %ss
	movw	$stack_end, %sp
	movw	%ax, %ds

	int	$0x12			/* memory size, KiB */
	movw	%ax, saved + 72
	movw	%ds, %ax
	movw	%ax, %es
	movl	$0xe820, %eax
	movl	$0x534d4150, %edx
	movl	$20, %ecx
	xorl	%ebx, %ebx
	movw	$buffer, %di
	int	$0x15
	movl	%eax, saved + 76

	/* A20: are 0000:0500 and ffff:0510 two places? */
	xorw	%ax, %ax
	movw	%ax, %fs
	decw	%ax
	movw	%ax, %gs
	movl	%gs:0x510, %eax
	notl	%eax
	movl	%eax, %fs:0x500
	cmpl	%gs:0x510, %eax
	setne	saved + 80

	movw	$reached, %bx
1:	movb	(%bx), %al
	testb	%al, %al
	jz	1f
	call	put
	incw	%bx
	jmp	1b
1:	movw	$saved, %di
	movw	$21, %si
1:	movl	(%di), %eax
	call	number
	addw	$4, %di
	decw	%si
	jnz	1b

	/* The BIOS's clock moves, or this waits forever. */
	sti
	movl	%fs:0x46c, %eax
1:	hlt
	cmpl	%fs:0x46c, %eax
	je	1b
	movw	$ticked, %bx
1:	movb	(%bx), %al
	testb	%al, %al
	jz	1f
	call	put
	incw	%bx
	jmp	1b
1:	movl	$0x10, %eax		/* isa-debug-exit: status 0x21 */
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

number:
	movl	%eax, %ebp
	movb	$8, %ch
1:	roll	$4, %ebp
	movw	%bp, %bx
	andw	$15, %bx
	movb	digits(%bx), %al
	call	put
	decb	%ch
	jnz	1b
	movb	$' ', %al
	jmp	put

digits:
	.ascii	"0123456789abcdef"
reached:
	.asciz	"\nreached "
ticked:
	.asciz	"ticked\n"
	.balign	4
saved:
	.skip	84
buffer:
	.skip	32
	.skip	512
stack_end:
