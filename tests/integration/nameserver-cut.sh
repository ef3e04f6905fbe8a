#!/bin/bash
# SPDX-License-Identifier: MIT

. "$(dirname "$0")/../support/lib.sh"
with_own_mounts "$@"
begin "when the power goes, no registration and no removal that a nameserver acknowledged is lost"
need_own_mounts
churn=$PYROPE_TEST_BIN_DIR/nameserver-churn

truncate -s 64M "$tmp/image"
mkfs.ext4 -q "$tmp/image" 2>"$tmp/err" || skip "no mkfs.ext4 here: $(cat "$tmp/err")"
mkdir "$tmp/disk"
mount -o loop "$tmp/image" "$tmp/disk" 2>"$tmp/err" || skip "no loop devices here: $(cat "$tmp/err")"
mkdir "$tmp/disk/kept"

# What cuts: the nameserver stands still before the disk is gone, so nothing is acknowledged that the disk never had.
cat >"$tmp/cut" <<END
#!/bin/bash
set -eu
kill -STOP "\$1"
for task in /proc/"\$1"/task/*; do
        until grep -q '^State:.[TD]' "\$task/status"; do :; done
done
"$churn" shutdown "$tmp/disk"
kill -KILL "\$1"
until grep -q '^State:.Z' "/proc/\$1/status" && [ "\$(ls "/proc/\$1/task")" = "\$1" ]; do :; done
umount "$tmp/disk"
mount -o loop "$tmp/image" "$tmp/disk"
END
chmod +x "$tmp/cut"

seconds=${CUT_SECONDS:-60}
WAIT_S=$((seconds + 50)) # it ends itself before
expect 0 "$churn" "$PYROPE_BIN_DIR/nameserver" "$tmp/disk/kept" "${CUT_ROUNDS:-10}" "$seconds" 500 "$tmp/cut"
tail -n 1 "$tmp/out"
check "nothing was lost, and no removal undone" said '^acknowledged [1-9][0-9]* lost 0 undone 0 rounds [1-9][0-9]* '
finish
