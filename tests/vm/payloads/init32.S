/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The /init of a guest with an i386 kernel: says that it runs, then sleeps for good. */
	.code32
	.text
	.globl _start
_start:
	movl	$4, %eax		/* write */
	movl	$1, %ebx
	movl	$text, %ecx
	movl	$(end - text), %edx
	int	$0x80
1:	movl	$29, %eax		/* pause */
	int	$0x80
	jmp	1b
text:	.ascii	"@@i386 init runs\n"
end:
