#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Several private SSH hosts on one machine: no network, and the system's own sshd is not touched.
#
#   sshd_fixture.sh start  DIR [N]   N sshds (default 2), on 127.0.0.2 .. 127.0.0.(N+1), all on one free port
#   sshd_fixture.sh stop   DIR       end exactly these, with their sessions
#   sshd_fixture.sh kill1  DIR I     kill host I hard, listener and sessions (a crash)
#   sshd_fixture.sh up1    DIR I     start host I again: same keys, same address
#   sshd_fixture.sh freeze DIR I     stop the whole host I from running (a silent peer); thaw: let it run on
#
# It leaves DIR/env (shell variables FX_*), DIR/ssh_config (Host h1..hN, and hI-via-h1 over a jump), DIR/known_hosts,
# DIR/known_hosts.hashed, DIR/id_ed25519, and DIR/hI/ (host key, sshd_config, log). One logs in as oneself.
# FIXTURE_EXTRA holds lines for every sshd_config, FIXTURE_EXTRA_I those for host I; they come first, so they win.
# FIXTURE_ADDRESS_I is the address of host I, and FIXTURE_WITHIN_I the command that starts its sshd (nsenter ...), if it
# is to be in a network of its own.

set -u
umask 077
SSHD=${SSHD:-/usr/sbin/sshd}
UP_MS=10000  # longest wait for an sshd to listen
DOWN_MS=5000 # longest wait for it to end

say() { echo "sshd_fixture: $*" >&2; }
die() {
        say "$*"
        exit 1
}

start_time() { # PID: with the pid it names one process for as long as the machine is up; nothing if it has ended
        sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | grep -v '^Z' | cut -d' ' -f20
}
alive() { # PID START-TIME
        [ -n "$2" ] && [ "$(start_time "$1")" = "$2" ]
}
family() { # PID: it and all its descendants, children first
        local child
        for child in $(ps -o pid= --ppid "$1" 2>/dev/null); do family "$child"; done
        echo "$1"
}

host_up() { # DIR I: 0 it listens; 1 it did not come up, see its log
        local d=$1/h$2 within=FIXTURE_WITHIN_$2 pid tries
        : >"$d/log"
        # shellcheck disable=SC2086 # one word each
        ${!within:-} "$SSHD" -D -f "$d/sshd_config" -E "$d/log" </dev/null >/dev/null 2>&1 &
        pid=$!
        disown "$pid"
        for ((tries = UP_MS / 20; tries > 0; tries--)); do
                if grep -q '^Server listening on' "$d/log"; then
                        echo "$pid $(start_time "$pid")" >"$d/pid"
                        return 0
                fi
                kill -0 "$pid" 2>/dev/null || return 1
                sleep 0.02 # sshd tells nobody that it listens, its log apart
        done
        kill "$pid"
        return 1
}

host_signal() { # DIR I SIGNAL: to the listener and to its sessions
        local d=$1/h$2 pid stamp member
        [ -s "$d/pid" ] || return 0
        read -r pid stamp <"$d/pid"
        alive "$pid" "$stamp" || return 0
        # A stopped listener starts no session while we look for them.
        kill -STOP "$pid"
        for member in $(family "$pid"); do kill -"$3" "$member" 2>/dev/null; done
        [ "$3" = STOP ] || kill -CONT "$pid" 2>/dev/null
        return 0
}

host_down() { # DIR I SIGNAL
        local d=$1/h$2 pid stamp tries
        [ -s "$d/pid" ] || return 0
        read -r pid stamp <"$d/pid"
        host_signal "$1" "$2" CONT
        host_signal "$1" "$2" "$3"
        for ((tries = DOWN_MS / 20; tries > 0; tries--)); do
                alive "$pid" "$stamp" || break
                sleep 0.02 # it is not our child any more, so there is nothing to wait for
        done
        alive "$pid" "$stamp" && host_signal "$1" "$2" KILL
        rm -f "$d/pid"
}

# Without PAM sshd refuses an account whose password is locked, which is usual for root; with it, logins have a PAM
# session, which an sshd of an ordinary user cannot open.
pam_wanted() {
        if [ "$(id -u)" = 0 ] && getent shadow root | cut -d: -f2 | grep -q '^!'; then echo yes; else echo no; fi
}

host_config() { # DIR I PORT
        local d=$1/h$2 extra=FIXTURE_EXTRA_$2
        cat <<CONF
${!extra:-}
${FIXTURE_EXTRA:-}
Port $3
ListenAddress $(cat "$d/addr")
HostKey $d/hostkey
PidFile none
AuthorizedKeysFile $d/authorized_keys
# The keys lie below a directory that others may write to, such as /tmp.
StrictModes no
UsePAM $(pam_wanted)
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UseDNS no
PrintMotd no
PrintLastLog no
AllowTcpForwarding yes
AllowStreamLocalForwarding yes
MaxSessions 500
MaxStartups 200:30:400
LoginGraceTime 20
LogLevel VERBOSE
Subsystem sftp internal-sftp
CONF
}

