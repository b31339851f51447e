# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# A terminal for a test: a tmux of its own with one window of 80x24 that runs a local shell with the
# prompt "local$ ". To be sourced after lib.sh.
#
#   start_tmux             starts it
#   keys KEY...            types as tmux send-keys does: words are typed, "Enter", "C-c" are keys
#   line TEXT              types TEXT as it is, and Enter
#   shows REGEX            waits until a line of the screen matches (ERE), else fails
#   shows_not REGEX        waits until none does
#   start_remote           a shell over the client, prompt "remote$ ", without anybody's dot files

TMUX_SOCKET=vsh-test

window()
{
    TMUX_TMPDIR=$TMP tmux -L "$TMUX_SOCKET" -f /dev/null "$@"
}

start_tmux()
{
    local shell="env -i HOME=$HOME PATH=$PATH LC_ALL=C.UTF-8 TERM=screen-256color PS1='local\$ '"
    shell+=' bash --norc --noprofile -i'
    unset TMUX
    window -u new-session -d -x 80 -y 24 "$shell"
    STARTED+=("$(window display-message -p '#{pid}')")
    window set-option -g status off >/dev/null
    shows '^local\$$'
}

keys()
{
    window send-keys -t 0 "$@"
}

line()
{
    window send-keys -t 0 -l -- "$1"
    window send-keys -t 0 Enter
}

screen()
{
    window capture-pane -t 0 -p
}

screen_has()
{
    screen | grep -qE -e "$1"
}

screen_lacks()
{
    ! screen_has "$1"
}

shows()
{
    wait_for 15 screen_has "$1" || fail "the screen does not show '$1':
$(screen)"
}

shows_not()
{
    wait_for 15 screen_lacks "$1" || fail "the screen still shows '$1':
$(screen)"
}

start_remote()
{
    line "clear; $CLIENT $T -t 'cd; exec env PS1=\"remote\\\$ \" HOME=$HOME bash --norc --noprofile -i'"
    shows '^remote\$$'
    line 'cd; clear'
    shows '^remote\$$'
}
