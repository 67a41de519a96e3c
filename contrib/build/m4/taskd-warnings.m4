# SPDX-License-Identifier: MIT
# TD_WARNINGS: the warnings that this compiler knows; --enable-werror makes them errors.
AC_DEFUN([TD_WARNINGS], [
AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [treat warnings as errors])],
	[], [enable_werror=no])
WARN_CFLAGS=
for flag in -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wwrite-strings -Wundef -Wvla -Wcast-align \
	-Wimplicit-fallthrough -Wlogical-op -Wduplicated-cond -Wswitch-enum \
	-Wno-missing-field-initializers -Wno-format-truncation -Wno-switch-enum -Wswitch; do
	td_save=$CFLAGS
	CFLAGS="$CFLAGS -Werror $flag"
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM()], [AS_VAR_APPEND([WARN_CFLAGS], [" $flag"])])
	CFLAGS=$td_save
done
AS_IF([test "x$enable_werror" = xyes], [AS_VAR_APPEND([WARN_CFLAGS], [" -Werror"])])
AC_SUBST([WARN_CFLAGS])
])
