/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first and the last instructions between two kernels. The old kernel
 * (arch/x86/kernel/relocate_kernel_64.S) jumps here in 64-bit mode with interrupts off and memory
 * mapped one to one; stack, GDT and IDT are its own and may already be overwritten. Control
 * registers are left as they are: CR4 has PAE, LA57 if it was on, MCE in a TDX guest.
 */
#include "abi/handoff.h"
#include "purgatory/arch/x86/x86.h"

	.section .head, "ax"
	.globl kx_entry
kx_entry:
	jmp	start

	.org	KX_PURGATORY_HEADER_OFFSET
	.quad	KX_PURGATORY_MAGIC
	.long	KX_HANDOFF_VERSION
	.long	handoff - kx_entry
	.long	kx_loaded_end - kx_entry
	.long	kx_blob_end - kx_entry

start:
	cli
	cld

	/* Is all of this what was loaded? Everything else can be checked by it then. */
	leaq	kx_entry(%rip), %rsi
	leaq	kx_loaded_end(%rip), %rdi
	xorl	%eax, %eax
1:	addq	(%rsi), %rax
	addq	8(%rsi), %rax
	addq	16(%rsi), %rax
	addq	24(%rsi), %rax
	addq	$32, %rsi
	cmpq	%rdi, %rsi
	jb	1b
	testq	%rax, %rax
	jnz	damaged

	leaq	stack_end(%rip), %rsp

	leaq	kx_bss_start(%rip), %rdi
	leaq	kx_bss_end(%rip), %rcx
	subq	%rdi, %rcx
	shrq	$3, %rcx
	xorl	%eax, %eax
	rep stosq

	/* The operand of lgdt holds an address, so it is made on the stack. */
	leaq	gdt(%rip), %rax
	pushq	%rax
	pushw	$(gdt_end - gdt - 1)
	lgdt	(%rsp)
	addq	$10, %rsp
	movl	$KX_BOOT_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	pushq	$KX_BOOT_CS
	leaq	1f(%rip), %rax
	pushq	%rax
	lretq
1:
	call	kx_exceptions_init
	leaq	handoff(%rip), %rdi
	call	kx_purgatory_main

/*
 * Something changed purgatory itself: little can be relied on. It says so where the block has a serial port, or else
 * on the first one of every PC, and resets by the chipset's register, then by an exception without an IDT.
 */
damaged:
	testl	$KX_HANDOFF_NO_PORT_IO, handoff + KX_HANDOFF_FLAGS_OFFSET(%rip)
	jnz	3f
	movl	$0x3f8, %edx
	cmpl	$KX_CONSOLE_PORT, handoff + KX_HANDOFF_CONSOLE_OFFSET(%rip)
	jne	1f
	movzwl	handoff + KX_HANDOFF_CONSOLE_BASE_OFFSET(%rip), %edx
1:	leaq	damaged_text(%rip), %rsi
	movl	$damaged_text_end - damaged_text, %edi
	addl	$5, %edx		/* line status */
2:	movl	$100000, %ecx
4:	inb	%dx, %al
	testb	$0x20, %al		/* room for a byte */
	loopz	4b
	subl	$5, %edx
	lodsb
	outb	%al, %dx
	addl	$5, %edx
	decl	%edi
	jnz	2b
	movl	$100000, %ecx
5:	inb	%dx, %al
	testb	$0x40, %al		/* all sent */
	loopz	5b
	movl	$0xcf9, %edx
	movb	$0x02, %al
	outb	%al, %dx
	movb	$0x06, %al
	outb	%al, %dx
	movl	$50000, %ecx		/* some 50 ms for it to happen */
6:	outb	%al, $0x80
	loop	6b
3:	leaq	stack_end(%rip), %rsp
	pushq	$0
	pushq	$0
	lidt	(%rsp)
	ud2

damaged_text:
	.ascii	"\r\nkexec: purgatory: its own code or data was changed after it was loaded; resetting the machine\r\n"
damaged_text_end:

/*
 * _Noreturn void kx_start_64(uint64_t entry, const struct kx_handoff_regs *regs): the state that
 * boot.rst asks for.
 */
	.text
	.globl kx_start_64
kx_start_64:
	leaq	stack_end(%rip), %rsp
	movq	56(%rsi), %rax
	testq	%rax, %rax
	cmovnzq	%rax, %rsp
	pushq	%rdi
	pushq	$0
	popfq
	movq	(%rsi), %rax
	movq	8(%rsi), %rbx
	movq	16(%rsi), %rcx
	movq	24(%rsi), %rdx
	movq	40(%rsi), %rdi
	movq	48(%rsi), %rbp
	movq	32(%rsi), %rsi
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
	xorl	%r12d, %r12d
	xorl	%r13d, %r13d
	xorl	%r14d, %r14d
	xorl	%r15d, %r15d
	ret

/*
 * One stub of fixed size for each exception; those without an error code of their own get a zero,
 * table 6-1.
 */
	.balign	KX_EXCEPTION_STUB_SIZE
	.globl kx_exception_stubs
kx_exception_stubs:
	vector = 0
	.rept	KX_EXCEPTIONS
	.balign	KX_EXCEPTION_STUB_SIZE
	.if vector == 2
	/*
	 * An NMI that was on its way is nobody's any more. The new kernel's decompressor ignores it
	 * likewise.
	 */
	iretq
	.else
	.ifeq (1 << vector) & ((1 << 8) | (31 << 10) | (1 << 17) | (1 << 21) | (1 << 29) | (1 << 30))
	pushq	$0
	.endif
	pushq	$vector
	jmp	exception
	.endif
	vector = vector + 1
	.endr

exception:
	cld
	movq	%rsp, %rdi
	andq	$-16, %rsp
	call	kx_exception

/* For the compiler, which makes calls of assignments and loops. */
	.globl memset
memset:
	movq	%rdi, %r8
	movzbl	%sil, %eax
	movabs	$0x0101010101010101, %rcx
	imulq	%rcx, %rax
	movq	%rdx, %rcx
	shrq	$3, %rcx
	rep stosq
	movl	%edx, %ecx
	andl	$7, %ecx
	rep stosb
	movq	%r8, %rax
	ret

	.globl memcpy
memcpy:
	movq	%rdi, %rax
	movq	%rdx, %rcx
	shrq	$3, %rcx
	rep movsq
	movl	%edx, %ecx
	andl	$7, %ecx
	rep movsb
	ret

/*
 * Flat segments, already marked as accessed: the CPU would else write that bit into what is being
 * checked. 3.4.5.
 */
	.section .rodata.gdt, "a"
	.balign	8
gdt:
	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff	/* KX_BOOT_CS */
	.quad	0x00cf93000000ffff	/* KX_BOOT_DS */
gdt_end:

	.section .handoff, "a"
	.balign	64
handoff:
	.skip	KX_HANDOFF_SIZE

	.section .bss.uncleared, "aw", @nobits
	.balign	16
	.skip	8192
stack_end:

	.section .note.GNU-stack, "", @progbits
