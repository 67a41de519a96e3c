/* SPDX-License-Identifier: MIT */
/*
 * The context switch for x86-64, System V ABI. Only what a call preserves is saved; signal masks and
 * floating-point control words are not, since no task may change them across a wait.
 */
	.text

/* void *td_switch(void **save (rdi), void *load (rsi), void *passed (rdx)) */
	.globl	td_switch
	.type	td_switch, @function
	.p2align 4
td_switch:
	.cfi_startproc
	endbr64
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	movq	%rdx, %rax
	/* An indirect jump is predicted by history; a return would miss whenever the two contexts
	 * stopped at different places. */
	popq	%rcx
	jmpq	*%rcx
	.cfi_endproc
	.size	td_switch, .-td_switch

/* The outermost frame: rip is undefined here, so that unwinders and debuggers stop. */
	.globl	td_switch_entry
	.hidden	td_switch_entry
	.type	td_switch_entry, @function
	.p2align 4
td_switch_entry:
	.cfi_startproc
	.cfi_undefined rip
	.cfi_undefined rbp
	endbr64
	xorl	%ebp, %ebp
	movq	%r13, %rdi
	movq	%rax, %rsi
	callq	*%r12
	ud2
	.cfi_endproc
	.size	td_switch_entry, .-td_switch_entry

/* void *td_switch_prepare(void *low, size_t size, entry, argument) */
	.globl	td_switch_prepare
	.type	td_switch_prepare, @function
	.p2align 4
td_switch_prepare:
	.cfi_startproc
	endbr64
	leaq	(%rdi,%rsi), %rax
	andq	$-16, %rax
	subq	$16, %rax		/* a null return address, and the alignment of an entry */
	movq	$0, (%rax)
	movq	$0, 8(%rax)
	leaq	td_switch_entry(%rip), %r8
	movq	%r8, -8(%rax)		/* popped into rcx */
	movq	$0, -16(%rax)		/* rbp */
	movq	$0, -24(%rax)		/* rbx */
	movq	%rdx, -32(%rax)		/* r12: entry */
	movq	%rcx, -40(%rax)		/* r13: argument */
	movq	$0, -48(%rax)		/* r14 */
	movq	$0, -56(%rax)		/* r15 */
	subq	$56, %rax
	ret
	.cfi_endproc
	.size	td_switch_prepare, .-td_switch_prepare

	.section .note.GNU-stack, "", @progbits
