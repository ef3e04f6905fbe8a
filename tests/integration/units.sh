#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
begin "what cmake --install gives to systemd: its units are well-formed, and the nameserver's is exposed to little"
[ -x /run/systemd ] || need_root make /run/systemd, which systemd-analyze wants
umask 022 # it makes it, where systemd is not running, for everybody
command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed; scripts/packages --install installs it"
EXPOSURE_MAX=20 # in tenths, of 100

DESTDIR=$tmp/root cmake --install "$PYROPE_BIN_DIR/.." >"$tmp/install.out" || { cat "$tmp/install.out" && exit 1; }
units=$(find "$tmp/root" -name 'pyrope-nameserver.service' -path '*/system/*')
units=${units%/system/*}
check "there are units" test -d "$units/system" -a -d "$units/user"
conf=$(find "$tmp/root" -name nameserver.conf)
# The group of the configuration is made by sysusers.d where the package is installed.
sed 's/^group = pyrope$/group = 4711/' "$conf" >"$tmp/ns.conf"
expect 0 nameserver --check --config "$tmp/ns.conf"
echo '# ours' >>"$conf"
DESTDIR=$tmp/root cmake --install "$PYROPE_BIN_DIR/.." >/dev/null
check "installing again leaves the administrator's configuration alone" grep -q '^# ours' "$conf"

# The programs are where the units say, below the directory of this test.
sed -i "s|^ExecStart=/|ExecStart=$tmp/root/|" "$units"/*/*.service
export XDG_RUNTIME_DIR=$tmp/xdg
mkdir "$tmp/xdg"
for unit in "$units"/system/*; do
        expect 0 systemd-analyze verify --man=no --recursive-errors=no "$unit"
        check "without a warning" test ! -s "$tmp/err"
done
for unit in "$units"/user/*; do
        expect 0 systemd-analyze verify --user --man=no --recursive-errors=no "$unit"
        check "without a warning" test ! -s "$tmp/err"
done

expect 0 systemd-analyze security --offline=true --threshold="$EXPOSURE_MAX" "$units/system/pyrope-nameserver.service"
grep -o 'Overall exposure level.*' "$tmp/out"
expect 1 systemd-analyze security --offline=true --threshold=0 "$units/system/pyrope-nameserver.service"
check "a limit that is too low is not met" said 'Overall exposure level'
finish
