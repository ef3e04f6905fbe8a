/* SPDX-License-Identifier: MIT */

/*
 * The public client API, driven line by line: one command a line on standard input, one answer a
 * line on standard output, which begins with OK or with the name of the status, then "unsent: " of
 * a call that certainly did not run. Scripts thus act between two calls of one program.
 *
 *      proxy P NAME|URI       received P FROM METHOD (an object that the call tells)
 *      call P METHOD [TEXT]   ping P   wait P MS   fd P   uri P   free P
 *      allocate I NAME        status I   put I LOCAL NAME   get I NAME LOCAL   release I
 *      forward F P            unforward F   statistics    sessions
 *      threads P METHOD N M   (N threads make M calls each, all through one proxy)
 *
 * P, I and F are digits; `iN` in the place of a P is the proxy of instance N.
 */

#include "base/defs.h"

#include <pthread.h>
#include <pyrope/pyrope.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX   6
#define THREADS_MAX 64
#define TIMEOUT_MS  10000

DEFINE_CLEANUP(pyrope_value, pyrope_value_free);
DEFINE_CLEANUP(pyrope_error, pyrope_error_free);

static pyrope_context *context;
static pyrope_proxy *proxies[10];
static pyrope_instance *instances[10];
static pyrope_forward *forwards[10];

static int index_of(const char *word)
{
        return (word[0] - '0') % 10;
}

static pyrope_proxy *proxy_of(const char *word)
{
        return word[0] == 'i' ? pyrope_instance_proxy(instances[index_of(word + 1)])
                              : proxies[index_of(word)];
}

static void answer(pyrope_status status, const pyrope_error *error, const char *result)
{
        if (status)
                printf("%s %s%s\n", pyrope_status_name(status),
                       pyrope_error_is_unsent(error) ? "unsent: " : "",
                       error ? pyrope_error_text(error) : pyrope_strerror(status));
        else
                printf("OK %s\n", result ? result : "");
}

/* A result as text: str and int are all that the scripts ask for. */
static const char *shown(pyrope_view item, char *out, size_t n_out)
{
        const char *text;
        int64_t number;
        size_t n;

        out[0] = '\0';
        if (pyrope_get_str(item, &text, &n) == PYROPE_OK)
                (void)snprintf(out, n_out, "%.*s", (int)n, text);
        else if (pyrope_get_int(item, &number) == PYROPE_OK)
                (void)snprintf(out, n_out, "%lld", (long long)number);
        return out;
}

static void do_proxy(char **words)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_proxy **proxy = &proxies[index_of(words[1])];
        pyrope_status status = pyrope_proxy_new(context, words[2], 0, proxy, &error);

        answer(status, error, status ? NULL : pyrope_proxy_uri(*proxy));
}

static void do_received(char **words)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *told = NULL;
        pyrope_proxy **proxy = &proxies[index_of(words[1])], *from = proxy_of(words[2]);
        pyrope_status status = pyrope_callf(from, words[3], &told, &error, "");

        if (!status)
                status = pyrope_proxy_received(from, pyrope_value_view(told), 0, proxy, &error);
        answer(status, error, status ? NULL : pyrope_proxy_uri(*proxy));
}

static void do_call(char **words)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *result = NULL;
        char text[256];
        pyrope_status status = pyrope_callf(proxy_of(words[1]), words[2], &result, &error,
                                            words[3] ? "s" : "", words[3]);

        answer(status, error, shown(pyrope_value_view(result), text, sizeof(text)));
}

static void do_ping(char **words)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status = pyrope_ping(proxy_of(words[1]), 0, &error);

        answer(status, error, NULL);
}

static void do_wait(char **words)
{
        pyrope_proxy *proxy = proxy_of(words[1]);

        answer(pyrope_wait_hangup(proxy, strtol(words[2], NULL, 10)), NULL, "gone");
}

static void do_fd(char **words)
{
        printf("OK %s\n", pyrope_proxy_fd(proxy_of(words[1])) >= 0 ? "yes" : "no");
}

static void do_uri(char **words)
{
        printf("OK %s\n", pyrope_proxy_uri(proxy_of(words[1])));
}

static void do_free(char **words)
{
        pyrope_proxy **proxy = &proxies[index_of(words[1])];

        *proxy = pyrope_proxy_free(*proxy);
        answer(PYROPE_OK, NULL, NULL);
}

static void do_allocate(char **words)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_instance **instance = &instances[index_of(words[1])];
        pyrope_status status = pyrope_allocate(context, words[2], 0, instance, &error);

        answer(status, error, status ? NULL : pyrope_instance_job(*instance));
}

static void do_status(char **words)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(freep) char *text = NULL;
        pyrope_status status =
                pyrope_instance_status(instances[index_of(words[1])], 0, &text, &error);

        answer(status, error, text);
}

static void do_put(char **words)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status =
                pyrope_put_file(instances[index_of(words[1])], words[2], words[3], &error);

        answer(status, error, NULL);
}

static void do_get(char **words)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status =
                pyrope_get_file(instances[index_of(words[1])], words[2], words[3], &error);

        answer(status, error, NULL);
}

