#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Signals at the client of a command without a terminal: both sides end at once, nothing is left.
. "$(dirname "$0")/../support/lib.sh"

need pgrep
start_server

# Is a process running whose whole command line is $1?
runs()
{
    pgrep -fx -- "$1" >/dev/null
}

gone()
{
    ! runs "$1"
}

# Each run has a sleep of its own length, so that it can be told from every other.
number=$((RANDOM % 5000 + 20000))

signal_ends()
{
    local name=$1 status=$2 pid
    number=$((number + 1))
    # A background job of a shell without job control starts with INT and QUIT ignored.
    env --default-signal=INT,QUIT "$CLIENT" "$T" "exec sleep $number" \
        < <(exec yes) 2>"$ERR" &
    pid=$!
    wait_for 10 runs "sleep $number" || fail 'the command did not start'
    kill -"$name" "$pid"
    STATUS=0
    wait "$pid" || STATUS=$?
    [ "$STATUS" -eq "$status" ] || fail "status $STATUS after SIG$name instead of $status"
    wait_for 3 gone "sleep $number" || fail "the command survived SIG$name"
}

signal_ends INT 130
signal_ends TERM 143
signal_ends HUP 129
signal_ends QUIT 131
ok 'INT, TERM, HUP and QUIT end both sides, with yes typing all the time'

# Each client in the background gets a new file: a line of the one before must not be taken for its
# own.
rm -f "$OUT"
"$CLIENT" "$T" "trap 'touch \"$TMP/interrupted\"; exit' INT
    echo ready; while :; do sleep 0.1; done" >"$OUT" &
pid=$!
wait_for 10 grep -sqx ready "$OUT"
kill -TERM "$pid"
wait "$pid" || true
[ ! -e "$TMP/interrupted" ] || fail 'the command got INT for TERM'
rm -f "$OUT"
env --default-signal=INT "$CLIENT" "$T" "trap 'touch \"$TMP/interrupted\"; exit' INT
    trap 'echo last word' EXIT; echo ready; while :; do sleep 0.1; done" >"$OUT" &
pid=$!
wait_for 10 grep -sqx ready "$OUT"
kill -INT "$pid"
wait "$pid" || true
expect_line 'last word'
wait_for 5 test -e "$TMP/interrupted" || fail 'the command did not get the signal itself'
ok 'the command gets the same signal'

# Ctrl-C in a terminal, through a whole pipeline. SIGINT is ignored where this runs in the
# background; the timeout(1) of coreutils 9.8 and later leaves it so, older ones do not.
number=$((number + 1))
env --default-signal=INT python3 - "$CLIENT" "$T" "$number" >"$OUT" <<'END'
import os, pty, select, sys, time
client, target, number = sys.argv[1:]
pid, master = pty.fork()
if pid == 0:
    os.execvp('bash', ['bash', '-c', f"yes | '{client}' {target} 'echo begun; sleep {number}'; "
                       'echo "status ${PIPESTATUS[1]}"'])
text = b''
sent = None
while True:
    ready, _, _ = select.select([master], [], [], 20)
    if not ready:
        break
    try:
        data = os.read(master, 4096)
    except OSError:
        break
    if not data:
        break
    text += data
    if sent is None and b'begun' in text:
        sent = time.monotonic()
        os.write(master, b'\x03')
os.waitpid(pid, 0)
print(f'{time.monotonic() - sent:.1f} s')
sys.stdout.flush()
os.write(1, text)
END
wait_for 3 gone "sleep $number" || fail 'the command survived Ctrl-C'
! grep -q 'lost\|error' "$OUT" || fail "Ctrl-C was taken for a failure: $(cat "$OUT")"
ok 'Ctrl-C in a pipeline'

# The command ignores the signal: the second one does not wait for anybody.
number=$((number + 1))
env --default-signal=INT "$CLIENT" "$T" "trap '' INT HUP TERM; exec sleep $number" &
pid=$!
wait_for 10 runs "sleep $number"
kill -INT "$pid"
kill -INT "$pid" 2>/dev/null || true
STATUS=0
wait "$pid" || STATUS=$?
[ "$STATUS" -eq 130 ] || fail "status $STATUS after two SIGINT"
wait_for 6 gone "sleep $number" || fail 'a command that ignores signals survived'
ok 'a command that ignores everything'

number=$((number + 1))
"$CLIENT" "$T" "trap '' HUP TERM; sleep $number & sleep $number; :" &
pid=$!
wait_for 10 runs "sleep $number"
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
wait_for 6 gone "sleep $number" || fail 'a killed client left its command behind'
ok 'a client that is killed'

rm -f "$OUT"
"$CLIENT" "$T" 'trap "echo got usr1; exit 5" USR1; echo ready; while :; do sleep 0.1; done' \
    >"$OUT" &
pid=$!
wait_for 10 grep -sqx ready "$OUT"
kill -USR1 "$pid"
STATUS=0
wait "$pid" || STATUS=$?
[ "$STATUS" -eq 5 ] || fail "status $STATUS after SIGUSR1"
expect_line 'got usr1'
ok 'USR1 goes to the command'

number=$((number + 1))
# nohup: the terminal goes, the client stays.
nohup "$CLIENT" "$T" "sleep $number" >/dev/null 2>&1 &
pid=$!
wait_for 10 runs "sleep $number"
kill -HUP "$pid"
sleep 0.5
runs "sleep $number" || fail 'SIGHUP ended a command under nohup'
kill -TERM "$pid"
wait "$pid" || true
wait_for 3 gone "sleep $number" || fail 'the command survived SIGTERM'
ok 'an ignored signal stays ignored'

# The command must end by itself when the server's process does not do it: cat sees its input end.
mkfifo "$TMP/fifo"
exec 5<>"$TMP/fifo"
rm -f "$OUT"
"$CLIENT" "$T" 'echo here; exec cat' <"$TMP/fifo" >"$OUT" 2>"$ERR" &
pid=$!
wait_for 10 grep -sqx here "$OUT"
kill -KILL "$(pgrep -P "$SERVER_PID" | head -n 1)"
STATUS=0
wait "$pid" || STATUS=$?
[ "$STATUS" -eq 255 ] || fail "status $STATUS after the server's process was killed"
expect_match "^vsock-shell-client: error: connection to $T lost: "
ok 'a connection that is lost: 255 and a sentence'
