# SPDX-License-Identifier: MIT
# fish completion of taskctl: verbs, their options, and the paths that the daemon knows.

function __taskctl_groups
    taskctl --timeout 1s list 2>/dev/null | awk '
        { split($1, part, "/"); print part[1] ? part[1] : "/" }' | sort -u
end

function __taskctl_paths
    __taskctl_groups
    taskctl --timeout 1s list 2>/dev/null | awk '{ print $1 }'
end

function __taskctl_plugins
    taskctl --timeout 1s plugins 2>/dev/null | awk '/^[^ ]/ { print $1 }'
end

function __taskctl_verb
    complete -c taskctl -n __fish_use_subcommand -a $argv[1] -d $argv[2]
end

function __taskctl_option
    complete -c taskctl -n "__fish_seen_subcommand_from $argv[1]" $argv[2..-1]
end

complete -c taskctl -f
complete -c taskctl -s s -l socket -r -F -d 'the socket of the daemon'
complete -c taskctl -s j -l json -d 'print the replies as JSON'
complete -c taskctl -s t -l timeout -x -d 'give up after this time'
complete -c taskctl -l no-color -d 'no colours'
complete -c taskctl -s h -l help -d 'print help'
complete -c taskctl -s V -l version -d 'print the version'

__taskctl_verb list 'tasks, one line each'
__taskctl_verb tree 'groups and tasks as a tree'
__taskctl_verb show 'everything about one group or task'
__taskctl_verb run 'start a transient task'
__taskctl_verb start 'run a configured task again'
__taskctl_verb cancel 'ask a task, or a group and all below it, to stop'
__taskctl_verb stop 'cancel, wait, abort what is left, and report'
__taskctl_verb wait 'wait until a task has ended'
__taskctl_verb watch 'events as they happen'
__taskctl_verb plugins 'what is loaded, what was refused and why'
__taskctl_verb status 'version, uptime, counts; degraded or not'
__taskctl_verb ping 'ask whether the daemon answers'
__taskctl_verb shutdown 'stop everything, report, and end the daemon'
__taskctl_verb call 'call any method'
__taskctl_verb introspect 'list the interfaces, or print one'

__taskctl_option 'list tree' -a '(__taskctl_groups)'
__taskctl_option 'show start cancel stop wait watch' -a '(__taskctl_paths)'
__taskctl_option 'run plugins' -a '(__taskctl_plugins)'
__taskctl_option list -l sort -x -a 'path state age outcome'
__taskctl_option tree -s f -l follow -d 'draw it again when something has changed'
__taskctl_option run -s g -l group -x -a '(__taskctl_groups)'
__taskctl_option run -s n -l name -x -d 'its name in the group'
__taskctl_option run -s p -l parameter -x -d 'KEY=VALUE'
__taskctl_option run -s w -l wait -d 'wait for its end'
__taskctl_option 'stop shutdown' -s g -l grace -x -d 'time to end by themselves'
__taskctl_option 'cancel stop shutdown' -s r -l reason -x -d why
__taskctl_option watch -s l -l level -x -a 'error warning notice info debug'
__taskctl_option status -s v -l verbose -d 'counters and features too'
__taskctl_option call -s m -l more -d 'any number of replies'
__taskctl_option call -s o -l oneway -d 'no reply'
