# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The cutting proxy in front of an SSH host of the fixture; after lib.sh and need_sshd.
# shellcheck disable=SC2154,SC2034 # lib.sh has $tmp, scripts use the rest

# The SSH host "cut" of $cut_config leads through the proxy. Sets $cut_at (ADDRESS:PORT), $cut_control. With N there are
# several, each with its own directory $tmp/cutN, where its control and ssh_config are.
cuts_up() { # HOST [N [ADDRESS]]
        local address=FX_${1^^} dir=$tmp/cut${2:-}
        cut_control=$dir/control
        mkdir -p "$dir"
        start "cut-proxy${2:-}" "$PYROPE_TEST_BIN_DIR/cut-proxy" "${!address}:$FX_PORT" "$cut_control" "${3:-127.0.0.1}:0"
        cut_at=$(ready_uri "cut-proxy${2:-}")
        echo "[${cut_at%:*}]:${cut_at#*:} $(cut -d' ' -f1,2 "$FX_DIR/$1/hostkey.pub")" >"$dir/known_hosts"
        cut_config=$dir/ssh_config
        {
                printf 'Host cut\n    HostName %s\n    Port %s\n' "${cut_at%:*}" "${cut_at#*:}"
                printf '    UserKnownHostsFile %s\n' "$dir/known_hosts"
                cat "$FX_SSH_CONFIG"
        } >"$cut_config"
}

order() { # WORD...: to the proxy; its answer is in $told
        told=$("$PYROPE_TEST_BIN_DIR/cut-proxy" tell "$cut_control" "$@") || fail "the proxy takes the order: $*" "$told"
}
