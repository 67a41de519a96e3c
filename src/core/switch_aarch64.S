/* SPDX-License-Identifier: MIT */
/* The context switch for aarch64, AAPCS64: x19-x30 and d8-d15. */
	.text

/* void *td_switch(void **save (x0), void *load (x1), void *passed (x2)) */
	.globl	td_switch
	.type	td_switch, %function
	.p2align 4
td_switch:
	.cfi_startproc
	hint	#34			/* bti c */
	sub	sp, sp, #160
	stp	x19, x20, [sp, #0]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mov	x9, sp
	str	x9, [x0]
	mov	sp, x1
	ldp	x19, x20, [sp, #0]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	add	sp, sp, #160
	mov	x0, x2
	ret
	.cfi_endproc
	.size	td_switch, .-td_switch

	.globl	td_switch_entry
	.hidden	td_switch_entry
	.type	td_switch_entry, %function
	.p2align 4
td_switch_entry:
	.cfi_startproc
	.cfi_undefined x30
	hint	#36			/* bti j */
	mov	x29, #0
	mov	x1, x0
	mov	x0, x20
	blr	x19
	brk	#0
	.cfi_endproc
	.size	td_switch_entry, .-td_switch_entry

/* void *td_switch_prepare(void *low, size_t size, entry, argument) */
	.globl	td_switch_prepare
	.type	td_switch_prepare, %function
	.p2align 4
td_switch_prepare:
	.cfi_startproc
	hint	#34
	add	x0, x0, x1
	and	x0, x0, #-16
	sub	x0, x0, #160
	stp	x2, x3, [x0, #0]
	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	stp	xzr, xzr, [x0, #64]
	adrp	x9, td_switch_entry
	add	x9, x9, :lo12:td_switch_entry
	stp	xzr, x9, [x0, #80]
	stp	xzr, xzr, [x0, #96]
	stp	xzr, xzr, [x0, #112]
	stp	xzr, xzr, [x0, #128]
	stp	xzr, xzr, [x0, #144]
	ret
	.cfi_endproc
	.size	td_switch_prepare, .-td_switch_prepare

	.section .note.GNU-stack, "", %progbits
