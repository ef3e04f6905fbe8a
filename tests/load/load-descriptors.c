/* SPDX-License-Identifier: MIT */

/*
 * A daemon that has no descriptors left, while those who were turned away come again and again,
 * costs little, and lets people in again as soon as there is room.
 *
 *      load-descriptors [SECONDS]
 */

#include "tests/load/load.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define DESCRIPTORS     64
#define CONNECTIONS     200
#define CPU_MAX_PERCENT 5
#define RECOVERY_MAX_MS 1000
#define AGAIN_MS        50 /* so often who was turned away comes again */

/* Who was turned away comes again. Returns how many that were. */
static unsigned come_again(const LoadServer *server, int *fds)
{
        unsigned n_again = 0;
        char bytes[512];

        for (size_t i = 0; i < CONNECTIONS; i++) {
                ssize_t n = recv(fds[i], bytes, sizeof(bytes), MSG_DONTWAIT);

                if (n > 0 || (n < 0 && errno == EAGAIN))
                        continue;
                (void)close(fds[i]);
                fds[i] = load_connect(server);
                n_again++;
        }
        return n_again;
}

static double cpu_percent(const LoadServer *server, int *fds, long seconds)
{
        double began_ms = load_now_ms();
        double cpu_ms = load_cpu_ms(server->pid);
        unsigned n_again = 0;
        double now_ms;

        do {
                n_again += come_again(server, fds);
                load_pause_ms(AGAIN_MS);
                now_ms = load_now_ms();
        } while (now_ms < began_ms + (double)seconds * 1000);
        if (n_again == 0)
                load_die("nobody was turned away");
        return (load_cpu_ms(server->pid) - cpu_ms) * 100 / (now_ms - began_ms);
}

static double recover_ms(const LoadServer *server, const int *fds)
{
        double began_ms;
        Conn conn;

        for (size_t i = 0; i < CONNECTIONS; i++)
                (void)close(fds[i]);
        began_ms = load_now_ms();
        while (!load_try(server, &conn)) {
                conn_deinit(&conn);
                load_pause_ms(1);
        }
        load_call(&conn, "echo", 1);
        conn_deinit(&conn);
        return load_now_ms() - began_ms;
}

int main(int argc, char **argv)
{
        LoadServer server = { .n_descriptors = DESCRIPTORS };
        int fds[CONNECTIONS];
        Load load;
        long seconds = load_begin(&load, argc, argv, 5, 2);

        load_raise_descriptors();
        load_server_start(&server);
        for (size_t i = 0; i < CONNECTIONS; i++)
                fds[i] = load_connect(&server);
        load_report_time(&load, "T11-cpu-percent", cpu_percent(&server, fds, seconds),
                         CPU_MAX_PERCENT);
        load_report_time(&load, "T11-recovery-ms", recover_ms(&server, fds), RECOVERY_MAX_MS);
        load_server_stop(&load, &server, "T11");
        return load.failed;
}
