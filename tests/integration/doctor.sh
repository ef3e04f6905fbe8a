#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # `check` runs functions
#
# The output of `pyrope doctor` for broken set-ups, each a block of docs/troubleshooting.md behind its mark
# <!-- doctor NAME -->. With --write the blocks there are replaced; the words around them are written by hand.

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/stack.sh"
begin "pyrope doctor names the fault and the remedy of each broken set-up, as docs/troubleshooting.md has it"
document=$top/docs/troubleshooting.md
fixture=$top/tests/support/sshd_fixture.sh

# --- the hosts: h1 is sound ---
mkdir "$tmp/home" "$tmp/blocks" "$tmp/here"
environment="HOME=$tmp/home PYROPE_RUNTIME_DIR=$tmp/run"
export FIXTURE_EXTRA="SetEnv PATH=$PYROPE_BIN_DIR:/usr/bin:/bin $environment"
export FIXTURE_EXTRA_2="AllowStreamLocalForwarding no"
export FIXTURE_EXTRA_3="DisableForwarding yes"
export FIXTURE_EXTRA_4="AllowTcpForwarding no"
export FIXTURE_EXTRA_5="MaxSessions 0"
# shellcheck disable=SC2016 # for the shell over there
export FIXTURE_EXTRA_7='ForceCommand echo "Welcome to cluster!"; eval "$SSH_ORIGINAL_COMMAND"'
export FIXTURE_EXTRA_8='ForceCommand echo "This account is currently not available."; exit 1'
export FIXTURE_EXTRA_9="Ciphers aes128-cbc,3des-cbc"
export FIXTURE_EXTRA_10="PubkeyAuthentication no
PasswordAuthentication yes"
export FIXTURE_EXTRA_11="SetEnv PATH=/usr/bin:/bin $environment"
need_sshd 11
key=$FX_DIR/id_ed25519

at() { # HOST [LINE...]: from now on "cluster" is that host of the fixture, with these settings
        local host=$1
        shift
        {
                printf 'Host cluster\n    HostName %s\n' "$host"
                [ $# = 0 ] || printf '    %s\n' "$@"
                printf '    UserKnownHostsFile %s\n' "$tmp/known_hosts"
                cat "$FX_SSH_CONFIG"
        } >"$tmp/ssh_config"
        cp "$FX_KNOWN_HOSTS" "$tmp/known_hosts"
}

# --- a block ---
user=$(id -un)
harmless() { # what differs from run to run, and between machines, as it would look on somebody's own
        sed -E -e "s#-F $tmp/ssh_config ##g; s#$tmp/ssh_config#~/.ssh/config#g" \
                -e "s#($tmp|$FX_DIR)/known_hosts#~/.ssh/known_hosts#g; s#($tmp|$FX_DIR)/(id_[a-z0-9_]+)#~/.ssh/\2#g" \
                -e "s#$tmp/run#/run/user/1000/pyrope#g; s#$tmp/here#/run/user/1000/pyrope#g; s#$tmp#/tmp#g" \
                -e "s#\b$user@#me@#g; s#( of | shell |passwd )$user\b#\1me#g; s#\b$FX_PORT\b#2222#g; s#127\.0\.0\.([0-9]+)#192.0.2.\1#g" \
                -e 's#SHA256:[A-Za-z0-9+/]{43}#SHA256:…#g; s#(OpenSSH_[^ ,]+)( Debian-[^ ,;]+)?#OpenSSH#g' \
                -e 's#^( *[0-9]+  .{12}  )(failed|warning|passed)  +[0-9.]+ ms#\1\2  …#' \
                -e 's#libssh [0-9][^;]*#libssh …#; s#([Pp]yrope) [0-9]+[0-9.]*#\1 …#g; s#process [0-9]+#process …#' \
                -e 's#[0-9.]+ (ms, the median|MiB/s)#… \1#g; s#[0-9]+ MiB of zeros#16 MiB of zeros#' \
                -e 's/\bme@[^ ]+ #[a-z0-9]{8}/me@laptop #1a2b3c4d/g; s#Socket error: Connection reset by peer#Socket error: disconnected#' \
                -e 's#Sleeper-[a-z0-9]{8}#Sleeper-7f3k9w2m#g; s#Temporary failure in name resolution#Name or service not known#'
}
wrapped() { # at most 110 columns, the rest below the first word
        awk '{
                indent = /^ *->/ ? 8 : 26
                while (length($0) > 110) {
                        for (at = 110; at > indent + 1 && substr($0, at, 1) !~ /[ ,]/; at--) { }
                        if (at == indent + 1) at = 110
                        line = substr($0, 1, at)
                        sub(/ +$/, "", line)
                        print line
                        $0 = sprintf("%*s%s", indent, "", substr($0, at + 1))
                }
                print
        }'
}
show() { # NAME STATUS ARGUMENT...: what failed of `pyrope doctor ARGUMENT...`; else the warnings; else all of it
        local name=$1 status=$2
        shift 2
        expect "$status" env PYROPE_SSH_CONFIG="$tmp/ssh_config" PYROPE_RUNTIME_DIR="$tmp/here" PYROPE_ZONE=steering pyrope doctor "$@"
        {
                echo "\$ pyrope doctor $*"
                relevant "$status"
                echo "passed $(counted passed), warnings $(counted warning), failed $(counted failed), skipped $(counted skipped)"
        } | harmless | wrapped >"$tmp/blocks/$name"
        check "$name: each failure has a remedy behind it" has_remedies
}
relevant() { # STATUS
        local outcome=failed
        [ "$1" = 1 ] || outcome=warning
        [ "$(counted $outcome)" -gt 0 ] || outcome='passed|skipped'
        grep -E -A 1 "^ *[0-9]+  .{12}  ($outcome)" "$tmp/out" | grep -E "^ *[0-9]+  .{12}  ($outcome)|^     ->"
}
counted() { # OUTCOME
        grep -cE "^ *[0-9]+  .{12}  $1" "$tmp/out"
}
has_remedies() {
        [ "$(($(counted failed) + $(counted warning)))" = "$(grep -c '^     -> ' "$tmp/out")" ]
}
finds() { # REGEX: the last one says so
        check "that is: $1" said "$1"
}

