/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stand-in for GRUB4DOS's grub.exe, of its shape: boot protocol 2.03, 15 sectors of setup code, not
 * relocatable, the initrd below 0x1fffffff. Its 32-bit entry copies the command line and the boot
 * sector of the ISO image that is the initrd, drops to real mode by itself, prints the command line
 * by the BIOS and on the serial port, and starts the boot sector. Its real-mode entry says on the
 * serial port, without a BIOS, that it was the wrong one.
 */
	LOW = 0x1000			/* where the real-mode half runs */
	CMDLINE = 0x3000
	SECTOR = 0x7c00

	.code16
	.text
	.globl _start
_start:
	.org	0x1f1
	.byte	15			/* setup_sects */
	.word	0
	.long	0
	.word	0, 0, 0
	.word	0xaa55
	jmp	wrong
	.ascii	"HdrS"
	.word	0x0203
	.long	0
	.word	0x1000, 0
	.byte	0			/* type_of_loader */
	.byte	1			/* loadflags: LOADED_HIGH */
	.word	0x8000
	.long	0x100000		/* code32_start */
	.long	0, 0			/* ramdisk_image, ramdisk_size */
	.long	0
	.word	0, 0
	.long	0			/* cmd_line_ptr */
	.long	0x1fffffff		/* initrd_addr_max */
wrong:	movw	$text16, %si
1:	movw	$0x3fd, %dx
2:	inb	%dx, %al
	testb	$0x20, %al
	jz	2b
	movw	$0x3f8, %dx
	lodsb
	outb	%al, %dx
	testb	%al, %al
	jnz	1b
	jmp	.
text16:	.asciz	"real mode is the wrong entry\r\n"

	.org	16 * 512
/* Loaded to 0x100000. */
	.code32
entry32:
	cli
	/* All that must be zero, in ebx. */
	orl	%edi, %ebx
	orl	%ebp, %ebx
	movl	%ebx, %ebp
	movl	%esi, %edx

	movl	0x228(%edx), %esi
	movl	$CMDLINE, %edi
	movl	$1536, %ecx
	rep movsb

	/* The image's boot catalog, ECMA-119 17.. and El Torito 1.0, and what its first entry loads. */
	movl	0x218(%edx), %ebx
	movl	17 * 2048 + 0x47(%ebx), %esi
	shll	$11, %esi
	movl	32 + 8(%esi, %ebx), %esi
	shll	$11, %esi
	addl	%ebx, %esi
	movl	$SECTOR, %edi
	movl	$512, %ecx
	rep movsl
	movl	0x21c(%edx), %eax
	movl	%eax, CMDLINE - 4

	movl	$(0x100000 + low - entry32), %esi
	movl	$LOW, %edi
	movl	$(low_end - low), %ecx
	rep movsb
	lgdt	0x100000 + pointer - entry32
	ljmp	$8, $LOW

	.balign	8
gdt:	.quad	0
	.quad	0x00009b000000ffff
	.quad	0x000093000000ffff
pointer:
	.word	. - gdt - 1
	.long	0x100000 + gdt - entry32

	.code16
low:	movw	$16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	lidt	LOW + ivt - low
	movl	%cr0, %eax
	andb	$~1, %al
	movl	%eax, %cr0
	ljmp	$0, $(LOW + 1f - low)
1:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$SECTOR, %sp
	sti
	movw	$(LOW + says - low), %si
	call	text
	movw	$(LOW + bad - low), %si
	testl	%ebp, %ebp
	jnz	1f
	movw	$CMDLINE, %si
1:	call	text
	movw	$(LOW + end - low), %si
	call	text
	movb	$0xff, %dl
	ljmp	$0, $SECTOR

text:	lodsb
	testb	%al, %al
	jz	1f
	movb	$0x0e, %ah
	movw	$7, %bx
	int	$0x10
	movb	%al, %ah
	movw	$0x3fd, %dx
2:	inb	%dx, %al
	testb	$0x20, %al
	jz	2b
	movb	%ah, %al
	movw	$0x3f8, %dx
	outb	%al, %dx
	jmp	text
1:	ret
ivt:	.word	0x3ff
	.long	0
says:	.asciz	"\r\nstand-in for grub.exe: "
bad:	.asciz	"registers are not zero"
end:	.asciz	"#\r\n"
low_end:
	.balign	16
