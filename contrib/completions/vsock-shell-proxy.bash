# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Completion of vsock-shell-proxy for bash; installed as bash-completion/completions/vsock-shell-proxy

_vsock_shell_proxy_names()
{
    # The hosts files only: asking the VMs would make every Tab wait.
    local file
    for file in "${XDG_CONFIG_HOME:-$HOME/.config}/vsock-shell/hosts" /etc/vsock-shell/hosts; do
        [ ! -r "$file" ] || sed -n 's/^[[:space:]]*\([^#[:space:]][^[:space:]]*\).*/\1/p' "$file"
    done
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