nameserver_up
local_nameserver=$PYROPE_NAMESERVER
export PYROPE_NAMESERVER=ssh://cluster/./u:$PYROPE_NAMESERVER

# --- settings ---
at "$FX_H1" "NoSuchKeyword yes"
show config-refused 1 cluster
finds 'settings +failed .* ssh refuses its configuration: .*line 3: .*nosuchkeyword'
at "$FX_H1" "RevokedHostKeys $tmp/id_revoked"
: >"$tmp/id_revoked"
show config-unsupported 1 --ssh-backend libssh cluster
finds 'settings +failed .* revokedhostkeys'
show config-program 0 cluster
finds 'settings +warning .* the program ssh makes the session, for the configuration sets revokedhostkeys'
finds 'login +passed .* by the program ssh'
finds 'handshake +passed'

at "$FX_H1" "ControlMaster auto" "ControlPath ~/.ssh/%C" "ForwardX11 yes"
show config-unhonoured 0 cluster
finds 'settings +warning .* not done here: .*controlmaster auto'

# --- the network ---
at no-such-host.invalid
show host-unknown 1 cluster
finds 'dns +failed .* no host name no-such-host.invalid'
at "$FX_H1" "Port 1"
show refused 1 cluster
finds 'connection +failed .* Connection refused'
start deaf python3 -c 'if True:
        import signal, socket
        deaf = socket.socket()
        deaf.bind(("127.0.0.12", 0))
        deaf.listen(0)
        waiting = []
        for i in range(4):
                waiting.append(socket.socket())
                waiting[-1].setblocking(False)
                waiting[-1].connect_ex(deaf.getsockname())
        print("READY", deaf.getsockname()[1], flush=True)
        signal.pause()'
at 127.0.0.12 "Port $(ready_uri deaf)" "ConnectTimeout 1"
show dropped 1 cluster
sed -i "s/\b$(ready_uri deaf)\b/2222/g" "$tmp/blocks/dropped"
finds 'connection +failed .* timed out'
stop deaf
at "$FX_H1" "ConnectTimeout 1"
"$fixture" freeze "$FX_DIR" 1
show frozen 1 cluster
finds 'key exchange +failed .* timed out'
"$fixture" thaw "$FX_DIR" 1

# --- the key exchange ---
at "$FX_H9"
show weak-ciphers 1 cluster
finds 'key exchange +failed .* no match for method'
sed -i 's/^MaxStartups.*/MaxStartups 1:100:1/' "$FX_DIR/h6/sshd_config" # of two such lines the last counts
"$fixture" kill1 "$FX_DIR" 6
"$fixture" up1 "$FX_DIR" 6
at "$FX_H6"
exec {waiting}<>"/dev/tcp/$FX_H6/$FX_PORT" # it has its banner, so it is the one that may start
read -r _ <&"$waiting"
show max-startups 1 cluster
finds 'key exchange +failed '
exec {waiting}<&-

# --- host keys ---
at "$FX_H1"
: >"$tmp/known_hosts"
show host-key-unknown 1 cluster
finds 'host key +failed .* is not in '
at "$FX_H1"
other=$(cut -d' ' -f2- "$FX_KNOWN_HOSTS" | sed -n 2p)
echo "[$FX_H1]:$FX_PORT $other" >"$tmp/known_hosts"
show host-key-changed 1 cluster
finds 'host key +failed .* HAS CHANGED'
at "$FX_H1"
echo "@revoked * $(cut -d' ' -f2- "$FX_KNOWN_HOSTS" | sed -n 1p)" >>"$tmp/known_hosts"
show host-key-revoked 1 cluster
finds 'host key +failed .* revoked'

