#!/bin/bash
# SPDX-License-Identifier: MIT
# Functions are called by `check`.
# shellcheck disable=SC2317

. "$(dirname "$0")/../support/lib.sh"
WAIT_S=60
begin "what lies about its size is refused within 100 ms, and costs no more than twice what it is and 64 KiB"
PYROPE_TEST_BIN_DIR=${PYROPE_TEST_BIN_DIR:-$(dirname "$PYROPE_BIN_DIR")/tests}

all_pass() { # COUNT: so many lines at least, and none that fails
        [ "$(grep -c ' PASS$' "$tmp/out")" -ge "$1" ] && ! grep -v ' PASS$' "$tmp/out"
}

# Memory that is free goes back at once, else a peak would hide behind an earlier one.
export MALLOC_MMAP_THRESHOLD_=32768 MALLOC_TRIM_THRESHOLD_=0
expect 0 "$PYROPE_TEST_BIN_DIR/bombs"
check "our decoders refuse each" all_pass 90
sed 's/^/# /' "$tmp/out"
expect 0 "$PYROPE_TEST_BIN_DIR/bombs" conformance-target "$tmp/target.sock"
check "a daemon refuses each, and holds little for those who fall silent" all_pass 75
sed 's/^/# /' "$tmp/out"
finish