host_keys() { # DIR I: what a host has, whatever its port
        local d=$1/h$2 address=FIXTURE_ADDRESS_$2
        mkdir -p "$d"
        echo "${!address:-127.0.0.$(($2 + 1))}" >"$d/addr"
        [ -s "$d/hostkey" ] || ssh-keygen -q -t ed25519 -N '' -C "h$2" -f "$d/hostkey"
        cp "$1/id_ed25519.pub" "$d/authorized_keys"
}

all_up() { # DIR N PORT: 1 if a host did not come up; none is then up
        local i
        for i in $(seq "$2"); do
                host_config "$1" "$i" "$3" >"$1/h$i/sshd_config"
                "$SSHD" -t -f "$1/h$i/sshd_config" || die "the configuration of host $i is refused"
                if ! host_up "$1" "$i"; then
                        all_down "$1" "$2"
                        grep -q 'Address already in use' "$1/h$i/log" && return 1
                        tail -n 5 "$1/h$i/log" >&2
                        die "host $i did not come up"
                fi
        done
}

all_down() { # DIR N
        local i
        for i in $(seq "$2"); do host_down "$1" "$i" TERM; done
}

client_files() { # DIR N PORT: what ssh needs to reach the hosts
        local i addr
        : >"$1/known_hosts"
        : >"$1/ssh_config"
        for i in $(seq "$2"); do
                addr=$(cat "$1/h$i/addr")
                printf '[%s]:%s %s\n' "$addr" "$3" "$(cut -d' ' -f1,2 "$1/h$i/hostkey.pub")" >>"$1/known_hosts"
                printf 'Host h%s\n    HostName %s\n' "$i" "$addr" >>"$1/ssh_config"
                [ "$i" = 1 ] || printf 'Host h%s-via-h1\n    HostName %s\n    ProxyCommand ssh -F %s -W [%%h]:%%p h1\n' \
                        "$i" "$addr" "$1/ssh_config" >>"$1/ssh_config"
        done
        cat >>"$1/ssh_config" <<CONF
Host *
    Port $3
    User $(id -un)
    IdentityFile $1/id_ed25519
    IdentitiesOnly yes
    UserKnownHostsFile $1/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    BatchMode yes
    ConnectTimeout 5
CONF
        cp "$1/known_hosts" "$1/known_hosts.hashed"
        ssh-keygen -q -H -f "$1/known_hosts.hashed" >/dev/null 2>&1
        rm -f "$1/known_hosts.hashed.old"
}

start() { # DIR N
        local dir=$1 n=$2 port='' tries i
        [ ! -e "$dir/hosts" ] || die "$dir is in use; stop it first"
        [ -x "$SSHD" ] || die "there is no $SSHD: install openssh-server"
        # sshd's directory for dropping privileges, which the system makes only with its own sshd
        [ "$(id -u)" != 0 ] || install -d -m 755 /run/sshd
        mkdir -p "$dir" && dir=$(cd "$dir" && pwd) || exit 1
        [ -s "$dir/id_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -C fixture -f "$dir/id_ed25519"
        for i in $(seq "$n"); do host_keys "$dir" "$i"; done
        # Nothing can reserve a port for sshd: take one below those that the kernel hands out, and another if it is taken.
        for ((tries = 20; tries > 0; tries--)); do
                port=$((20000 + RANDOM % 10000))
                all_up "$dir" "$n" "$port" && break
        done
        [ "$tries" -gt 0 ] || die "no port is free"
        echo "$n" >"$dir/hosts"
        client_files "$dir" "$n" "$port"
        {
                echo "FX_DIR='$dir'; FX_PORT='$port'; FX_USER='$(id -un)'; FX_N='$n'; FX_KEY='$dir/id_ed25519'"
                echo "FX_SSH_CONFIG='$dir/ssh_config'; FX_KNOWN_HOSTS='$dir/known_hosts'"
                for i in $(seq "$n"); do echo "FX_H$i='$(cat "$dir/h$i/addr")'"; done
        } >"$dir/env"
        say "$n hosts on port $port; try: ssh -F $dir/ssh_config h1"
}

stop() { # DIR
        [ -s "$1/hosts" ] || return 0
        all_down "$1" "$(cat "$1/hosts")"
        rm -f "$1/hosts" "$1/env"
}

[ -n "${2:-}" ] || die "usage: start|stop|kill1|up1|freeze|thaw DIR ..."
dir=$2
case $1 in
start) start "$dir" "${3:-2}" ;;
stop) stop "$dir" ;;
kill1) host_down "$dir" "$3" KILL ;;
up1) host_up "$(cd "$dir" && pwd)" "$3" || die "host $3 did not come up" ;;
freeze) host_signal "$dir" "$3" STOP ;;
thaw) host_signal "$dir" "$3" CONT ;;
*) die "unknown command $1" ;;
esac
