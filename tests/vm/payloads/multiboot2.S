/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A multiboot2 kernel that demands SMBIOS tables and both kinds of RSDP, may be anywhere in a small range that is not
 * where it is linked, and prints what it got on the first serial port: "mb2 TYPE CONTENT" for each of these, "mb2 end".
 */
	.set	COM1, 0x3f8

	.text
	.balign	8
header:	.long	0xe85250d6, 0, header_end - header, -(0xe85250d6 + header_end - header)
	.balign	8
	.short	1, 0			/* information request */
	.long	16, 13, 14
	.balign	8
	.short	10, 0			/* relocatable: from, to, alignment, as high as possible */
	.long	24, 0x10000000, 0x1fffffff, 0x10000, 2
	.balign	8
	.short	0, 0
	.long	8
header_end:

	.globl	_start
_start:	movl	$0x8000, %esp
	cmpl	$0x36d76289, %eax
	jne	stop
	leal	8(%ebx), %esi
next:	movl	(%esi), %eax
	testl	%eax, %eax
	jz	end
	cmpl	$13, %eax
	je	show
	cmpl	$14, %eax
	je	show
	cmpl	$15, %eax
	je	show
	cmpl	$21, %eax
	jne	skip
show:	call	prefix
	movb	(%esi), %al
	call	byte
	movb	$' ', %al
	call	char
	movl	4(%esi), %ecx
	leal	8(%esi), %edi
1:	movb	(%edi), %al
	call	byte
	incl	%edi
	subl	$1, %ecx
	cmpl	$8, %ecx
	ja	1b
	movb	$'\n', %al
	call	char
skip:	addl	4(%esi), %esi
	addl	$7, %esi
	andl	$-8, %esi
	jmp	next

end:	call	prefix
	movb	$'e', %al
	call	char
	movb	$'n', %al
	call	char
	movb	$'d', %al
	call	char
	movb	$'\n', %al
	call	char
stop:	hlt
	jmp	stop

prefix:	movb	$'m', %al
	call	char
	movb	$'b', %al
	call	char
	movb	$'2', %al
	call	char
	movb	$' ', %al
	jmp	char

byte:	pushl	%eax
	shrb	$4, %al
	call	digit
	popl	%eax
	andb	$15, %al
digit:	addb	$'0', %al
	cmpb	$'9', %al
	jbe	char
	addb	$'a' - '9' - 1, %al
char:	movb	%al, %ah
	movw	$COM1 + 5, %dx
1:	inb	%dx, %al
	testb	$0x20, %al
	jz	1b
	movw	$COM1, %dx
	movb	%ah, %al
	outb	%al, %dx
	ret
