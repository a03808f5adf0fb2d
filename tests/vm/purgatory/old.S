/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands for the old kernel: a multiboot 1 image that leaves the CPU as Linux's relocate_kernel
 * does, only less friendly (no stack at all, empty GDT and IDT, device memory not mapped), and
 * jumps to purgatory.
 */
	/* Set by the test: 1 for 5-level paging; where purgatory is; more CR4 bits to have set. */
	CONFIG_LA57 = 0x300000
	CONFIG_CR4 = 0x300004
	CONFIG_TARGET = 0x300008
	CONFIG_GRAPHICS = 0x300010	/* 1 leaves the VGA card in a graphics mode */

	CONFIG_LOW = 0x300014		/* where to copy what is at STAGED, which the BIOS leaves alone */
	CONFIG_LOW_SIZE = 0x300018
	CONFIG_LEFT = 0x30001c		/* gets the time stamp before the jump */
	CONFIG_CR0 = 0x300024
	STAGED = 0x2800000

	TABLES = 0x500000
	PML5 = TABLES
	PML4 = TABLES + 0x1000
	PDPT = TABLES + 0x2000
	PD_LOW = TABLES + 0x3000	/* 2 MiB ... 1 GiB */
	PD_HIGH = TABLES + 0x4000	/* 4 GiB ... 5 GiB */

	.text
	.balign	4
	.long	0x1badb002, 0, -0x1badb002

	.macro	out8 port, value
	movb	$\value, %al
	outb	%al, $\port
	.endm

	.code32
	.globl _start
_start:
	cli
	/* Interrupt controllers and timer as Linux leaves them: elsewhere, masked, mode 2. */
	out8	0x20, 0x11
	out8	0x21, 0x30
	out8	0x21, 0x04
	out8	0x21, 0x01
	out8	0x21, 0xff
	out8	0xa0, 0x11
	out8	0xa1, 0x38
	out8	0xa1, 0x02
	out8	0xa1, 0x01
	out8	0xa1, 0xff
	out8	0x43, 0x34
	out8	0x40, 0x9c
	out8	0x40, 0x2e
	movl	$STAGED, %esi
	movl	CONFIG_LOW, %edi
	movl	CONFIG_LOW_SIZE, %ecx
	rep movsb
	movl	$TABLES, %edi
	movl	$(5 * 1024), %ecx
	xorl	%eax, %eax
	rep stosl
	movl	$(PML4 + 3), PML5
	movl	$(PDPT + 3), PML4
	movl	$(PD_LOW + 3), PDPT
	movl	$(PD_HIGH + 3), PDPT + 4 * 8

	movl	$1, %ecx		/* page 0, with the VGA screen in it, stays unmapped */
1:	movl	%ecx, %eax
	shll	$21, %eax
	orl	$0x83, %eax
	movl	%eax, PD_LOW(, %ecx, 8)
	incl	%ecx
	cmpl	$512, %ecx
	jb	1b
	xorl	%ecx, %ecx
1:	movl	%ecx, %eax
	shll	$21, %eax
	orl	$0x83, %eax
	movl	%eax, PD_HIGH(, %ecx, 8)
	movl	$1, PD_HIGH + 4(, %ecx, 8)
	incl	%ecx
	cmpl	$512, %ecx
	jb	1b

	cmpl	$0, CONFIG_GRAPHICS
	je	1f
	movw	$0x3ce, %dx
	movw	$0x4005, %ax		/* 256 colours, */
	outw	%ax, %dx
	movw	$0x0506, %ax		/* graphics, memory at 0xa0000 */
	outw	%ax, %dx
	movw	$0x3c4, %dx
	movw	$0x0e04, %ax		/* planes chained */
	outw	%ax, %dx
1:
	movl	$0x20, %eax		/* CR4.PAE */
	movl	$PML4, %ebx
	cmpl	$0, CONFIG_LA57
	je	1f
	orl	$0x1000, %eax		/* CR4.LA57 */
	movl	$PML5, %ebx
1:	orl	CONFIG_CR4, %eax
	movl	%eax, %cr4
	movl	%ebx, %cr3
	movl	$0xc0000080, %ecx	/* EFER.LME */
	rdmsr
	orl	$0x100, %eax
	wrmsr
	movl	$0x80000011, %eax
	orl	CONFIG_CR0, %eax
	movl	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$0x10, $long_mode

	.code64
long_mode:
	lgdt	nothing(%rip)
	lidt	nothing(%rip)
	rdtsc
	movl	%eax, CONFIG_LEFT
	movl	%edx, CONFIG_LEFT + 4
	movq	CONFIG_TARGET, %rax
	movq	$-1, %rbx
	movabs	$0x8000000000000000, %rsp
	std
	jmp	*%rax

	.balign	8
gdt:
	.quad	0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt
nothing:
	.word	0
	.quad	0
