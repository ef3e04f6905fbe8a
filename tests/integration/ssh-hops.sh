#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/ssh-probe.sh"
begin "SSH hosts behind others: chains of one to eight, settings, host keys and refusals at each hop, hops that are lost"

# h4 forwards no ports, h5 wants new keys all the time.
export FIXTURE_EXTRA_4="AllowTcpForwarding no"
export FIXTURE_EXTRA_5="RekeyLimit 1M
LogLevel DEBUG"
need_sshd 5
config=$FX_SSH_CONFIG
mkdir "$tmp/s"
for mode in echo stall; do
        start $mode "$server" "$tmp/s/$mode" $mode
done
start source "$server" "$tmp/s/source" source 33554432

mark() { # what comes from now on in the logs of the hosts is news
        for i in 1 2 3 4 5; do wc -l <"$FX_DIR/h$i/log" >"$tmp/mark.$i"; done
}
news() { # I REGEX: how many such lines came in the log of host I
        tail -n +$(($(cat "$tmp/mark.$1") + 1)) "$FX_DIR/h$1/log" | grep -cE -- "$2"
}
logins() { # I: how many came to host I
        news "$1" '^Accepted publickey'
}

echo "# chains"
# shellcheck disable=SC2016 # for the shell over there
seen='set -- $SSH_CONNECTION; echo "$1 $3 $4" as $(id -un)'
same_as_ssh() { # CONFIG TARGET [HOPS]: with the configuration, our session is seen over there as ssh's own is
        local theirs
        theirs=$(ssh -F "$1" ${3:+-J "$3"} "$2" "$seen" 2>"$tmp/theirs.err")
        expect 0 "$probe" "$1" exec "${3:+$3,}$2" "$seen"
        check "$(basename "$1"): ${3:+$3,}$2 leads where ssh goes" test "$(head -1 "$tmp/out")" = "${theirs:-nowhere: $(cat "$tmp/theirs.err")}"
}
same_as_ssh "$config" h1
same_as_ssh "$config" h2 h1
same_as_ssh "$config" h3 h1,h2
same_as_ssh "$config" h5 "h1,$FX_USER@h2,$FX_H3:$FX_PORT"
with jump "Host h2
ProxyJump h1
Host h3
ProxyJump h2
Host list
HostName $FX_H3
ProxyJump $FX_USER@h1:$FX_PORT,ssh://$FX_USER@$FX_H2:$FX_PORT
Host direct-*
ProxyJump none
Host direct-h2
HostName $FX_H2
Host tokens
HostName $FX_H3
ProxyJump direct-h2,via-%h
Host via-*
HostName $FX_H1
Match host $FX_H5 exec true
ProxyJump direct-h2
Match host $FX_H5 exec false
ProxyJump nowhere"
for target in h2 h3 list direct-h2 tokens h5; do
        same_as_ssh "$tmp/jump" $target
done
same_as_ssh "$tmp/jump" h3 h1
same_as_ssh "$tmp/jump" h3 h2
with command "Host h2
ProxyCommand ssh -F $config -W [%h]:%p h1
Host h3
ProxyJump h2"
same_as_ssh "$tmp/command" h3
with replaced "Host h2
ProxyCommand /bin/false"
same_as_ssh "$tmp/replaced" h2 h1

echo "# one login for all"
mark
expect 0 "$probe" "$config" two "ssh://h1,h2,h3/./u:$tmp/s/echo" "ssh://h1,h2/./u:$tmp/s/echo"
check "a chain of three hosts has three sessions, whoever uses them" said '^sessions 3 channels 4$'
check "each of them with one login" test "$(logins 1) $(logins 2) $(logins 3)" = "1 1 1"
expect 0 "$probe" "$config" many "ssh://h1,h2,h3/./u:$tmp/s/echo" 50
check "50 threads at once share them" said '^sessions 3 channels 52$'
expect 0 "$probe" "$tmp/jump" two "ssh://h3/./u:$tmp/s/echo" "ssh://list/./u:$tmp/s/echo"
expect 0 "$probe" "$config" cycle "ssh://h1,h2,h3/./u:$tmp/s/echo" 5
check "descriptors and threads are given back" said '^descriptors 0 threads 0$'

echo "# bytes"
expect 0 "$probe" "$config" bulk "ssh://h1,h2,h3/./u:$tmp/s/echo" 16777216
check "16 MiB there and back at once" said '^16777216 bytes back, equal$'
expect 0 "$probe" "$config" bulk "ssh://h1,h5,h3/./u:$tmp/s/echo" 16777216
check "so it is while keys are exchanged anew in between" said '^16777216 bytes back, equal$'
check "which happened again and again" test "$(grep -c 'set_newkeys: rekeying' "$FX_DIR/h5/log")" -gt 5
expect 0 "$probe" "$config" slow "ssh://h1,h2,h3/./u:$tmp/s/source" 33554432
check "a stream that nobody reads stops no other behind the same hosts" said '^quick whole$'
check "and loses nothing" said '^slow whole$'

