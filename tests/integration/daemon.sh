# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # variables for the scripts that read this file
#
# What the scripts here share: a private daemon in a folder of its own, and words to ask it. A script
# reads this file, starts the daemon with a configuration on the standard input, and ends with
# `finish`. What was started is ended, also when the script fails.

. "$srcdir/tests/style/tap.sh"

scratch=$(mktemp -d) || exit 1
daemon=
TASKD_SOCKET=$scratch/socket
export TASKD_SOCKET
unset NOTIFY_SOCKET LISTEN_FDS LISTEN_PID WATCHDOG_USEC JOURNAL_STREAM INVOCATION_ID

cleanup() {
	[ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null
	rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# ctl ARGUMENT...: taskctl
ctl() { "$builddir/taskctl" --no-color "$@"; }

# eventually COMMAND...: until it succeeds; gives up after a time that no slow machine needs
eventually() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || return 1
		sleep 0.05
	done
}

# daemon_start OPTION...: with the configuration from the standard input; waits until it answers
daemon_start() {
	cat >"$scratch/taskd.conf"
	"$builddir/taskd" -c "$scratch/taskd.conf" --socket "$TASKD_SOCKET" \
		--state-dir "$scratch/state" "$@" \
		--plugin-dir "$builddir/src/plugins/.libs" >"$scratch/log" 2>&1 &
	daemon=$!
	eventually ctl ping || {
		problems "the daemon starts" "$(cat "$scratch/log")"
		finish
	}
}

# daemon_end: asks the daemon to stop, and waits; its exit code is in $code
daemon_end() {
	kill -TERM "$daemon"
	wait "$daemon"
	code=$?
	daemon=
}

# same WHAT EXPECTED FOUND
same() {
	[ "$2" = "$3" ] && set -- "$1"
	problems "$1" "${2+$(printf 'expected: %s\n   found: %s' "$2" "$3")}"
}

# field NAME PATH: of a task, as the protocol has it; a text or a number
field() {
	ctl --json show "$2" | sed -nE 's/.*"'"$1"'":("(([^"\\]|\\.)*)"|([0-9]+)).*/\2\4/p'
}

# has TEXT PATTERN: whether a line of the text matches
has() { printf '%s\n' "$1" | grep -qE -- "$2"; }

# is FIELD VALUE PATH, for eventually
is() { [ "$(field "$1" "$3")" = "$2" ]; }

# logged PATTERN, for eventually
logged() { grep -qE -- "$1" "$scratch/log"; }
