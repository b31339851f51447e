#!/bin/sh
# SPDX-License-Identifier: MIT
sh /usr/lib/vsock-shell/stop || warn 'vsock-shell-server: cannot stop'
