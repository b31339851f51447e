# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Completion of vsock-shell-proxy for bash; installed as bash-completion/completions/vsock-shell-proxy

_vsock_shell_proxy_names()
{
    # Nobody is asked for this: a VM that does not answer would make every Tab wait.
    vsock-shell-client --names 2>/dev/null || true
}

_vsock_shell_proxy()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local words

    COMPREPLY=()
    case $previous in
    -p | --port | --wait | --timeout) return ;;
    esac
    case $current in
    -*) words='-F --fdpass -p --port --wait --timeout -v --verbose --help --version' ;;
    *) words=$(_vsock_shell_proxy_names) ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _vsock_shell_proxy vsock-shell-proxy
