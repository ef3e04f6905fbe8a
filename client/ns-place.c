/* SPDX-License-Identifier: MIT */

#include "client/ns-place.h"

#include "base/log.h"
#include "base/runtime-dir.h"
#include "client/context.h"
#include "client/reach.h"
#include "client/where.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SEPARATORS   ", \t"
#define SSH_SCHEME_N (sizeof(URI_SSH_SCHEME) - 1)
#define SILENT_MS    10000 /* a nameserver that does not answer is passed over for so long */

/* -- what was said ---------------------------------------------------------------------------- */

static int add_place(NsPlaces *places, const char *word)
{
        int r;

        if (places->n == NS_PLACES_MAX)
                return NS_PLACE_E_TOO_MANY;
        r = location_parse(word, &places->items[places->n].given);
        if (r == 0)
                places->n++;
        return r == URI_E_INVALID ? NS_PLACE_E_INVALID : r;
}

/* Whether what stands behind a comma begins another place, and is no further host of a way. */
static bool begins_place(const char *text)
{
        return !*text || strchr(SEPARATORS "/", *text) ||
               !strncmp(text, URI_SSH_SCHEME, SSH_SCHEME_N) || !strncmp(text, "./", 2);
}

/* Bytes of the place at @text. In a way by SSH, commas stand between the hosts, too. */
static size_t place_length(const char *text)
{
        size_t n = 0;

        if (!strncmp(text, URI_SSH_SCHEME, SSH_SCHEME_N)) {
                n = SSH_SCHEME_N + strcspn(text + SSH_SCHEME_N, SEPARATORS "/");
                while (text[n] == ',' && !begins_place(text + n + 1))
                        n += 1 + strcspn(text + n + 1, SEPARATORS "/");
        }
        return n + strcspn(text + n, SEPARATORS);
}

/* The next place of a list, cut off where it ends. Return: NULL: there is none. */
static char *next_place(char **rest)
{
        char *word = *rest + strspn(*rest, SEPARATORS);
        size_t n = place_length(word);

        *rest = word + n + (word[n] != '\0');
        word[n] = '\0';
        return n ? word : NULL;
}

int ns_places_parse(const char *text, NsPlaces *ret)
{
        CLEANUP(freep) char *copy = text ? strdup(text) : NULL;
        char *word, *rest = copy;
        int r = 0;

        *ret = (NsPlaces){ .n = 0 };
        if (text && !copy)
                return -ENOMEM;
        while (r == 0 && rest && (word = next_place(&rest)))
                r = add_place(ret, word);
        if (r == 0 && ret->n == 0)
                ret->n = 1;
        return r;
}

void ns_places_deinit(NsPlaces *places)
{
        while (places->n > 0)
                location_deinit(&places->items[--places->n].given);
}

/* @before, which is freed, and one more. Return: owned; NULL: out of memory. */
static char *add_label(char *before, const Location *at)
{
        CLEANUP(freep) char *taken = before;
        CLEANUP(freep) char *label = reach_label(at);
        char *both;

        if (!label || asprintf(&both, "%s%s%s", taken ? taken : "", taken ? ", " : "", label) < 0)
                return NULL;
        return both;
}

char *ns_places_label(const NsPlaces *places)
{
        char *all = NULL;

        for (size_t i = 0; i < places->n && (all || i == 0); i++)
                all = add_label(all, &places->items[i].given);
        return all;
}

void ns_place_mark(NsPlace *place, bool has_answered)
{
        atomic_store(&place->silent_until_ms, has_answered ? 0 : clock_boottime_ms() + SILENT_MS);
}

bool ns_place_is_silent(const NsPlace *place)
{
        return atomic_load(&place->silent_until_ms) > clock_boottime_ms();
}

/* -- on this machine -------------------------------------------------------------------------- */

/* Our own one, else that of the computer. */
static pyrope_status default_at(const pyrope_context *context, Location *ret, pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        pyrope_status status;
        char *path;

        status = where_socket(context, WHERE_NAMESERVER, &path, &why);
        if (status == PYROPE_E_NOT_FOUND && !context->runtime_dir &&
            runtime_dir_find_site(WHERE_NAMESERVER, &path) == 0)
                status = PYROPE_OK;
        if (status && error)
                *error = TAKE(why);
        if (status)
                return error_prefix(error, status,
                                    "no nameserver is named (--nameserver, PYROPE_NAMESERVER)");
        *ret = (Location){ .path = path };
        return PYROPE_OK;
}

/* -- on another one --------------------------------------------------------------------------- */

/* What a host said. */
typedef struct Told Told;

struct Told {
        char *path; /* NULL: none; owned */
        int exit_status;
        bool is_held; /* nothing, and that well: the key is held to the pipe, which has ended */
};

