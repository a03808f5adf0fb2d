/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A boot sector, on a floppy or in an ISO image: says on screen and serial port that it runs, waits
 * for the BIOS's clock to tick, and reads from the disk that it came from. With ISO defined, sector
 * 16, whose bytes 1 to 5 are the standard identifier CD001; else the second sector of a floppy.
 */
	.code16
	.text
	.globl _start
_start:
	ljmp	$0, $(0x7c00 + 1f - _start)
	.org	64			/* room for what xorriso may patch in */
1:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp
	movb	%dl, drive
	sti
	movw	$runs, %si
	call	text
	movb	drive, %al
	call	byte

	movl	0x46c, %eax
1:	hlt
	cmpl	0x46c, %eax
	je	1b
	movw	$ticks, %si
	call	text

	movb	drive, %dl
#ifdef ISO
	movb	$0x42, %ah
	movw	$packet, %si
	int	$0x13
#else
	movw	$0x0201, %ax
	movw	$0x0002, %cx
	xorb	%dh, %dh
	movw	$0x8000, %bx
	int	$0x13
#endif
	movw	$fails, %si
	jc	1f
	movb	$0, 0x8006
	movw	$0x8001, %si
1:	call	text
	movw	$end, %si
	call	text
1:	hlt
	jmp	1b

text:	lodsb
	testb	%al, %al
	jz	1f
	call	put
	jmp	text
1:	ret

byte:	pushw	%ax
	shrb	$4, %al
	call	digit
	popw	%ax
	andb	$15, %al
digit:	movw	$digits, %bx
	xlatb
put:	pushw	%ax
	movb	$0x0e, %ah
	movw	$7, %bx
	int	$0x10
	movw	$0x3fd, %dx
1:	inb	%dx, %al
	testb	$0x20, %al
	jz	1b
	popw	%ax
	movw	$0x3f8, %dx
	outb	%al, %dx
	ret

digits:	.ascii	"0123456789abcdef"
runs:	.asciz	"\r\nboot sector runs, drive "
ticks:	.asciz	", clock ticks, reads "
fails:	.asciz	"nothing"
end:	.asciz	"!\r\n"
drive:	.byte	0
	.balign	4
packet:	.word	16, 1, 0x8000, 0
	.long	16, 0
	.org	510
	.word	0xaa55
#ifndef ISO
	.ascii	"*FLOPP"
#endif
