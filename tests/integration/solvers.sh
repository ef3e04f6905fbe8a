#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "stock Pyro5 with numpy drives both solvers of the example; what they refuse, they refuse in one line"
need_python
example=$top/examples/thermo-mechanical

for solver in thermal mechanical; do
        mkdir "$tmp/$solver"
        cp "$example"/data/t4.* "$tmp/$solver"
        start $solver env -C "$tmp/$solver" $solver-solver --socket "$tmp/$solver.sock"
done
expect 0 "$python" "$top/tests/integration/solvers.py" "$tmp"/{thermal,mechanical} "$(ready_uri thermal)" \
        "$(ready_uri mechanical)"
sed -n '/^#/p' "$tmp/out"
check "T4 is met" said '^T4 ours 18\.(0[7-9]|[1-3][0-9]|4[0-3]) published 18\.25$'

for solver in thermal mechanical; do
        check "terminate() ends the $solver solver" wait_until is_gone "$(pid $solver)"
        stop $solver
        check "with exit status 0" test $? = 0
        check "without a word on stderr" test ! -s "$tmp/$solver.err"
        check "the $solver solver takes its socket away" test ! -e "$tmp/$solver.sock"
done

expect 2 thermal-solver --port 5000
check "a wrong option is told in one line" complained '^usage: .*thermal-solver \[--socket PATH\]$'
expect 1 mechanical-solver --socket "$tmp/nowhere/m.sock"
check "a socket that cannot be is told in one line" complained '^mechanical-solver: .*nowhere'

expect 0 make-mesh 0.6 1.0 24 40
check "make-mesh makes the mesh that is shipped" cmp -s "$tmp/out" "$example/data/t4.msh"
expect 2 make-mesh 0.6 1.0 0 40
check "a wrong argument is told in one line" complained '^usage: make-mesh WIDTH HEIGHT NX NY'
finish