echo "# host keys"
: >"$tmp/kh.none"
key_of() { # I
        cut -d' ' -f1,2 "$FX_DIR/h$1/hostkey.pub"
}
refused_at() { # I CASE KNOWN-HOSTS REGEX: the chain h1,h2,h3, where h$1 is known by that file alone
        local i address=FX_H$1 chain=("" "h1" "h2 via h1" "h3 via h1,h2")
        with "$2$1" "Host h$1
HostName ${!address}
UserKnownHostsFile $3"
        mark
        expect 1 "$probe" "$tmp/$2$1" exec h1,h2,h3 true
        if [ "$1" = 3 ]; then
                check "$2 key at h3" complained "^E_HOST_KEY h3 via h1,h2 \(.*: host key $4"
        else
                check "$2 key at h$1, with its name and the chain" complained "^E_HOST_KEY h3 via h1,h2: ${chain[$1]} \(.*: host key $4"
        fi
        check "no login there" test "$(news "$1" 'publickey|userauth|Accepted|preauth.*user')" = 0
        for ((i = $1 + 1; i <= 3; i++)); do
                check "nor anything at h$i" test "$(news "$i" '^Connection from')" = 0
        done
}
for i in 1 2 3; do
        address=FX_H$i
        name="[${!address}]:$FX_PORT"
        other=$((i % 3 + 1))
        echo "$name $(key_of $other)" >"$tmp/kh.changed$i"
        printf '%s\n' "$name $(key_of $i)" "@revoked * $(key_of $i)" >"$tmp/kh.revoked$i"
        refused_at $i unknown "$tmp/kh.none
StrictHostKeyChecking no" "is not in $tmp/kh.none"
        refused_at $i changed "$tmp/kh.changed$i" "HAS CHANGED"
        refused_at $i revoked "$tmp/kh.revoked$i" ".* is marked as revoked"
done
expect 1 "$probe" "$tmp/unknown2" exec h1,h2,h3 true
check "the command that helps goes to that host" complained "run 'ssh -F $tmp/unknown2 -J h1 h2' once"

echo "# logins"
with stranger "Host h2
User no-such-user"
expect 1 "$probe" "$tmp/stranger" exec h1,h2,h3 true
check "a login that a hop refuses" complained "^E_AUTH h3 via h1,h2: h2 via h1 \(no-such-user@$FX_H2 port $FX_PORT\): login refused"
check "with the command that shows more" complained "'ssh -v -F $tmp/stranger -J h1 h2'"
expect 1 "$probe" "$config" exec "h1,no-such-user@h2,h3" true
check "a user that the way names is the hop's" complained "^E_AUTH h3 via h1,no-such-user@h2: no-such-user@h2 via h1 "
expect 1 "$probe" "$tmp/jump" exec "no-such-user@h3" true
check "one that was named for the last host is not" complained "^E_AUTH no-such-user@h3 via h2 "

echo "# refusals"
expect 1 "$probe" "$config" exec h1,h4,h3 true
check "a hop that forwards nothing: its name, and the option" \
        complained "^E_DENIED h3 via h1,h4: h4 via h1 .*: sshd does not permit port $FX_PORT of $FX_H3: see AllowTcpForwarding"
expect 1 "$probe" "$config" exec h1,h2:1,h3 true
check "nobody listens at a hop" complained "^E_UNREACHABLE h3 via h1,h2:1: h1 .*: sshd cannot connect to port 1 of $FX_H2: .*Connection refused$"
with nowhere "Host h2
HostName no-such-host.invalid"
expect 1 "$probe" "$tmp/nowhere" exec h1,h2,h3 true
check "a name that the hop before does not know" complained "^E_UNREACHABLE h3 via h1,h2: h1 .*: sshd cannot connect to port $FX_PORT of no-such-host.invalid: "
with broken-proxy "Host h1
ProxyCommand echo no way >&2; exit 1"
expect 1 "$probe" "$tmp/broken-proxy" exec h1,h2 true
check "a hop whose ProxyCommand fails" complained '^E_UNREACHABLE h2 via h1: h1 .*the program in between said: no way$'
with list "Host h2
RevokedHostKeys $tmp/kh.none"
expect 1 "$probe" "$tmp/list" exec h1,h2,h3 true
check "a setting of a hop that cannot be honoured" complained '^E_CONFIG h3 via h1,h2: h1,h2: .*revokedhostkeys'
expect 0 env PROBE_BACKEND=auto "$probe" "$tmp/list" exec h1,h2,h3 "$seen"
check "the program ssh can be a hop, and is where it must" said "^127.0.0.1 $FX_H3 $FX_PORT as "

echo "# ways that are none"
for way in 'h1,' ',h2' 'h1,,h2' h1,-oProxyCommand=id 'h1,h2;id' 'h1, h2' h1,h1,h1,h1,h1,h1,h1,h1,h2; do
        expect 1 "$probe" "$config" exec "$way" true
        check "no way: $way" complained '^E_INVALID .*is not \[user@\]host\[:port\], nor up to 8 of these'
