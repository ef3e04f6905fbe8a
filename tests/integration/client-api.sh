#!/bin/bash
# SPDX-License-Identifier: MIT
# check calls our functions by name.
# shellcheck disable=SC2317

. "$(dirname "$0")/../support/lib.sh"
. "$(dirname "$0")/../support/client-probe.sh"
begin "the client API: lost and found connections, files, forwards, threads, counts, with and without SSH"
need_sshd 2
export PYROPE_SSH_CONFIG=$FX_SSH_CONFIG
two_hosts_up 4

probe_in() { # ZONE NAMESERVER: begins a conversation with the probe
        converse_with_probe "PYROPE_ZONE=$1" "PYROPE_RUNTIME_DIR=$tmp/steer" "PYROPE_NAMESERVER=$2"
}
probe_ends() {
        local status=0 pid=${pid_of[probe]}
        exec {to_probe}>&-
        wait_until is_gone "$pid"
        wait "$pid" 2>/dev/null || status=$?
        unset 'pid_of[probe]'
        check "the probe ends well" test "$status" = 0
}

converse() { # the same whether SSH is between or not
        answers 'OK PYRO:Pyro.NameServer@./u:.*/one/nameserver.sock' 'proxy 1 Pyro.NameServer'
        answers 'OK 2' 'call 1 count'
        answers 'E_REMOTE unknown name: nobody' 'call 1 lookup nobody'
        answers 'OK yes' 'fd 1'
        answers 'E_TIMEOUT .*' 'wait 1 50'
        answers 'OK 1600' 'threads 1 ping 16 100'

        # Killed and started again: the same proxy goes on, and what was cached is found again.
        stop ns KILL
        answers 'OK gone' 'wait 1 10000'
        answers 'E_UNREACHABLE unsent: .*' 'call 1 count'
        answers 'E_UNREACHABLE .*' 'proxy 2 Jobs'
        start ns "${in_one[@]}" nameserver --database "$tmp/ns.db"
        answers 'OK 2' 'call 1 count'
        answers 'OK PYRO:jobman@.*' 'proxy 2 Jobs'

        answers 'E_NOT_FOUND nobody: no such name .*' 'proxy 3 nobody'
        answers 'OK Thermal-.*' 'allocate 1 Thermal'
        answers 'OK running' 'status 1'
        answers 'OK .*' 'call i1 getApplicationSignature'

        head -c 3145728 /dev/urandom >"$tmp/in.dat"
        : >"$tmp/empty.dat"
        answers 'OK ' "put 1 $tmp/in.dat some.dat"
        answers 'OK ' "get 1 some.dat $tmp/out.dat"
        check "3 MiB there and back" cmp "$tmp/in.dat" "$tmp/out.dat"
        answers 'OK ' "put 1 $tmp/empty.dat empty.dat"
        answers 'OK ' "get 1 empty.dat $tmp/out.dat"
        check "an empty file replaces a full one" cmp "$tmp/empty.dat" "$tmp/out.dat"
        answers 'E_NOT_FOUND cannot open .*none.dat: No such file or directory' "put 1 $tmp/none.dat x"
        answers 'E_REMOTE .*' "get 1 none.dat $tmp/none.dat"
        answers 'E_REMOTE .*' "put 1 $tmp/in.dat ../escape"
        answers 'E_NOT_FOUND cannot create /nowhere/x: .*' 'get 1 some.dat /nowhere/x'
        check "no half file stays" test -z "$(find "$tmp" -maxdepth 1 -name '*.part' -o -name none.dat)"

        answers 'OK PYRO:Thermal-.*@./u:/.*' 'forward 1 i1'
        expect 0 env -u PYROPE_NAMESERVER pyrope call "${answer#OK }" getApplicationSignature
        answers 'OK ' 'unforward 1'
        answers 'OK ' 'release 1'
        answers 'OK 4' 'call 2 getNumberOfFreeJobs'
}

is_killed() {
        ask 'status 2'
        [[ $answer == 'OK killed by signal 9'* ]]
}

converse_two() { # an instance that dies is noticed; one that is left is released
        answers 'OK Thermal-.*' 'allocate 2 Thermal'
        kill -KILL "$(pyrope --nameserver "$tmp/one/nameserver.sock" --zone one call Jobs getStatus |
                grep -oE '"state": "running"[^}]*' | sed 's/.*"pid": \([0-9]*\).*/\1/')"
        answers 'OK gone' 'wait i2 10000'
        check "the job manager knows why" wait_until is_killed
        answers 'OK ' 'release 2'
        answers 'OK Thermal-.*' 'allocate 3 Thermal'
}

probe_in one "$tmp/one/nameserver.sock"
converse
answers 'OK calls=[0-9]+ sessions=0 channels=0 local=[0-9]+' statistics
answers 'OK ?' sessions
converse_two
probe_ends

probe_in steer "ssh://h1/./u:$tmp/one/nameserver.sock"
converse
answers 'OK calls=[0-9]+ sessions=2 channels=[0-9]+ local=0' statistics
answers "OK .*\[h1 \(.*@$FX_H1 port $FX_PORT\): up, logins=1 received=1 sent=1 quiet=1 next=0 SSH-2.0-OpenSSH.* aes128-gcm@openssh.com\].*" sessions
# The host of the job manager is gone, and back.
ask 'allocate 4 Thermal'
"$top/tests/support/sshd_fixture.sh" kill1 "$FX_DIR" 2
answers 'OK gone' 'wait i4 10000'
answers 'E_UNREACHABLE .*h2.*' 'ping i4'
"$top/tests/support/sshd_fixture.sh" up1 "$FX_DIR" 2
answers 'OK ' 'ping i4'
answers 'OK running' 'status 4'
answers 'OK ' 'release 4'
converse_two
probe_ends
check "no socket of ours is left" test -z "$(find "$tmp/steer" -type s)"
expect 0 pyrope --zone one --nameserver "$tmp/one/nameserver.sock" call Jobs getNumberOfFreeJobs
check "all slots are free" said '^4$'
finish
