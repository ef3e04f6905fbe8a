#!/bin/bash
# SPDX-License-Identifier: MIT
# check calls our functions by name; README's commands are another shell's.
# shellcheck disable=SC2016,SC2317

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../support/lib.sh"
begin "what cmake --install gives is whole, and README's application is built on it and called"
need_python
command -v g++ >/dev/null || skip "g++ is not installed; scripts/packages --install installs it"
prefix=$tmp/prefix
hello=$top/examples/hello

expect 0 cmake --install "$PYROPE_BIN_DIR/.." --prefix "$prefix"
check "nothing of it lies elsewhere" [ "$(sed -n 's/^-- Installing: //p' "$tmp/out" | grep -cvF "$prefix/")" = 0 ]
library=$(find "$prefix" -name 'libpyrope.so')
libdir=$(dirname "$library")
check "the library has its versions" test -e "$libdir/libpyrope.so.0" -a -e "$libdir"/libpyrope.so.*.*.*
for program in nameserver jobman allocate-app pyrope; do
        expect 0 "$prefix/bin/$program" --version
        check "$program runs from there" said "^$program [0-9.]+$"
done
check "the command line uses the library beside it" \
        grep -qF "$(realpath "$libdir")/libpyrope.so.0 " <<<"$(ldd "$prefix/bin/pyrope" | sed 's,/bin/\.\./,/,')"

echo "# the headers, as a program includes them"
for header in "$prefix"/include/pyrope/*.h; do
        flags=(-fsyntax-only -I"$prefix/include" -Wall -Wextra -Wpedantic -Werror)
        expect 0 gcc -std=c11 "${flags[@]}" -include "$header" -x c /dev/null
        expect 0 g++ -std=c++17 "${flags[@]}" -include "$header" -x c++ /dev/null
done

echo "# README's application"
mkdir "$tmp/home"
cd "$tmp/home" || exit 1
mapfile -t -d '' blocks < <(python3 "$top/tests/integration/readme.py" "$top/README.md" c)
check "README has one" [ "$(grep -c '^```c$' "$top/README.md")" = 1 ]
printf '%s' "${blocks[0]}" >bar.c
check "of about 30 lines" [ "$(wc -l <bar.c)" -le 32 ]
check "which is the one of examples/hello" diff bar.c <(sed '1,/^$/d' "$hello/bar.c")
expect 0 gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$prefix/include" bar.c
mapfile -t -d '' blocks < <(python3 "$top/tests/integration/readme.py" "$top/README.md" sh)
session=$(printf '%s\n' "${blocks[@]}" | sed -n '/^cc /,$p')
check "README tells how it is built" grep -q '^cc -o bar bar.c -lpyrope$' <<<"$session"
# Where a compiler and the loader look by themselves, and a background program that is awaited.
export CPATH=$prefix/include LIBRARY_PATH=$libdir LD_LIBRARY_PATH=$libdir
{
        echo 'set -e'
        sed -E 's/^.* >bar.uri &$/&\nuntil grep -q READY bar.uri; do sleep 0.05; done/' <<<"$session"
        echo '"$python" -c "
import sys, Pyro5.api
Pyro5.config.SERIALIZER = \"msgpack\"
with Pyro5.api.Proxy(sys.argv[1]) as bar:
    print(\"python\", bar.flux(100, cold=20))
    try:
        bar.flux(1, 2)
    except ValueError as error:
        print(error, *error._pyroTraceback)
" "$(cut -d " " -f 2 bar.uri)"'
        echo 'kill %1 && wait %1'
} >session.sh
export python
expect 0 bash -m session.sh
check "the command line calls it" said '^8320\.0$'
check "so does stock Pyro5" said '^python 8320\.0$'
check "an exception tells what is wrong" said '^1 is colder than 2 '
check "and where in the C source" said 'bar\.c.*line [0-9]+.*flux'
check "it needs the library, and no SQLite" [ "$(ldd ./bar | grep -c -e libpyrope -e libsqlite)" = 1 ]
check "nor does a solver" [ "$(ldd "$PYROPE_BIN_DIR/thermal-solver" | grep -c -e libpyrope -e libsqlite)" = 1 ]

echo "# the same in C++ and Python, and by other ways of building"
expect 0 g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -o bar-cc "$hello/bar.cc" -lpyrope
start cc "$tmp/home/bar-cc"
PYROPE_SOCKET=$tmp/py.sock start py "$python" "$hello/bar.py"
unset CPATH LIBRARY_PATH
mkdir cmake
cat >cmake/CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.25)
project(hello LANGUAGES C)
$(python3 "$top/tests/integration/readme.py" "$hello/README.md" cmake | tr -d '\0')
END
cp bar.c cmake
expect 0 cmake -G Ninja -S cmake -B cmake/build -DCMAKE_PREFIX_PATH="$prefix"
expect 0 cmake --build cmake/build
start cmake cmake/build/bar
export PKG_CONFIG_PATH=$libdir/pkgconfig
# shellcheck disable=SC2046 # one word per flag
expect 0 cc -o bar-pc bar.c $(pkg-config --cflags --libs pyrope)
start pc "$tmp/home/bar-pc"
for name in cc py cmake pc; do
        expect 0 pyrope call "$(ready_uri $name)" flux 100 20
        check "$name: it answers" said '^8320\.0$'
done
for name in cc cmake pc; do
        check "$name: it ends when it is told to" stop $name
done
finish
