# SPDX-License-Identifier: MIT
# Completion of vsock-shell-client for fish; installed as vendor_completions.d/vsock-shell-client.fish

function __vsock_shell_client_names
    # Nobody is asked for this: a VM that does not answer would make every Tab wait.
    command -q vsock-shell-client; and vsock-shell-client --names 2>/dev/null
end

function __vsock_shell_client_no_target
    # Words that are no options; the value of an option counts as one, which offers less, not wrong.
    set -l words (commandline -opc)
    set -e words[1]
    not string match -qv -- '-*' $words
end

complete -c vsock-shell-client -f
complete -c vsock-shell-client -n __vsock_shell_client_no_target -a '(__vsock_shell_client_names)'
complete -c vsock-shell-client -s t -d 'use a terminal there'
complete -c vsock-shell-client -s T -d 'never use a terminal'
complete -c vsock-shell-client -s e -l env -x -d 'set NAME=VALUE'
complete -c vsock-shell-client -s C -l chdir -x -d 'start in a folder'
complete -c vsock-shell-client -s l -l user -x -a '(__fish_complete_users)' -d 'run as a user'
complete -c vsock-shell-client -s u -l upload -r -F -d 'copy LOCAL:REMOTE up'
complete -c vsock-shell-client -s d -l download -x -d 'copy REMOTE:LOCAL down'
complete -c vsock-shell-client -s r -l recursive -d 'copy folders'
complete -c vsock-shell-client -s L -l dereference -d 'copy what links point to'
complete -c vsock-shell-client -l resume -d 'go on with copies that were cut'
complete -c vsock-shell-client -l no-clobber -d 'leave files that exist'
complete -c vsock-shell-client -l dry-run -d 'only print what would be copied'
complete -c vsock-shell-client -l exclude -x -d 'leave out what matches'
complete -c vsock-shell-client -l limit -x -d 'bytes a second'
complete -c vsock-shell-client -l sync -d 'have files on the disk before they count'
complete -c vsock-shell-client -l json -d 'tell in JSON lines'
complete -c vsock-shell-client -l argv -d 'the words are a program, no shell'
complete -c vsock-shell-client -l escape -x -a 'none ~' -d 'escape key'
complete -c vsock-shell-client -l protocol -x -a '1 2' -d 'protocol version'
complete -c vsock-shell-client -s p -l port -x -d 'port of the server'
complete -c vsock-shell-client -l wait -x -d 'seconds to wait for the VM'
complete -c vsock-shell-client -l timeout -x -d 'seconds to connect'
complete -c vsock-shell-client -l list -d 'print what the target can be'
complete -c vsock-shell-client -l names -d 'print its names only'
complete -c vsock-shell-client -s q -l quiet -d 'errors only'
complete -c vsock-shell-client -s v -l verbose -d 'tell more'
complete -c vsock-shell-client -l version -d 'print the version'
complete -c vsock-shell-client -s h -l help -d 'print a summary'
