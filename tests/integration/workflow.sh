#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "the workflow in C, locally and through SSH, and in Python give the same results; whatever fails, all is released"
need_python
need_sshd 3
example=$top/examples/thermo-mechanical

jobman_at() { # NAME HOST APPLICATION PROGRAM: a job manager in a zone of its own, with one slot
        mkdir "$tmp/$1"
        cat >"$tmp/$1.conf" <<END
[jobman]
name = Jobs@$1
workDir = $tmp/$1
ssh = $2
[nameserver]
location = $tmp/ns.sock
[application $3]
command = $4
maxJobs = 1
END
        start "$1" env PYROPE_ZONE="$1" jobman --config "$tmp/$1.conf" --socket "$tmp/$1.sock"
}

start ns env PYROPE_ZONE=a nameserver --database "$tmp/ns.db" --socket "$tmp/ns.sock"
jobman_at a h2 ThermalSolver "$PYROPE_BIN_DIR/thermal-solver"
jobman_at b h3 MechanicalSolver "$PYROPE_BIN_DIR/mechanical-solver"

all_free() {
        local name
        for name in a b; do
                expect 0 pyrope call "$(ready_uri $name)" getNumberOfFreeJobs
                check "the slot of $name is free" said '^1$'
                check "$name keeps no work directory" test -z "$(ls "$tmp/$name")"
        done
}

try() { # DIR COMMAND...: a workflow that succeeds
        mkdir "$tmp/$1"
        expect 0 "${@:2}" --output "$tmp/$1"
        check "T4 is met" said '^T4 ours 18\.(0[7-9]|[1-3][0-9]|4[0-3]) published 18\.25$'
}

# Three machines, and a steering computer that reaches them by SSH alone.
export PYROPE_ZONE=steering PYROPE_SSH_CONFIG=$FX_SSH_CONFIG
try c workflow --nameserver "ssh://h1/./u:$tmp/ns.sock"
check "through SSH alone" said ' over [1-9][0-9]* channels of 3 SSH sessions and 0 local connections$'
all_free

# In Python, which takes what the nameserver tells as places on this machine.
try python "$python" "$example/workflow.py" --nameserver "$tmp/ns.sock" Jobs@a Jobs@b
all_free

for file in thermal.vtk mechanical.vtk; do
        check "$file starts as VTK does" test "$(head -c 26 "$tmp/c/$file")" = "# vtk DataFile Version 3.0"
        check "$file is the same in C and in Python" cmp -s "$tmp/c/$file" "$tmp/python/$file"
done

# What goes wrong is told in one line, and nothing stays allocated.
refuse() { # REGEX WORKFLOW-ARGUMENT...
        expect 1 workflow --nameserver "ssh://h1/./u:$tmp/ns.sock" --output "$tmp" "${@:2}"
        check "it is told in one line: $1" complained "^workflow: cannot $1"
        all_free
}

mkdir "$tmp/data"
refuse "upload the input: .*$tmp/data/t4.msh" --data "$tmp/data"
cp "$example"/data/t4.* "$tmp/data"
sed -i '3s/.*/4.1 0 8/' "$tmp/data/t4.msh"
refuse 'upload the input: .*t4\.msh:3: ' --data "$tmp/data"
cp "$example/data/t4.msh" "$tmp/data"
sed -i 's/^lower = temperature/lover = temperature/' "$tmp/data/t4.problem"
refuse 'upload the input: .*t4\.problem:[0-9]*: the mesh has no group "lover"' --data "$tmp/data"
refuse 'allocate a mechanical solver: .*NoSolver' ThermalSolver NoSolver
refuse 'allocate a mechanical solver: .*no free slot' ThermalSolver ThermalSolver
refuse "solve heat conduction: .*minimum" MechanicalSolver ThermalSolver
expect 2 workflow ThermalSolver

# A solver that starts when it is told to, so that the signal comes while the workflow waits for it.
cat >"$tmp/late-solver" <<END
#!/bin/sh
touch "$tmp/began"
until [ -e "$tmp/go" ]; do sleep 0.05; done
exec "$PYROPE_BIN_DIR/thermal-solver"
END
chmod 700 "$tmp/late-solver"
jobman_at late h2 LateSolver "$tmp/late-solver"
workflow --nameserver "ssh://h1/./u:$tmp/ns.sock" LateSolver MechanicalSolver >"$tmp/out" 2>"$tmp/err" &
check "the job manager starts the late solver" wait_until test -e "$tmp/began"
kill -TERM $!
touch "$tmp/go"
wait $!
check "an interrupted workflow fails" test $? = 1
check "and says so" complained '^workflow: interrupted$'
all_free
check "the late solver is gone as well" test -z "$(ls "$tmp/late")"
finish
