/* SPDX-License-Identifier: MIT */

/*
 * A daemon whose author writes one call to be found by a name, and nothing about nameservers that
 * come and go. `published NAME TTL`: serves until SIGTERM.
 */

#include <pyrope/daemon.h>
#include <pyrope/pyrope.h>
#include <stdio.h>
#include <stdlib.h>

static int answer(pyrope_call *call, void *self)
{
        (void)self;
        return pyrope_reply(call, "i", 42);
}

static const pyrope_method methods[] = {
        { "answer", "", answer, 0, "42" },
        { 0 },
};
static const pyrope_class class_ = { .name = "Published", .methods = methods };

int main(int argc, char **argv)
{
        pyrope_publication publication = { .name = argv[1] };
        pyrope_context *context = NULL;
        pyrope_daemon *daemon = NULL;
        pyrope_error *error = NULL;
        pyrope_status status;
        char *uri = NULL;

        if (argc != 3)
                return 2;
        publication.ttl_s = atoi(argv[2]);
        status = pyrope_context_new(NULL, &context, &error);
        if (!status)
                status = pyrope_daemon_new(NULL, &daemon, &error);
        if (!status)
                status = pyrope_daemon_register(daemon, NULL, &class_, NULL, &error);
        if (!status) {
                publication.uri = uri = pyrope_daemon_uri(daemon, NULL);
                status = pyrope_publish(context, &publication, 0, &error);
        }
        if (!status)
                status = pyrope_daemon_run(daemon, &error);
        if (status)
                (void)fprintf(stderr, "published: %s\n",
                              error ? pyrope_error_text(error) : pyrope_strerror(status));
        (void)pyrope_unpublish(context, publication.name, 5000);
        pyrope_error_free(error);
        pyrope_daemon_free(daemon);
        pyrope_context_free(context);
        free(uri);
        return status != PYROPE_OK;
}