# --- logins ---
at "$FX_H1"
sed -i "s#$key#$tmp/id_mine#" "$tmp/ssh_config"
cp "$tmp/ssh_config" "$tmp/mine"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/id_mine"
show key-unknown 1 cluster
finds 'login +failed .* login refused'
chmod 644 "$tmp/id_mine"
show key-open 1 cluster
finds "-> chmod 600 $tmp/id_mine"
rm "$tmp/id_mine" "$tmp/id_mine.pub"
show key-none 1 cluster
finds '-> there is no key'
ssh-keygen -q -t ed25519 -N secret -f "$tmp/id_mine"
show key-encrypted 1 cluster
finds '-> ssh-add '
at "$FX_H10"
show keys-refused 1 cluster
finds 'login +failed .* the host allows password'

# --- what a host permits ---
at "$FX_H1"
show nothing-wrong 0 cluster
at "$FX_H2"
show no-stream-local 1 cluster
finds 'forwarding +failed .* though somebody listens there$'
finds "'AllowStreamLocalForwarding yes'"
at "$FX_H3"
show no-forwarding 1 cluster
finds 'forwarding +failed .* though somebody listens there, nor to ports$'
at "$FX_H1" "ProxyJump gateway" "Host gateway" "HostName $FX_H4"
show gateway-no-tcp 1 cluster
finds 'forwarding +failed .* gateway: it permits no channel'
at "$FX_H1" "Port 1" "ProxyJump gateway" "Host gateway" "Port $FX_PORT" "HostName $FX_H2"
show gateway-wrong 1 cluster
finds 'forwarding +failed .* gateway: from there .* cannot be reached'
at "$FX_H5"
show max-sessions 1 cluster
finds "'MaxSessions 10'"
at "$FX_H7"
show noise 1 cluster
finds "commands +failed .* prints 'Welcome to cluster!'"
at "$FX_H8"
show no-shell 1 cluster
finds "commands +failed .*'This account is currently not available.'"
at "$FX_H11"
show no-pyrope 0 cluster
finds 'sockets +warning .* tells no directory there'
at "$FX_H1"
echo "command=\"$PYROPE_BIN_DIR/pyrope pipe nameserver\",restrict $(cat "$key.pub")" >"$FX_DIR/h1/authorized_keys"
show key-held 0 cluster
finds 'commands +warning .* held to a command'
cat "$key.pub" >"$FX_DIR/h1/authorized_keys"

# --- daemons ---
at "$FX_H1"
jobman_conf Jobs@cluster "ssh = cluster" <<END
[application Sleeper]
command = $PYROPE_BIN_DIR/thermal-solver
maxJobs = 1
END
PYROPE_NAMESERVER=$local_nameserver jobman_up Jobs@cluster
show nothing-wrong-at-all 0 Jobs@cluster
show name-unknown 1 Solver
finds 'dns +failed .*no such name'
hold_slot() { # until end_slot
        mkfifo "$tmp/hold"
        # shellcheck disable=SC2016 # expanded by the inner shell
        env PYROPE_SSH_CONFIG="$tmp/ssh_config" PYROPE_RUNTIME_DIR="$tmp/here" PYROPE_ZONE=steering \
                allocate-app --timeout 20s Sleeper -- sh -c 'echo READY; cat' <"$tmp/hold" >"$tmp/holder.out" 2>&1 {never_fd}<&- &
        pid_of[holder]=$!
        exec {hold}>"$tmp/hold"
        check "a slot is held" wait_for_line "$tmp/holder.out" '^READY' "${pid_of[holder]}"
}
hold_slot
show no-slot 1 Jobs@cluster
finds 'slots +failed .* none free at Jobs@cluster: held by Sleeper-'
exec {hold}>&-
wait "${pid_of[holder]}"
unset "pid_of[holder]"
stop Jobs@cluster KILL
show manager-gone 1 Jobs@cluster
finds 'sockets +failed .*nobody listens there any more'
rm -f "$tmp/run"/jobman-*.sock
stop nameserver KILL
show nameserver-stale 1 cluster
finds 'sockets +failed .*nameserver.sock is left behind'
rm -f "$tmp/run"/*.sock
show nameserver-gone 1 cluster
finds 'nameserver +failed '
unset PYROPE_NAMESERVER
show nameserver-unnamed 1 cluster
finds 'no nameserver is named'

# --- the document ---
marks=$(sed -n 's/^<!-- doctor \(.*\) -->$/\1/p' "$document" | sort)
check "each of them is in the document, and no other" test "$marks" = "$(ls "$tmp/blocks")"
awk -v blocks="$tmp/blocks" '
        is_marked { is_marked = 0; if (/^```/) { is_old = 1; next } }
        is_old { if (/^```/) is_old = 0; next }
        { print }
        /^<!-- doctor .* -->$/ {
                is_marked = 1
                print "```"
                file = blocks "/" $3
                while ((getline line < file) > 0) print line
                print "```"
        }' "$document" >"$tmp/document"
if [ "${1:-}" = --write ]; then
        cp "$tmp/document" "$document"
fi
expect 0 diff -u "$document" "$tmp/document"
[ "$n_failed" = 0 ] || echo "# if the new output is better: tests/integration/doctor.sh --write"
finish
