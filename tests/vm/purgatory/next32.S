/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands for a next kernel that is entered in protected mode: prints the state it was entered in on
 * the first serial port and ends QEMU. Uses no stack until esp is printed.
 */
	.code32
	.text
	.globl _start
_start:
	movl	%esp, saved + 28
	movl	$stack_end, %esp
	pushal				/* eax ecx edx ebx esp ebp esi edi, edi lowest */
	pushfl
	popl	saved
	movw	%cs, saved + 4
	movw	%ds, saved + 8
	movw	%es, saved + 12
	movw	%fs, saved + 16
	movw	%gs, saved + 20
	movw	%ss, saved + 24
	movl	%cr0, %eax
	movl	%eax, saved + 32
	movl	%cr4, %eax
	movl	%eax, saved + 36
	movl	$0xc0000080, %ecx
	rdmsr
	movl	%eax, saved + 40
	movw	$0x21, %dx		/* the masks that the 8259s have */
	inb	%dx, %al
	movb	%al, saved + 44
	movw	$0xa1, %dx
	inb	%dx, %al
	movb	%al, saved + 45
	movl	$reached, %ebx
1:	movb	(%ebx), %al
	testb	%al, %al
	jz	1f
	call	put
	incl	%ebx
	jmp	1b
1:	movl	$8, %esi
1:	popl	%eax
	call	number
	decl	%esi
	jnz	1b
	movl	$saved, %edi
	movl	$12, %esi
1:	movl	(%edi), %eax
	call	number
	addl	$4, %edi
	decl	%esi
	jnz	1b
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

number:
	movl	%eax, %ebx
	movl	$8, %ebp
1:	roll	$4, %ebx
	movl	%ebx, %eax
	andl	$15, %eax
	movb	digits(%eax), %al
	call	put
	decl	%ebp
	jnz	1b
	movb	$' ', %al
	jmp	put

digits:
	.ascii	"0123456789abcdef"
reached:
	.asciz	"\nreached "
	.balign	4
saved:
	.skip	48
	.skip	256
stack_end:
