# SPDX-License-Identifier: MIT
# TD_PLATFORM: which context switch fits this machine.
AC_DEFUN([TD_PLATFORM], [
AC_CANONICAL_HOST
AC_ARG_ENABLE([ucontext],
	[AS_HELP_STRING([--enable-ucontext], [use the portable, slow context switch])],
	[], [enable_ucontext=no])
td_switch=ucontext
AS_IF([test "x$enable_ucontext" != xyes],
	[AS_CASE([$host_cpu], [x86_64], [td_switch=x86_64], [aarch64], [td_switch=aarch64])])
AM_CONDITIONAL([SWITCH_X86_64], [test "x$td_switch" = xx86_64])
AM_CONDITIONAL([SWITCH_AARCH64], [test "x$td_switch" = xaarch64])
AM_CONDITIONAL([SWITCH_UCONTEXT], [test "x$td_switch" = xucontext])
AS_IF([test "x$td_switch" = xucontext],
	[AC_DEFINE([TD_SWITCH_UCONTEXT], [1], [Define to use ucontext for the context switch.])])
])
