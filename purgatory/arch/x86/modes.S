/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Out of long mode, Intel SDM 3A, 10.8.5.4 and 10.9: to protected mode without paging, and from
 * there to real mode.
 */
#include "purgatory/arch/x86/x86.h"

#define CR0_PE 0x01
#define CR0_PG_OFF 0x11 /* PE, ET */
#define EFER 0xc0000080
#define EFER_LME 0x100

/* Ends long mode; uses eax, ecx, edx. Whatever CR4 had, the next kernel knows better. */
.macro	leave_long_mode
	movl	$CR0_PG_OFF, %eax
	movl	%eax, %cr0
	movl	$EFER, %ecx
	rdmsr
	andl	$~EFER_LME, %eax
	wrmsr
	xorl	%eax, %eax
	movl	%eax, %cr4
	movl	%eax, %cr3
.endm

/*
 * _Noreturn void kx_enter_32(const void *gdt, uint64_t eip, uint32_t ebx, void *esp): loads the GDT
 * of KX_GDT32_SIZE bytes and goes to eip in a segment of 32 bits, with paging still on.
 */
	.text
	.code64
	.globl kx_enter_32
kx_enter_32:
	movl	%edx, %ebx
	movq	%rcx, %rsp
	pushq	$0
	popfq
	pushq	%rdi
	pushw	$(KX_GDT32_SIZE - 1)
	lgdt	(%rsp)
	addq	$10, %rsp
	xorl	%eax, %eax
	lldt	%ax
	movl	$KX_BOOT_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	pushq	$KX_BOOT_CS
	pushq	%rsi
	lretq

/*
 * Protected mode: esp is at struct kx_frame_32. With a stack to be entered on, the part of it that
 * is popped moves there first, to be gone from it at the entry.
 */
	.code32
	.globl kx_leave_32
kx_leave_32:
	leave_long_mode
	movl	36(%esp), %eax
	testl	%eax, %eax
	jz	1f
	leal	-36(%eax), %edi
	movl	%edi, %ebx
	movl	%esp, %esi
	movl	$9, %ecx
	rep movsl
	movl	%ebx, %esp
1:	popal
	ret

/*
 * Real mode: this is copied to a page that real mode reaches, with ebx its address, and entered at
 * its first byte. Offsets are from there.
 */
	.section .rodata.low, "a"
	.balign	16
	.globl kx_low_start, kx_low_gdt, kx_low_params, kx_low_end
kx_low_start:
	.code32
	leave_long_mode
	lidt	idt_pointer - kx_low_start(%ebx)
	ljmp	$KX_CODE16, $(1f - kx_low_start)

	.code16
	/* Segments with the limits of real mode, which outlast the way there. */
1:	movw	$KX_DATA16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	movl	%cr0, %eax
	andl	$~CR0_PE, %eax
	movl	%eax, %cr0
	ljmpw	*%cs:(kx_low_params - kx_low_start)

kx_low_real:
	movw	%cs, %ax
	movw	%ax, %ss
	/* What payloads print by the BIOS would else go to a screen that shows pixels. */
	cmpw	$0, %cs:(kx_low_params - kx_low_start + 56)
	je	1f
	movl	$4096, %esp
	movw	$0x0003, %ax
	int	$0x10
	cli
1:	movl	$(kx_low_params - kx_low_start + 4), %esp
	popal
	popw	%ds
	popw	%es
	popw	%fs
	popw	%gs
	lssl	%cs:(kx_low_params - kx_low_start + 44), %esp
	ljmpw	*%cs:(kx_low_params - kx_low_start + 52)

	/* The IVT, where the BIOS left it. */
idt_pointer:
	.word	0x3ff
	.long	0

	.balign	8
kx_low_gdt:
	.quad	0
	.quad	0
	.quad	0x00cf9b000000ffff	/* KX_BOOT_CS */
	.quad	0x00cf93000000ffff	/* KX_BOOT_DS */
	.quad	0x00009b000000ffff	/* KX_CODE16: its base becomes the page */
	.quad	0x000093000000ffff	/* KX_DATA16 */

	/* struct kx_low_params, for start.c to fill in but for this. */
	.balign	4
kx_low_params:
	.word	kx_low_real - kx_low_start
	.skip	KX_LOW_PARAMS_SIZE - 2
kx_low_end:

	.section .note.GNU-stack, "", @progbits
