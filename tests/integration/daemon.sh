# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # variables for the scripts that read this file
#
# What the scripts here share: a private daemon in a folder of its own, and words to ask it. A script
# reads this file, starts the daemon with a configuration on the standard input, and ends with
# `finish`. What was started is ended, also when the script fails.

. "$srcdir/tests/style/tap.sh"

scratch=$(mktemp -d) || exit 1
daemon=
background=
TASKD_SOCKET=$scratch/socket
export TASKD_SOCKET
unset NOTIFY_SOCKET LISTEN_FDS LISTEN_PID WATCHDOG_USEC JOURNAL_STREAM INVOCATION_ID

cleanup() {
	[ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null
	for left in $background $(offspring); do
		kill -KILL "$left" 2>/dev/null
	done
	rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# ctl ARGUMENT...: taskctl
ctl() { "$builddir/taskctl" --no-color "$@"; }

# background FILE ARGUMENT...: taskctl with what it says in a file; its process is in $pid
background() {
	file=$1
	shift
	"$builddir/taskctl" --no-color "$@" >"$file" 2>"$file.err" &
	pid=$!
	background="$background $pid"
}

# eventually COMMAND...: until it succeeds; gives up after a time that no slow machine needs
eventually() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		if [ "$tries" = 600 ]; then
			echo "# gave up waiting for: $*"
			return 1
		fi
		sleep 0.05
	done
}

answers_or_gone() { ctl ping || ! kill -0 "$daemon"; }

# daemon_start OPTION...: with the configuration from the standard input; waits until it answers
daemon_start() {
	cat >"$scratch/taskd.conf"
	TASKD_TEST=$scratch "$builddir/taskd" -c "$scratch/taskd.conf" --socket "$TASKD_SOCKET" \
		--state-dir "$scratch/state" "$@" \
		--plugin-dir "$builddir/src/plugins/.libs" >"$scratch/log" 2>&1 &
	daemon=$!
	eventually answers_or_gone
	ctl ping >/dev/null 2>&1 || {
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

# exits CODE ARGUMENT...: taskctl ends with that code; $out and $err have what it said
exits() {
	wanted=$1
	shift
	out=$(timeout 60 "$builddir/taskctl" --no-color "$@" 2>"$scratch/err")
	code=$?
	err=$(cat "$scratch/err")
	name="exit code $wanted: taskctl $(printf '%s' "$*" | tr '\n' ' ' | cut -c 1-80)"
	if [ "$code" = "$wanted" ]; then
		ok "$name"
	else
		problems "$name" "it was $code: $out $err"
	fi
}

# says WHAT PATTERN TEXT: a line of the text matches
says() {
	if has "$3" "$2"; then
		ok "$1"
	else
		problems "$1" "no line is like \"$2\" in: $3"
	fi
}

# daemon_wait: waits for a daemon that ends by itself; its exit code is in $code
daemon_wait() {
	wait "$daemon"
	code=$?
	daemon=
}

# offspring: the processes of the daemon and of what it has run, whoever their parent is by now
offspring() {
	for folder in /proc/[0-9]*; do
		tr '\0' '\n' <"$folder/environ" 2>/dev/null |
			grep -qxF "TASKD_TEST=$scratch" && echo "${folder#/proc/}"
	done 2>/dev/null
}

childless() { [ -z "$(offspring)" ]; }

# connections N, for eventually: as many with the one that asks
connections() { ctl --json status | grep -q "\"connections\":$1,"; }

# ended CODE: how the daemon ended, and that nothing is left of it
ended() {
	same "the daemon exits with $1" "$1" "$code"
	problems "its socket is gone" "$(ls -d "$TASKD_SOCKET" 2>/dev/null)"
	problems "no process is left behind" "$(eventually childless || offspring)"
	problems "no sanitizer complains" "$(grep -E -A 20 \
		'ERROR: [A-Za-z]*Sanitizer|runtime error:' "$scratch/log" | head -n 40)"
}
