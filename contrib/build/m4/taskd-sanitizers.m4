# SPDX-License-Identifier: MIT
# TD_SANITIZERS: --enable-asan, --enable-ubsan, --enable-tsan, --enable-fuzz.
# Sets SAN_CFLAGS, for compiling and for linking, and FUZZ_LDFLAGS.

# TD_SANITIZER(NAME, FLAG, HELP)
AC_DEFUN([TD_SANITIZER], [
AC_ARG_ENABLE([$1], [AS_HELP_STRING([--enable-$1], [$3])], [], [enable_$1=no])
AS_IF([test "x$enable_$1" = xyes], [
	AS_VAR_APPEND([td_sanitizers], [" $1"])
	AS_VAR_APPEND([SAN_CFLAGS], [" $2"])
])
])

AC_DEFUN([TD_SANITIZERS], [
SAN_CFLAGS=
FUZZ_LDFLAGS=
td_sanitizers=
TD_SANITIZER([asan], [-fsanitize=address], [find errors of memory])
TD_SANITIZER([ubsan], [-fsanitize=undefined], [find undefined behaviour])
TD_SANITIZER([tsan], [-fsanitize=thread], [find data races])
TD_SANITIZER([fuzz], [-fsanitize=fuzzer-no-link], [build the fuzz targets with libFuzzer (clang)])
AS_IF([test "x$enable_asan$enable_tsan" = xyesyes],
	[AC_MSG_ERROR([--enable-asan and --enable-tsan exclude each other])])
AS_IF([test "x$enable_fuzz" = xyes], [FUZZ_LDFLAGS="-fsanitize=fuzzer"])
AS_IF([test -n "$SAN_CFLAGS"], [
	AS_VAR_APPEND([SAN_CFLAGS], [" -fno-sanitize-recover=all -fno-omit-frame-pointer"])
	td_save=$CFLAGS
	CFLAGS="$CFLAGS $SAN_CFLAGS"
	AC_LINK_IFELSE([AC_LANG_PROGRAM()], [],
		[AC_MSG_ERROR([the compiler cannot build with:$td_sanitizers])])
	CFLAGS=$td_save
])
AM_CONDITIONAL([SANITIZED], [test -n "$SAN_CFLAGS"])
AM_CONDITIONAL([TSAN], [test "x$enable_tsan" = xyes])
AM_CONDITIONAL([FUZZ], [test "x$enable_fuzz" = xyes])
AC_SUBST([SAN_CFLAGS])
AC_SUBST([FUZZ_LDFLAGS])
])