done
# shellcheck disable=SC2016 # nobody's shell is to expand it
for jump in '$(id)' 'h1;id' 'h1,-oProxyCommand=id' 'h1,h1,h1,h1,h1,h1,h1,h1,h1'; do
        with bad-jump "Host far
ProxyJump $jump"
        expect 1 "$probe" "$tmp/bad-jump" exec far true
        check "no ProxyJump: $jump" complained '^E_CONFIG far: (ProxyJump .*is not up to 8|ssh refuses its configuration: )'
done

echo "# circles and long chains"
with circles "Host one
HostName $FX_H1
ProxyJump two
Host two
HostName $FX_H2
ProxyJump three
Host three one-more
HostName $FX_H3
ProxyJump one
Host itself
ProxyJump itself
Host first
HostName $FX_H1
ProxyJump second
Host second
HostName $FX_H2
ProxyJump first-too
Host first-too
HostName $FX_H1
ProxyJump second"
expect 1 "$probe" "$tmp/circles" exec one true
check "a circle of three" complained '^E_CONFIG one via two: three: ProxyJump leads round in a circle: three goes through one, which goes through two, which goes through three$'
expect 1 "$probe" "$tmp/circles" exec itself true
check "a host that goes through itself" complained '^E_CONFIG itself via itself: itself: .* circle: itself goes through itself$'
expect 1 "$probe" "$tmp/circles" exec first true
check "a circle by another name of a host" complained '^E_CONFIG first via second: .*circle'
expect 0 "$probe" "$tmp/circles" exec h1,three true
{
        for i in 1 2 3 4 5 6 7 8; do printf 'Host c%d\nHostName %s\nProxyJump c%d\n' $i "$FX_H1" $((i + 1)); done
        printf 'Host c9\nHostName %s\n' "$FX_H1"
        printf 'Host x*\nHostName %s\nProxyJump x%%n\n' "$FX_H1"
        cat "$config"
} >"$tmp/long"
expect 0 "$probe" "$tmp/long" exec c2 'echo there'
check "eight hosts one behind the other" said '^there$'
expect 1 "$probe" "$tmp/long" exec c1 true
check "nine are too many" complained '^E_CONFIG c1 via c2: c9: more than 8 hosts one behind the other by ProxyJump$'
expect 1 "$probe" "$tmp/long" exec x true
check "names that become longer without end" complained '^E_CONFIG x via xx: x+: more than 8 hosts'

echo "# hops that are lost"
cut_hop() { # I: the streams of a chain end with a hop, and come again with it
        local chain=("" "h1" "h2 via h1" "h3 via h1,h2") way='' i
        for ((i = $1; i <= 3; i++)); do
                way="${chain[$i]} \(.*\): the $([ "$i" = "$1" ] && echo 'SSH connection broke' || echo "way there broke: $way")"
        done
        PYROPE_LOG=info hold "lost$1" "$config" "ssh://h1,h2,h3/./u:$tmp/s/stall"
        expect 0 "$fixture" kill1 "$FX_DIR" "$1"
        check "h$1 is killed: the streams behind it hang up" wait_for_line "$tmp/lost$1.out" '^hung up' "${pid_of[lost$1]}"
        check "with the host that failed, seen from the last" \
                wait_for_line "$tmp/lost$1.err" "h3 via h1,h2 .*: (lost|backing off): $way" "${pid_of[lost$1]}"
        expect 0 "$fixture" up1 "$FX_DIR" "$1"
        mark
        echo >&7
        check "the next use makes a way again" wait_for_line "$tmp/lost$1.out" 'READY again' "${pid_of[lost$1]}"
        for i in 1 2 3; do
                check "h$i is logged in to again only from h$1 on" test "$(logins "$i")" = $((i >= $1))
        done
        stop "lost$1"
}
for i in 1 2 3; do
        cut_hop $i
done
expect 0 "$fixture" kill1 "$FX_DIR" 2
expect 1 "$probe" "$config" exec h1,h2,h3 true
check "a hop that is not there" complained "^E_UNREACHABLE h3 via h1,h2: h1 .*sshd cannot connect to port $FX_PORT of $FX_H2: .*Connection refused$"
expect 0 "$fixture" up1 "$FX_DIR" 2

expect 0 "$fixture" freeze "$FX_DIR" 2
expect 1 "$probe" "$config" open "ssh://h1,h2,h3/./u:$tmp/s/echo" 500
check "a hop that is silent: where it got stuck" complained '^E_TIMEOUT h3 via h1,h2: h2 via h1 .*exchanging keys: timed out$'
expect 0 "$probe" "$config" late "ssh://h1,h2,h3/./u:$tmp/s/echo" 500
check "the pool ends while it hangs, without waiting for it" said '^pool ended$'
with hasty "Host h2
ConnectTimeout 1"
expect 1 "$probe" "$tmp/hasty" exec h1,h2,h3 true
check "the ConnectTimeout of a hop is its own" complained '^E_TIMEOUT h3 via h1,h2: h2 via h1 .*exchanging keys: timed out$'
expect 0 "$fixture" thaw "$FX_DIR" 2
finish
