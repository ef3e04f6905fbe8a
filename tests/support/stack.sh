# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# A nameserver and job managers for the integration scripts; after lib.sh.
# shellcheck disable=SC2154 # lib.sh has $tmp

nameserver_up() { # sets PYROPE_NAMESERVER for what follows
        start nameserver nameserver --database "$tmp/nameserver.db"
        PYROPE_NAMESERVER=$(ready_uri nameserver)
        export PYROPE_NAMESERVER=${PYROPE_NAMESERVER#*./u:}
}

jobman_conf() { # NAME [LINE...]: $tmp/NAME.conf, with lines of its [jobman] section and what follows on standard input
        local name=$1
        shift
        {
                printf '[jobman]\nname = %s\nworkDir = %s\n' "$name" "$tmp/$name-jobs"
                [ $# = 0 ] || printf '%s\n' "$@"
                cat
        } >"$tmp/$name.conf"
}

jobman_up() { # NAME: with $tmp/NAME.conf
        start "$1" jobman --config "$tmp/$1.conf"
}

free_jobs() { # NAME: free slots of a job manager, or nothing
        pyrope call "$1" getNumberOfFreeJobs
}

names() { # PREFIX: names in the nameserver, one a line
        pyrope list --prefix "$1" | cut -d' ' -f1
}
