# SPDX-License-Identifier: MIT
# Completion of vsock-shell-proxy for fish; installed as vendor_completions.d/vsock-shell-proxy.fish

function __vsock_shell_proxy_names
    # Nobody is asked for this: a VM that does not answer would make every Tab wait.
    command -q vsock-shell-client; and vsock-shell-client --names 2>/dev/null
end

complete -c vsock-shell-proxy -f
complete -c vsock-shell-proxy -a '(__vsock_shell_proxy_names)'
complete -c vsock-shell-proxy -s F -l fdpass -d 'hand the connected socket to ssh'
complete -c vsock-shell-proxy -s p -l port -x -d 'port of the server'
complete -c vsock-shell-proxy -l wait -x -d 'seconds to wait for the VM'
complete -c vsock-shell-proxy -l timeout -x -d 'seconds to connect'
complete -c vsock-shell-proxy -s v -l verbose -d 'say what is done'
complete -c vsock-shell-proxy -l version -d 'print the version'
complete -c vsock-shell-proxy -l help -d 'print a summary'
