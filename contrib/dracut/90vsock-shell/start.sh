#!/bin/sh
# SPDX-License-Identifier: MIT
sh /usr/lib/vsock-shell/start || warn 'vsock-shell-server: cannot start'
