# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the lint tests share. Each is called with the tree to look at, prints one line per finding
# (FILE:LINE: what is wrong), and ends with 0 nothing found, 1 something found, 77 its tool is missing.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${1:?usage: tests/lint/NAME TREE}

need() { # PROGRAM...: skip where one is missing
        local program
        for program in "$@"; do
                if ! command -v "$program" >/dev/null; then
                        echo "SKIP: $program is not installed; scripts/packages --install installs it"
                        exit 77
                fi
        done
}

files_of() { # REGEX: fills the array `files`; a test that sees no file at all must not pass
        mapfile -t files < <("$here/files" "$root" "$1")
        if [ ${#files[@]} = 0 ]; then
                echo "$root: no file matches $1"
                exit 1
        fi
}
