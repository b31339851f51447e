# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: MIT
#
# What the SSH tests add to lib.sh, sourced behind it.
#
#   ssh_start [OPTION...]    a server for SSH on $T with $SSH_KEY as everybody's key; the options are
#                            the server's. Its log is $TMP/server.log.
#   $SSH $SCP $SFTP          real clients with $TMP/ssh_config: host "t" is that server, the user is
#                            $SSH_USER. Words in an array: "${SSH[@]}" t true. Host "keyless" is
#                            the same without a key of its own.
#   ssh_start_tcp FILE       one of its own for each connection to a port of 127.0.0.1, for clients that
#                            speak TCP only; FILE gets the port's number
#   ssh_home                 sets $SAFE to a fresh folder below the user's real home, for files that
#                            OpenSSH's permission checks must accept
#   ssh_at_end FUNCTION      call it at the end, before lib.sh's own cleaning up
#   no_session_left          true when no SSH session of this test runs any more
#   expect_small WHAT        fail if a session that runs now has ever taken much memory, or none runs
#
# The server is vsock-shell-server --ssh, or with SSH_DIRECT=1 (and before it exists) a small listener
# that starts vsock-shell-ssh-session for each connection, as inetd does.

SSH_USER=$(id -un)
SSH_KEY=$TMP/id
SSH=(ssh -F "$TMP/ssh_config")
SCP=(scp -F "$TMP/ssh_config")
SFTP=(sftp -F "$TMP/ssh_config")
SAFE=''
SSH_AT_END=()

need ssh ssh-keygen
[ -x "$SSH_SESSION" ] || skip 'this build has no SSH'

ssh_listen()
{
    SOCKET=$TMP/sock
    T=unix:$SOCKET
    rm -f "$SOCKET"
    "$SUPPORT/ssh_inetd.py" "$SOCKET" "$SSH_SESSION" -i "$@" </dev/null >>"$TMP/server.log" 2>&1 &
    SERVER_PID=$!
    STARTED+=("$SERVER_PID")
    wait_for 10 unix_listens "$SOCKET" || fail 'the listener did not start'
}

ssh_start_tcp()
{
    start_background "$SUPPORT/ssh_inetd.py" "tcp:$1" "$SSH_SESSION" -i --host-key "$TMP/host_key" \
        --shell /bin/sh </dev/null >>"$TMP/server.log" 2>&1
    wait_for 10 test -s "$1" || fail 'the TCP listener did not start'
}

ssh_write_config()
{
    cat >"$TMP/ssh_config" <<END
Host t keyless
    User $SSH_USER
    ProxyCommand $PROXY -F $T
    ProxyUseFdpass yes
    HostKeyAlias t
Host !keyless *
    IdentityFile $SSH_KEY
Host *
    UserKnownHostsFile $TMP/known_hosts
    StrictHostKeyChecking accept-new
    IdentitiesOnly yes
    IdentityAgent none
    BatchMode yes
    LogLevel ERROR
END
}

ssh_start()
{
    # bash reads the ~/.bashrc of whoever runs the tests when it is started by an SSH server.
    local common=(--host-key "$TMP/host_key" --shell /bin/sh -v)
    mkdir -p "$TMP/credentials"
    [ -e "$SSH_KEY" ] || ssh-keygen -q -t ed25519 -N '' -C test -f "$SSH_KEY"
    cp "$SSH_KEY.pub" "$TMP/credentials/ssh.ephemeral-authorized_keys-all"
    export CREDENTIALS_DIRECTORY=$TMP/credentials
    if [ -n "${SSH_DIRECT:-}" ] || [ ! -x "$SERVER" ]; then
        ssh_listen "${common[@]}" "$@"
    else
        start_server --ssh "${common[@]}" "$@"
    fi
    ssh_write_config
}

ssh_home()
{
    local home
    home=$(getent passwd "$(id -u)" | cut -d: -f6)
    [ -w "$home" ] || skip "cannot write to $home"
    SAFE=$(mktemp -d "$home/.vsock-shell-test.XXXXXX")
    ssh_at_end ssh_home_done
}

ssh_home_done()
{
    rm -rf "$SAFE"
}

# Before lib.sh's finish(), which must see the status that the test had.
ssh_finish()
{
    local status=$? call
    for call in ${SSH_AT_END[@]+"${SSH_AT_END[@]}"}; do
        "$call" || true
    done
    if [ "$status" -eq 0 ]; then
        finish
    else
        (exit "$status") || finish
    fi
}

ssh_at_end()
{
    SSH_AT_END+=("$1")
    trap ssh_finish EXIT
}

no_session_left()
{
    find_running vsock-shell-ssh
    [ ${#LEFT[@]} -eq 0 ]
}

expect_small()
{
    local pid peak
    find_running vsock-shell-ssh
    peak=$(
        for pid in "${LEFT[@]}"; do
            sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status" 2>/dev/null || true
        done | sort -n | tail -n 1
    )
    [ -n "$peak" ] || fail "$1: no session"
    ! memory_tells || [ "$peak" -lt 40000 ] || fail "$1 took $peak kB"
}
