#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
WAIT_S=100
begin "values, arrays, URIs and exceptions are to our codec what they are to Python's msgpack, msgpack-numpy and Pyro5"
need_python

expect 0 "$python" "$top/tests/conformance/codec_diff.py" "$PYROPE_TEST_BIN_DIR/codec-echo"
check "none of the comparisons differs" said '; [0-9]{5,} compared, 0 differ$'
sed 's/^/# /' "$tmp/out"
finish
