# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Completion of vsock-shell-server for bash; installed as bash-completion/completions/vsock-shell-server

_vsock_shell_server()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local options='-p --port --listen -d --daemonize -v --verbose -i --stdio --allow --deny
        --require-privileged-port --allow-uid --user --shell --no-native --no-exec --no-pty --no-upload
        --no-download --no-forward --root --record --max-sessions --max-sessions-per-peer --login-grace
        --idle-timeout --grace --config --pid-file --log --status --json --control
        --check --ssh --authorized-keys --host-key
        --show-host-key --ssh-all-ciphers --ssh-auth --sftp-server --version -h --help'

    # Readline cuts words at "=": the option is then one word further back.
    if [ "$current" = = ]; then
        current=''
    elif [ "$previous" = = ] && [ "$COMP_CWORD" -gt 2 ]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    COMPREPLY=()
    case $previous in
    --listen)
        mapfile -t COMPREPLY < <(compgen -W 'vsock:any unix: mux:' -- "$current")
        compopt -o nospace
        ;;
    --allow | --deny)
        mapfile -t COMPREPLY < <(compgen -W 'host local any' -- "$current")
        ;;
    --allow-uid)
        mapfile -t COMPREPLY < <(compgen -u -W any -- "$current")
        ;;
    --user)
        mapfile -t COMPREPLY < <(compgen -u -- "$current")
        ;;
    --root | --record)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        compopt -o filenames
        ;;
    --shell | --config | --pid-file | --control | --authorized-keys | --host-key | --sftp-server)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames
        ;;
    --log)
        mapfile -t COMPREPLY < <(compgen -W 'stderr syslog json' -- "$current")
        ;;
    --ssh-auth)
        mapfile -t COMPREPLY < <(compgen -W 'publickey none' -- "$current")
        ;;
    -p | --port | --max-sessions | --max-sessions-per-peer | --login-grace | --idle-timeout | --grace)
        ;;
    *)
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
        ;;
    esac
}

complete -F _vsock_shell_server vsock-shell-server
