# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # variables for the scripts that read this file
#
# What the style tests share: where things are, and results in TAP. A script reads this file first,
# calls ok/problems/skip any number of times, and ends with `finish`.

set -u
: "${srcdir:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
: "${builddir:=$PWD}"
LC_ALL=C # so that columns are bytes, and lists are sorted alike everywhere
export LC_ALL
results=0

# ok WHAT
ok() {
	results=$((results + 1))
	printf 'ok %d - %s\n' "$results" "$1"
}

# problems WHAT TEXT: passes when TEXT is empty; else each of its lines says one thing that is wrong
problems() {
	if [ -z "$2" ]; then
		ok "$1"
		return
	fi
	results=$((results + 1))
	printf 'not ok %d - %s\n' "$results" "$1"
	printf '%s\n' "$2" | sed 's/^/# /'
}

# skip WHAT WHY
skip() {
	results=$((results + 1))
	printf 'ok %d - %s # SKIP %s\n' "$results" "$1" "$2"
}

# The exit code is 0 all the same: TAP has told, and make would count one more error.
finish() {
	printf '1..%d\n' "$results"
	exit 0
}

# sources FOLDER...: the C files below these folders of the source tree, relative to it
sources() {
	(cd "$srcdir" && for folder in "$@"; do
		[ ! -d "$folder" ] || find "$folder" -name '*.[ch]'
	done | sort)
}

# code FILE...: the files (relative to the source tree) as "file:line:text", with comments and the
# insides of texts blanked
code() {
	(cd "$srcdir" && awk '
		FNR == 1 { comment = 0 }
		{
			out = ""
			line = $0
			while (line != "") {
				if (comment) {
					end = index(line, "*/")
					if (end == 0)
						break
					line = substr(line, end + 2)
					comment = 0
					continue
				}
				if (!match(line, /\/\*|\/\/|"|\047/)) {
					out = out line
					break
				}
				out = out substr(line, 1, RSTART - 1)
				mark = substr(line, RSTART, RLENGTH)
				line = substr(line, RSTART + RLENGTH)
				if (mark == "//")
					break
				if (mark == "/*") {
					comment = 1
					continue
				}
				# A text or a character: to the same mark, over escaped ones.
				out = out mark
				while (line != "") {
					c = substr(line, 1, 1)
					line = substr(line, c == "\\" ? 3 : 2)
					if (c == mark) {
						out = out mark
						break
					}
				}
			}
			print FILENAME ":" FNR ":" out
		}' "$@")
}

# public_functions: the functions of the public headers, one name a line
public_functions() {
	(cd "$srcdir" && cat include/taskd/*.h) |
		sed -nE 's/^(TASKD_API|static inline) .*[ *](taskd_[a-z0-9_]*)\(.*/\2/p' | sort -u
}
