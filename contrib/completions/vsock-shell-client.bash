# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Completion of vsock-shell-client for bash; installed as bash-completion/completions/vsock-shell-client

_vsock_shell_client_names()
{
    # Nobody is asked for this: a VM that does not answer would make every Tab wait.
    vsock-shell-client --names 2>/dev/null || true
}

_vsock_shell_client()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local takes_value=' -p -e -C -l -u -d --port --env --chdir --user --upload --download '
    takes_value+='--wait --timeout --protocol --exclude --limit --escape --cid --cmd --remote-dir --local-dir '
    local options='-t -T -e -C -l -u -d -r -L -p -q -v -h --port --env --chdir --user --upload
        --download --recursive --dereference --resume --no-clobber --dry-run --exclude --limit
        --sync --json --argv --escape --protocol --wait --timeout --list --names --quiet --verbose
        --version --help'
    local i target=''

    COMPREPLY=()
    # Readline cuts words at ":" and "=": LOCAL:REMOTE is completed up to its colon.
    case $previous in
    -u | --upload | --local-dir)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames -o nospace
        return
        ;;
    -l | --user)
        mapfile -t COMPREPLY < <(compgen -u -- "$current")
        return
        ;;
    --protocol)
        mapfile -t COMPREPLY < <(compgen -W '1 2' -- "$current")
        return
        ;;
    --escape)
        mapfile -t COMPREPLY < <(compgen -W 'none' -- "$current")
        return
        ;;
    esac
    [[ $takes_value != *" $previous "* ]] || return
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} != -* && $takes_value != *" ${COMP_WORDS[i - 1]} "* ]]; then
            target=${COMP_WORDS[i]}
            break
        fi
    done
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    elif [ -z "$target" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_vsock_shell_client_names)" -- "$current")
    fi
}

complete -F _vsock_shell_client vsock-shell-client
