# TD_SANITIZERS: --enable-asan, --enable-ubsan, --enable-tsan, --enable-fuzz.
AC_DEFUN([TD_SANITIZERS], [
m4_foreach([san], [asan, ubsan, tsan, fuzz],
	[AC_ARG_ENABLE(m4_defn([san]), [AS_HELP_STRING([--enable-]m4_defn([san]), [build with ]m4_defn([san]))],
		[], [AS_VAR_SET([enable_]m4_defn([san]), [no])])])
SAN_CFLAGS= td_sanitizers=
AS_IF([test "x$enable_asan$enable_tsan" = xyesyes],
	[AC_MSG_ERROR([--enable-asan and --enable-tsan exclude each other])])
AS_IF([test "x$enable_asan" = xyes],
	[AS_VAR_APPEND([td_sanitizers], [" asan"]) SAN_CFLAGS="$SAN_CFLAGS -fsanitize=address"])
AS_IF([test "x$enable_ubsan" = xyes],
	[AS_VAR_APPEND([td_sanitizers], [" ubsan"]) SAN_CFLAGS="$SAN_CFLAGS -fsanitize=undefined"])
AS_IF([test "x$enable_tsan" = xyes],
	[AS_VAR_APPEND([td_sanitizers], [" tsan"]) SAN_CFLAGS="$SAN_CFLAGS -fsanitize=thread"])
AS_IF([test "x$enable_fuzz" = xyes],
	[AS_VAR_APPEND([td_sanitizers], [" fuzz"]) SAN_CFLAGS="$SAN_CFLAGS -fsanitize=fuzzer-no-link"
	 FUZZ_LDFLAGS="-fsanitize=fuzzer"])
AS_IF([test -n "$SAN_CFLAGS"], [
	SAN_CFLAGS="$SAN_CFLAGS -fno-sanitize-recover=all -fno-omit-frame-pointer"
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
