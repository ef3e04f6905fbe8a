#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "every program of the benchmarks works, and every goal has its line; nothing is judged by time"
need_python
export PYROPE_TEST_BIN_DIR PYROPE_VENV

expect 0 "$top/tests/bench/run" --smoke P{1..12}
for goal in P1-unix P1-tcp P2-pyro5-unix P3-tcp P5-unix P6-unix P6-tcp P7-raw-unix P8-put-raw-unix P8-get-pyro5-tcp \
        P9-server-put-1MiB-unix P9-client-get-2MiB-tcp P10-10 P11-sqlite P11-1000-names P12 P12-64; do
        check "$goal was measured" said "^$goal [0-9.e+-]+ [<>]=[0-9.]+ (PASS|FAIL)\$"
done
check "P4 was measured, or says why not" said '^P4 ([0-9.]+ <=3 (PASS|FAIL)|- <=3 SKIP .+)$'
check "the table has a row for each" said '^# latency, one core, us +unix +thread +[0-9.]+$'

expect 0 "$top/tests/bench/run" --smoke P{13..16}
for goal in P13 P14-put P14-get P14-streams P15-set-up P15-channel P15-chain-2 P15-chain-3 P16-call-beside-put-ms P16-share-beside-get; do
        check "$goal was measured, or says why not" said "^$goal ([0-9.e+-]+ [<>]=[0-9.]+ (PASS|FAIL)|- [<>]=[0-9.]+ SKIP .+)\$"
done
expect 0 "$top/tests/bench/run" --smoke P16-remedies
finish