static pyrope_status ask_host(pyrope_context *context, const char *ssh, Deadline deadline,
                              Told *ret, pyrope_error **error)
{
        SshOutput output;
        pyrope_status status;

        status = ssh_pool_exec(context->pool, ssh, WHERE_COMMAND, deadline, &output, error);
        if (status)
                return status;
        *ret = (Told){
                .path = output.exit_status == 0 ? where_printed(&output.text) : NULL,
                .exit_status = output.exit_status,
                .is_held = output.exit_status == 0 && output.text.n == 0,
        };
        buffer_deinit(&output.text);
        return PYROPE_OK;
}

static pyrope_status try_open(pyrope_context *context, const Location *at, Deadline deadline,
                              pyrope_error **error)
{
        CLEANUP(closep) int fd = -1;

        return context_open(context, at, deadline, &fd, error);
}

/* Where there is no `pyrope` on the host: whether somebody listens where a site has its own. */
static pyrope_status try_site_socket(pyrope_context *context, Location *at, int exit_status,
                                     Deadline deadline, pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        pyrope_status status;

        at->path = strdup(WHERE_SITE_SOCKET);
        if (!at->path)
                return error_nomem(error);
        status = try_open(context, at, deadline, &why);
        if (status == PYROPE_E_UNREACHABLE)
                return error_set(error, PYROPE_E_NOT_FOUND,
                                 "nameserver ssh://%s: '%s' told no path there (exit status %d), "
                                 "and nobody listens on %s; name its socket: ssh://%s/./u:/path",
                                 at->ssh, WHERE_COMMAND, exit_status, WHERE_SITE_SOCKET, at->ssh);
        if (status && error)
                *error = TAKE(why);
        return status;
}

/* The host alone was said, and stands in @at. */
static pyrope_status find_there(pyrope_context *context, NsPlace *place, Location *at,
                                Deadline deadline, pyrope_error **error)
{
        Told told;
        pyrope_status status = ask_host(context, at->ssh, deadline, &told, error);

        if (status)
                return status;
        at->path = told.path;
        if (told.is_held)
                atomic_store(&place->way, NS_WAY_PIPE);
        else if (!at->path)
                return try_site_socket(context, at, told.exit_status, deadline, error);
        return PYROPE_OK;
}

/* Whether the host lets us go to the socket or port that was said. sshd answers a key that is held
 * to a command as if nobody listened there. */
static pyrope_status try_way(pyrope_context *context, NsPlace *place, const Location *at,
                             Deadline deadline, pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        CLEANUP(freep) char *label = NULL;
        Told told = { .path = NULL };
        pyrope_status status = try_open(context, at, deadline, &why);

        if (status == PYROPE_OK) {
                atomic_store(&place->way, NS_WAY_SOCKET);
                return PYROPE_OK;
        }
        if ((status == PYROPE_E_DENIED || status == PYROPE_E_UNREACHABLE) &&
            ask_host(context, at->ssh, deadline, &told, NULL) == PYROPE_OK && told.is_held) {
                log_debug("%s: the key is held to '%s'", at->ssh, CONTEXT_PIPE_COMMAND);
                atomic_store(&place->way, NS_WAY_PIPE);
                return PYROPE_OK;
        }
        free(told.path);
        if (error)
                *error = TAKE(why);
        label = reach_label(at);
        return error_prefix(error, status, "nameserver %s", label ? label : at->ssh);
}

static pyrope_status at_host(pyrope_context *context, NsPlace *place, Deadline deadline,
                             Location *ret, pyrope_error **error)
{
        CLEANUP(location_deinit) Location at = { 0 };
        bool is_whole = place->given.path || place->given.host;
        NsWay way = (NsWay)atomic_load(&place->way);
        pyrope_status status = PYROPE_OK;

        if (location_copy(&place->given, &at))
                return error_nomem(error);
        if (is_whole && way == NS_WAY_UNKNOWN)
                status = try_way(context, place, &at, deadline, error);
        else if (!is_whole && way != NS_WAY_PIPE)
                status = find_there(context, place, &at, deadline, error);
        if (status)
                return status;
        *ret = (Location){ .ssh = TAKE(at.ssh) };
        if (atomic_load(&place->way) != NS_WAY_PIPE) {
                ret->path = TAKE(at.path);
                ret->host = TAKE(at.host);
                ret->port = at.port;
        }
        return PYROPE_OK;
}

pyrope_status ns_place_at(pyrope_context *context, NsPlace *place, Deadline deadline, Location *ret,
                          pyrope_error **error)
{
        if (!location_is_given(&place->given))
                return default_at(context, ret, error);
        if (place->given.ssh)
                return at_host(context, place, deadline, ret, error);
        return location_copy(&place->given, ret) ? error_nomem(error) : PYROPE_OK;
}