static void do_release(char **words)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status = pyrope_release(TAKE(instances[index_of(words[1])]), 0, &error);

        answer(status, error, NULL);
}

static void do_forward(char **words)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_forward **forward = &forwards[index_of(words[1])];
        pyrope_status status = pyrope_forward_new(proxy_of(words[2]), forward, &error);

        answer(status, error, status ? NULL : pyrope_forward_uri(*forward));
}

static void do_unforward(char **words)
{
        pyrope_forward **forward = &forwards[index_of(words[1])];

        *forward = pyrope_forward_free(*forward);
        answer(PYROPE_OK, NULL, NULL);
}

static void do_statistics(char **words)
{
        pyrope_statistics counts;

        (void)words;
        pyrope_context_statistics(context, &counts);
        printf("OK calls=%llu sessions=%llu channels=%llu local=%llu\n",
               (unsigned long long)counts.n_calls, (unsigned long long)counts.n_ssh_sessions,
               (unsigned long long)counts.n_ssh_channels, (unsigned long long)counts.n_local);
}

typedef struct Listing {
        char text[2048];
        size_t n;
} Listing;

static void list_session(void *userdata, const pyrope_session *session)
{
        Listing *listing = userdata;

        if (listing->n >= sizeof(listing->text))
                return;
        listing->n += (size_t)snprintf(
                listing->text + listing->n, sizeof(listing->text) - listing->n,
                " [%s: %s, logins=%llu received=%d sent=%d quiet=%d next=%d %s %s]", session->label,
                session->state, (unsigned long long)session->n_logins, session->n_received > 0,
                session->n_sent > 0, session->quiet_ms >= 0, session->next_attempt_ms >= 0,
                session->server, session->cipher);
}

static void do_sessions(char **words)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        Listing listing = { .text = "" };
        pyrope_status status = pyrope_context_sessions(context, list_session, &listing, &error);

        (void)words;
        answer(status, error, listing.text);
}

typedef struct Crowd {
        pyrope_proxy *proxy;
        const char *method;
        long n_calls; /* of each thread */
        atomic_long n_done;
} Crowd;

static void *crowd_main(void *userdata)
{
        Crowd *crowd = userdata;

        for (long i = 0; i < crowd->n_calls; i++)
                if (pyrope_callf(crowd->proxy, crowd->method, NULL, NULL, "") == PYROPE_OK)
                        atomic_fetch_add(&crowd->n_done, 1);
        return NULL;
}

static void do_threads(char **words)
{
        Crowd crowd = { .proxy = proxy_of(words[1]), .method = words[2] };
        long n_threads = words[3] ? strtol(words[3], NULL, 10) : 0;
        pthread_t threads[THREADS_MAX];
        long n = 0;

        crowd.n_calls = words[3] && words[4] ? strtol(words[4], NULL, 10) : 0;
        while (n < n_threads && n < THREADS_MAX &&
               pthread_create(&threads[n], NULL, crowd_main, &crowd) == 0)
                n++;
        while (n > 0)
                (void)pthread_join(threads[--n], NULL);
        printf("OK %ld\n", atomic_load(&crowd.n_done));
}

static const struct {
        const char *word;
        int n_words;
        void (*run)(char **words);
} commands[] = {
        { "proxy", 3, do_proxy },
        { "received", 4, do_received },
        { "call", 3, do_call },
        { "ping", 2, do_ping },
        { "wait", 3, do_wait },
        { "fd", 2, do_fd },
        { "uri", 2, do_uri },
        { "free", 2, do_free },
        { "allocate", 3, do_allocate },
        { "status", 2, do_status },
        { "put", 4, do_put },
        { "get", 4, do_get },
        { "release", 2, do_release },
        { "forward", 3, do_forward },
        { "unforward", 2, do_unforward },
        { "statistics", 1, do_statistics },
        { "sessions", 1, do_sessions },
        { "threads", 5, do_threads },
};

static void run_line(char *line)
{
        char *words[WORDS_MAX + 1] = { NULL };
        char *rest = NULL;
        int n = 0;

        for (char *word = strtok_r(line, " \n", &rest); word && n < WORDS_MAX;
             word = strtok_r(NULL, " \n", &rest))
                words[n++] = word;
        for (size_t i = 0; n && i < ARRAY_SIZE(commands); i++) {
                if (strcmp(words[0], commands[i].word) != 0 || n < commands[i].n_words)
                        continue;
                commands[i].run(words);
                return;
        }
        printf("what?\n");
}

int main(void)
{
        pyrope_options options = { .timeout_ms = TIMEOUT_MS };
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        char line[4096];

        setvbuf(stdout, NULL, _IOLBF, 0);
        if (pyrope_context_new(&options, &context, &error) != PYROPE_OK) {
                fprintf(stderr, "%s\n", error ? pyrope_error_text(error) : "no context");
                return 1;
        }
        while (fgets(line, sizeof(line), stdin))
                run_line(line);

        for (size_t i = 0; i < ARRAY_SIZE(proxies); i++) {
                pyrope_forward_free(forwards[i]);
                (void)pyrope_release(instances[i], 0, NULL);
                pyrope_proxy_free(proxies[i]);
        }
        pyrope_context_free(context);
        return 0;
}
