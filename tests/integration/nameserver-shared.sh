#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
with_own_mounts "$@"
begin "three lines of configuration make a nameserver that a group shares: who is in the group may use it, nobody else"
need_own_mounts
mount -t tmpfs -o mode=755 tmpfs /run || skip "no tmpfs can be mounted"
OWNER=64001 GROUP=64100 ALICE=64002 BOB=64003
unset PYROPE_RUNTIME_DIR XDG_CONFIG_HOME
export HOME=/nowhere
open_programs
owner=(setpriv --reuid "$OWNER" --regid "$OWNER" --groups "$GROUP")
alice=(setpriv --reuid "$ALICE" --regid "$ALICE" --groups "$GROUP")
bob=(setpriv --reuid "$BOB" --regid "$BOB" --clear-groups)

mode() { stat -c '%a %u %g' "$1"; }
site=/run/pyrope/nameserver.sock

# As systemd makes them for the unit: RuntimeDirectory=, StateDirectory=.
install -d -m 700 -o $OWNER -g $OWNER /run/pyrope /run/state
cat >"$tmp/ns.conf" <<END
[nameserver]
database = /run/state/nameserver.db
socket = $site
group = $GROUP
END
chmod 644 "$tmp/ns.conf"
start ns "${owner[@]}" nameserver --config "$tmp/ns.conf"
check "the socket is the group's" test "$(mode $site)" = "660 $OWNER $GROUP"
check "its directory may be entered by the group" test "$(mode /run/pyrope)" = "750 $OWNER $GROUP"
check "the names are nobody else's" test "$(mode /run/state/nameserver.db)" = "600 $OWNER $OWNER"

expect 0 "${alice[@]}" pyrope list
check "who is in the group finds it without a word" said '^Pyro\.NameServer '
expect 0 "${alice[@]}" pyrope --nameserver $site register alice.solver PYRO:x@./u:/run/alice.sock
expect 0 "${owner[@]}" pyrope list
check "and enters names" said '^alice\.solver '
expect 1 pyrope list
check "not even root is let in, who is not in it" complained 'hung up'
expect 1 "${bob[@]}" pyrope list
check "who is not does not even see it" complained 'no nameserver is named'
expect 1 "${bob[@]}" pyrope --nameserver $site list
check "nor connects" complained "$site: permission denied"
# Should somebody open up the files, the kernel's word on who connects still counts.
chmod 755 /run/pyrope
chmod 666 $site
expect 1 "${bob[@]}" pyrope --nameserver $site list
expect 0 "${alice[@]}" pyrope --nameserver $site list

# One more user, by name, while it runs.
mkdir "$tmp/ns.conf.d"
printf '[nameserver]\nusers = %s\n' $BOB >"$tmp/ns.conf.d/bob.conf"
chmod 755 "$tmp/ns.conf.d" && chmod 644 "$tmp/ns.conf.d/bob.conf"
kill -HUP "$(pid ns)"
wait_for_line "$tmp/ns.err" 'SIGHUP: configuration read' "$(pid ns)" >/dev/null
expect 0 "${bob[@]}" pyrope --nameserver $site list
rm "$tmp/ns.conf.d/bob.conf"
chmod 750 /run/pyrope
chmod 660 $site
check "it ends well" stop ns
check "and takes its socket along" test ! -e $site

start ns "${owner[@]}" nameserver --config "$tmp/ns.conf"
check "it starts in a directory that is the group's already" test "$(mode $site)" = "660 $OWNER $GROUP"
stop ns
chmod 770 /run/pyrope
expect 1 "${owner[@]}" nameserver --config "$tmp/ns.conf"
check "but not in one where the group may write" complained '/run/pyrope: .*chmod 750'
chmod 700 /run/pyrope
expect 1 "${owner[@]/$GROUP/4711}" nameserver --config "$tmp/ns.conf"
check "nor for a group that it is not in" complained "$site: cannot listen: Operation not permitted"
sed -i '/^socket/d' "$tmp/ns.conf"
expect 1 nameserver --config "$tmp/ns.conf" --check
check "nor beside private sockets" complained 'ns\.conf:3: a group needs .socket., in a directory of its own'
finish
