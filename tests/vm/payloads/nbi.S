/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an Etherboot image's execute address leads to: looks for the image's header where the stack says
 * (Draft Net Boot Image Proposal 0.3, section 5), and prints on the serial port, also what its second
 * record brought. In real mode it waits for the BIOS's clock to tick, too. With LINEAR defined, it is
 * for images with the 32-bit call.
 */
	MAGIC = 0x1b031336
	SECOND = 0x300			/* of the second record, from the first */

	.text
	.globl _start
#ifdef LINEAR
	.code32
_start:
	movl	8(%esp), %edi
	movl	$BASE + lost, %esi
	cmpl	$MAGIC, (%edi)
	jne	1f
	movl	$BASE + runs, %esi
1:	call	text
	movl	$BASE + SECOND, %esi
	call	text
1:	hlt
	jmp	1b
#else
	.code16
_start:
	movw	%sp, %bp
	lesw	4(%bp), %di
	movw	%cs, %ax
	movw	%ax, %ds
	movw	$lost, %si
	cmpl	$MAGIC, %es:(%di)
	jne	1f
	movw	$runs, %si
1:	call	text
	sti
	xorw	%ax, %ax
	movw	%ax, %es
	movl	%es:0x46c, %eax
1:	hlt
	cmpl	%es:0x46c, %eax
	je	1b
	movw	$ticks, %si
	call	text
	movw	$SECOND, %si
	call	text
1:	hlt
	jmp	1b
#endif

text:	lodsb
	testb	%al, %al
	jz	2f
	movb	%al, %ah
	movw	$0x3fd, %dx
1:	inb	%dx, %al
	testb	$0x20, %al
	jz	1b
	movb	%ah, %al
	movw	$0x3f8, %dx
	outb	%al, %dx
	jmp	text
2:	ret

runs:	.asciz	"\r\nNBI image runs, "
lost:	.asciz	"\r\nNBI image finds no header, "
ticks:	.asciz	"clock ticks, "
	.org	0x200
