/* SPDX-License-Identifier: MIT */

/*
 * Many clients that call all the time, more than there are workers: none waits long. And many that
 * do nothing: they cost no thread.
 *
 *      load-many [SECONDS]
 */

#include "tests/load/load.h"

#include <pthread.h>
#include <stdio.h>

#define CLIENTS         256
#define WORST_MAX_MS    1000
#define IDLE_MAX        10000
#define THREADS_MAX     8 /* the main one, a few that wait or keep watch, however many connections */
#define THREAD_END_MS   30000
#define CPU_MAX_PERCENT 1

typedef struct Client Client;

struct Client {
        pthread_t thread;
        const LoadServer *server;
        double end_ms;
        double worst_ms;
        double n_calls;
};

static void *call_all_the_time(void *userdata)
{
        Client *client = userdata;
        Conn conn = load_open(client->server);

        while (load_now_ms() < client->end_ms) {
                double began_ms = load_now_ms();
                double ms;

                load_call(&conn, "echo", 1);
                ms = load_now_ms() - began_ms;
                client->worst_ms = ms > client->worst_ms ? ms : client->worst_ms;
                client->n_calls++;
        }
        conn_deinit(&conn);
        return NULL;
}

static void run_clients(Load *load, const LoadServer *server, long seconds)
{
        double end_ms = load_now_ms() + (double)seconds * 1000;
        static Client clients[CLIENTS];
        double worst_ms = 0;
        double n_calls = 0;

        for (size_t i = 0; i < CLIENTS; i++) {
                clients[i] = (Client){ .server = server, .end_ms = end_ms };
                if (pthread_create(&clients[i].thread, NULL, call_all_the_time, &clients[i]))
                        load_die("pthread_create");
        }
        for (size_t i = 0; i < CLIENTS; i++) {
                (void)pthread_join(clients[i].thread, NULL);
                n_calls += clients[i].n_calls;
                worst_ms = clients[i].worst_ms > worst_ms ? clients[i].worst_ms : worst_ms;
        }
        printf("# %d clients: %.0f calls/s\n", CLIENTS, n_calls / (double)seconds);
        load_report_time(load, "closed-loop-256-worst-ms", worst_ms, WORST_MAX_MS);
}

/* Threads that ran calls end after a while. */
static void await_threads(const LoadServer *server)
{
        double end_ms = load_now_ms() + THREAD_END_MS;

        while (load_threads(server->pid) > THREADS_MAX && load_now_ms() < end_ms)
                load_pause_ms(10);
}

static void idle(Load *load, const LoadServer *server, size_t n)
{
        static Conn conns[IDLE_MAX];
        char figure[64];
        double cpu_ms;

        for (size_t i = 0; i < n; i++)
                conns[i] = load_open(server);
        await_threads(server);
        (void)snprintf(figure, sizeof(figure), "idle-%zu-threads", n);
        load_report(load, figure, load_threads(server->pid), THREADS_MAX);
        cpu_ms = load_cpu_ms(server->pid);
        load_pause_ms(2000);
        (void)snprintf(figure, sizeof(figure), "idle-%zu-cpu-percent", n);
        load_report_time(load, figure, (load_cpu_ms(server->pid) - cpu_ms) / 20, CPU_MAX_PERCENT);
        for (size_t i = 0; i < n; i += n / 10)
                load_call(&conns[i], "echo", 1);
        for (size_t i = 0; i < n; i++)
                conn_deinit(&conns[i]);
}

int main(int argc, char **argv)
{
        LoadServer server = { 0 };
        Load load;
        long seconds = load_begin(&load, argc, argv, 20, 1);

        load_raise_descriptors();
        load_server_start(&server);
        run_clients(&load, &server, seconds);
        idle(&load, &server, 1000);
        if (!load.is_short)
                idle(&load, &server, IDLE_MAX);
        load_server_stop(&load, &server, "many");
        return load.failed;
}
