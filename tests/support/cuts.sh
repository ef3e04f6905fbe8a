# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The cutting proxy in front of an SSH host of the fixture; after lib.sh and need_sshd.
# shellcheck disable=SC2154,SC2034 # lib.sh has $tmp, scripts use the rest

cuts_up() { # HOST: the SSH host "cut" leads through the proxy to it, in $cut_config; sets $cut_at (ADDRESS:PORT), $cut_control
        local address=FX_${1^^}
        cut_control=$tmp/cut/control
        mkdir -p "$tmp/cut"
        start cut-proxy "$PYROPE_TEST_BIN_DIR/cut-proxy" "${!address}:$FX_PORT" "$cut_control"
        cut_at=$(ready_uri cut-proxy)
        echo "[${cut_at%:*}]:${cut_at#*:} $(cut -d' ' -f1,2 "$FX_DIR/$1/hostkey.pub")" >"$tmp/cut/known_hosts"
        cut_config=$tmp/cut/ssh_config
        {
                printf 'Host cut\n    HostName %s\n    Port %s\n' "${cut_at%:*}" "${cut_at#*:}"
                printf '    UserKnownHostsFile %s\n' "$tmp/cut/known_hosts"
                cat "$FX_SSH_CONFIG"
        } >"$cut_config"
}

order() { # WORD...: to the proxy; its answer is in $told
        told=$("$PYROPE_TEST_BIN_DIR/cut-proxy" tell "$cut_control" "$@") || fail "the proxy takes the order: $*" "$told"
}
