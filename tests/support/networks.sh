# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Networks of their own for the integration scripts that root runs; after lib.sh. Nothing of them is seen outside, and
# they end with the script.
# shellcheck disable=SC2154 # lib.sh has $tmp and pid_of

own_network=(unshare --net)

with_own_network() { # ARGUMENT... of the script, before begin: it goes on in a network with nothing but lo, if it may
        if [ -z "${OWN_NETWORK:-}" ] && "${own_network[@]}" true 2>/dev/null; then
                OWN_NETWORK=1 exec "${own_network[@]}" "$0" "$@"
        fi
        [ -z "${OWN_NETWORK:-}" ] || ip link set lo up
}

need_own_network() { # after with_own_network
        need_root "make networks"
        [ -n "${OWN_NETWORK:-}" ] || skip "no network of one's own here: $("${own_network[@]}" true 2>&1)"
        [ -n "$(type -P ip)" ] || skip "iproute2 is not installed; scripts/packages --install installs it"
}

is_apart() { # PID: it has a network of its own by now
        [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

network() { # NAME: another network; sets within[NAME], the words by which a command runs there
        # It ends with us even if we are killed.
        setpriv --pdeathsig KILL "${own_network[@]}" sleep infinity {never_fd}<&- &
        pid_of[$1]=$!
        wait_until is_apart "$!" || fail "there is a network $1"
        within[$1]="nsenter --target $! --net"
        ${within[$1]} ip link set lo up
}
declare -A within=()

cable() { # NAME ADDRESS NAME ADDRESS: joins two networks; "here" is that of the script
        local end
        n_cables=$((n_cables + 1))
        ip link add "a$n_cables" type veth peer name "b$n_cables"
        for end in "a$n_cables $1 $2" "b$n_cables $3 $4"; do
                # shellcheck disable=SC2086 # three words
                set -- $end
                [ "$2" = here ] || ip link set "$1" netns "${pid_of[$2]}"
                ${within[$2]:-} ip address add "$3/30" dev "$1"
                ${within[$2]:-} ip link set "$1" up
        done
}
n_cables=0
