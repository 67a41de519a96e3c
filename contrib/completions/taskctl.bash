# SPDX-License-Identifier: MIT
# bash completion of taskctl: verbs, their options, and the paths that the daemon knows.

_taskctl_paths() {
	# The first column of list is the path; a group is what stands before the "/".
	taskctl --timeout 1s list 2>/dev/null | awk -v groups="$1" '
		{ split($1, part, "/"); print part[1] ? part[1] : "/" }
		!groups { print $1 }' | sort -u
}

_taskctl_plugins() {
	taskctl --timeout 1s plugins 2>/dev/null | awk '/^[^ ]/ { print $1 }'
}

_taskctl() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verbs='list tree show run start cancel stop wait watch plugins status ping shutdown
		call introspect'
	local options='--socket --json --timeout --no-color --help --version'
	local verb='' word i

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--socket | -s | --timeout | -t) ((i++)) ;;
		--) return ;;
		-*) ;;
		*)
			verb=$word
			break
			;;
		esac
	done

	case $previous in
	--socket | -s) mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
	--sort) mapfile -t COMPREPLY < <(compgen -W 'path state age outcome' -- "$current") && return ;;
	--level | -l)
		mapfile -t COMPREPLY < <(compgen -W 'error warning notice info debug' -- "$current")
		return
		;;
	--group | -g)
		[ "$verb" = run ] &&
			mapfile -t COMPREPLY < <(compgen -W "$(_taskctl_paths 1)" -- "$current")
		return
		;;
	--timeout | -t | --grace | --reason | -r | --name | -n | --parameter | -p) return ;;
	esac

	case $verb in
	'') word="$verbs $options" ;;
	list) word="--sort $options" ;;
	tree) word="--follow $options" ;;
	run) word="--group --name --parameter --wait $options" ;;
	cancel) word="--reason $options" ;;
	stop | shutdown) word="--grace --reason $options" ;;
	watch) word="--level $options" ;;
	status) word="--verbose $options" ;;
	call) word="--more --oneway $options" ;;
	*) word=$options ;;
	esac
	if [[ $current != -* ]]; then
		case $verb in
		list | tree) word=$(_taskctl_paths 1) ;;
		show | start | cancel | stop | wait | watch) word=$(_taskctl_paths '') ;;
		run | plugins) word=$(_taskctl_plugins) ;;
		'') word=$verbs ;;
		*) word='' ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
}

complete -F _taskctl taskctl
