#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
WAIT_S=60
begin "numpy's arrays of every dtype, shape and order go to our daemon and to stock Pyro5, and come back as they were"
need_python
arrays=$top/tests/conformance/arrays.py

start ours "$PYROPE_TEST_BIN_DIR/array-peer" serve "$tmp/ours.sock"
expect 0 "$python" "$arrays" call "$(ready_uri ours)"
check "a Python client and our daemon agree" said '^[1-9][0-9]{2} arrays, 0 wrong$'

start stock "$python" "$arrays" serve "$tmp/stock.sock"
expect 0 "$PYROPE_TEST_BIN_DIR/array-peer" call "$(ready_uri stock)"
check "our client and a Python daemon agree" said '^[1-9][0-9]{2} arrays, 0 wrong$'
finish
