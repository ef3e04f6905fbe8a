#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/networks.sh"
. "$(dirname "$0")/../support/ssh-probe.sh"
with_own_network "$@"
begin "SSH hosts in networks of their own, each reached only through the one before, with another user at each"
need_own_network

# here - gateway - middle - inner
network gateway
network middle
network inner
cable here 10.77.1.1 gateway 10.77.1.2
cable gateway 10.77.2.1 middle 10.77.2.2
cable middle 10.77.3.1 inner 10.77.3.2
export FIXTURE_ADDRESS_1=10.77.1.2 FIXTURE_ADDRESS_2=10.77.2.2 FIXTURE_ADDRESS_3=10.77.3.2
export FIXTURE_WITHIN_1=${within[gateway]} FIXTURE_WITHIN_2=${within[middle]} FIXTURE_WITHIN_3=${within[inner]}
need_sshd 3
chmod 711 "$tmp" "$FX_DIR" "$FX_DIR"/h? # sshd reads the keys as the user who logs in
chmod 644 "$FX_DIR"/h?/authorized_keys
mkdir "$tmp/s"
start echo "$server" "$tmp/s/echo" echo
start stall "$server" "$tmp/s/stall" stall

with users "Host gateway
HostName $FX_H1
User nobody
Host middle
HostName $FX_H2
User daemon
ProxyJump gateway
Host inner
HostName $FX_H3
ProxyJump middle"
config=$tmp/users

expect 1 "$probe" "$FX_SSH_CONFIG" exec h3 true
check "the inner host cannot be reached from here" complained '^E_UNREACHABLE h3: connecting to .*: Network is unreachable$'
expect 1 "$probe" "$config" exec gateway,h3 true
check "nor from the gateway" complained "^E_UNREACHABLE h3 via gateway: gateway .*: sshd cannot connect to port $FX_PORT of $FX_H3: "

# shellcheck disable=SC2016 # for the shell over there
seen='set -- $SSH_CONNECTION; echo "$1 $3" as $(id -un)'
expect 0 "$probe" "$config" exec inner "$seen"
check "through two others it is reached, and is reached from the last of them" said "^10.77.3.1 $FX_H3 as root$"
check "as ssh itself would" said "^$(ssh -F "$config" inner "$seen")$"
check "with another user at each: the gateway" grep -q '^Accepted publickey for nobody from 10.77.1.1' "$FX_DIR/h1/log"
check "and the host in the middle" grep -q '^Accepted publickey for daemon from 10.77.2.1' "$FX_DIR/h2/log"
expect 0 "$probe" "$FX_SSH_CONFIG" exec "nobody@h1,daemon@h2:$FX_PORT,root@h3:$FX_PORT" "$seen"
check "so it is by a way that names them" said "^10.77.3.1 $FX_H3 as root$"
expect 0 "$probe" "$config" bulk "ssh://inner/./u:$tmp/s/echo" 16777216
check "16 MiB there and back at once" said '^16777216 bytes back, equal$'

# No packet passes any more, and nobody says so.
hold cut "$config" "ssh://inner/./u:$tmp/s/stall"
${within[gateway]} ip link set b1 down
expect 1 "$probe" "$config" open "ssh://inner/./u:$tmp/s/echo" 1000
check "a gateway that is cut off: where it got stuck" complained '^E_(TIMEOUT|UNREACHABLE) inner via middle: gateway: connecting to '
${within[gateway]} ip link set b1 up
expect 0 "$probe" "$config" exec inner "$seen"
check "the link is back, and so is the way" said "^10.77.3.1 $FX_H3 as root$"
stop cut
finish
