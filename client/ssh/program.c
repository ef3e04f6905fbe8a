/* SPDX-License-Identifier: MIT */

#include "client/ssh/program.h"

#include "base/unix-socket.h"
#include "client/pump.h"
#include "client/ssh/command.h"
#include "client/ssh/destination.h"
#include "client/ssh/direct.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#define CONNECT_MS  1000 /* to the master, which is on this machine ... */
#define NUMBER_MS   5000 /* ... and needs no network to number a channel */
#define FDS_OF_LINK 3u

typedef struct Way Way;
typedef struct SshProgram SshProgram;

typedef enum WayState {
        WAY_WAITING,   /* another one has no number yet */
        WAY_CONNECTED, /* to the master, without a number */
        WAY_NUMBERED,  /* the host is asked */
        WAY_JOINED,
        WAY_OVER,
} WayState;

/* A stream. */
struct Way {
        SshRequest *request; /* a reference */
        WayState state;
        int fd;               /* to the master, until the pump has it; -1: none */
        unsigned channel;     /* its number, in WAY_NUMBERED */
        uint64_t id;          /* the pump knows it by this */
        Deadline numbered_by; /* in WAY_CONNECTED */
        bool is_answered;
        bool is_left; /* under the lock: the pump has ended it */
        Way *next;
};

struct SshProgram {
        SshLink *link;
        SshMaster master;
        Pump *pump;
        SshDestinations destinations;
        uint64_t n_ever; /* ways */

        /* Changed under the lock, for others look through them. */
        Way *ways;
        SshCommand *commands;
        size_t n_ways;
        size_t n_commands;
};

/* -- answers ----------------------------------------------------------------------------------- */

static void answer(SshLink *link, SshRequest *request, bool *is_answered, pyrope_status status,
                   const pyrope_error *error)
{
        if (*is_answered)
                return;
        *is_answered = true;
        ssh_shared_lock(link->shared);
        ssh_request_answer(request, status, error);
        ssh_shared_unlock(link->shared);
}

/* It cannot be opened, or nobody wants it any more. What has no number yet, or no answer of the
 * host's, stays until it has, lest another one takes it for its own. */
static void give_up(SshProgram *program, Way *way, pyrope_status status, const pyrope_error *error)
{
        answer(program->link, way->request, &way->is_answered, status, error);
        closep(&way->fd);
        if (way->state == WAY_JOINED)
                pump_leave(program->pump, way->id);
        else if (way->state == WAY_WAITING)
                way->state = WAY_OVER;
}

/* -- ways -------------------------------------------------------------------------------------- */

static pyrope_status connect_to_master(SshProgram *program, Way *way, pyrope_error **error)
{
        const SshWatch watch = { .stop_fd = program->link->shared->stop_fd,
                                 .deadline = way->request->deadline };
        const char *path = NULL;
        pyrope_status status;
        int r;

        status = ssh_destinations_reach(&program->destinations, &program->master, &way->request->to,
                                        &watch, &path, error);
        if (status)
                return status;
        r = unix_connect(path, deadline_in(CONNECT_MS), &way->fd);
        return r ? error_set(error, PYROPE_E_UNREACHABLE, "%s: takes no connection at %s",
                             program->master.label, path)
                 : PYROPE_OK;
}

/* The one that has waited longest, if none is without a number. */
static Way *find_next(const SshProgram *program)
{
        Way *first = NULL;

        for (Way *way = program->ways; way; way = way->next) {
                if (way->state == WAY_CONNECTED)
                        return NULL;
                if (way->state == WAY_WAITING)
                        first = way; /* the list is backwards */
        }
        return first;
}

static void join(SshProgram *program, Way *way)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        SshLink *link = program->link;
        pyrope_status status;
        int fds[2], r;

        if (way->fd < 0) { /* given up meanwhile */
                way->state = WAY_OVER;
                return;
        }
        ssh_shared_lock(link->shared);
        fds[0] = TAKE_FD(way->request->fd);
        ssh_shared_unlock(link->shared);
        fds[1] = TAKE_FD(way->fd);
        way->state = WAY_JOINED;
        r = pump_join(program->pump, fds, way->id);
        if (r) {
                way->state = WAY_OVER;
                status = error_set(&error, r < 0 ? PYROPE_E_NOMEM : PYROPE_E_DENIED,
                                   r < 0 ? "%s: out of memory" : "%s: too many streams are open",
                                   program->master.label);
                answer(link, way->request, &way->is_answered, status, error);
                return;
        }
        atomic_fetch_add(&link->shared->n_channels, 1);
        answer(link, way->request, &way->is_answered, PYROPE_OK, NULL);
}

/* Return: PYROPE_OK; PYROPE_E_UNREACHABLE: the master is gone. */
static pyrope_status connect_next(SshProgram *program, pyrope_error **error)
{
        SshMaster *master = &program->master;
        Way *way;

        while ((way = find_next(program))) {
                CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
                pyrope_status status = connect_to_master(program, way, &why);

                if (status == PYROPE_E_UNREACHABLE && ssh_master_is_gone(master))
                        return error_set(error, status, "%s: the connection broke", master->label);
                if (status) {
                        give_up(program, way, status, why);
                } else if (master->is_foreign) {
                        join(program, way); /* it does not tell what becomes of it */
                } else {
                        way->state = WAY_CONNECTED;
                        way->numbered_by = deadline_in(NUMBER_MS);
                }
        }
        return PYROPE_OK;
}

static void refuse(SshProgram *program, Way *way, const char *text)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;

        status = ssh_stream_refusal(program->master.label, way->request,
                                    ssh_news_is_prohibited(text) ? SSH_STREAM_PROHIBITED : text,
                                    &error);
        give_up(program, way, status, error);
        way->state = WAY_OVER;
}

static void on_news(void *userdata, const SshNews *news)
{
        SshProgram *program = userdata;

        for (Way *way = program->ways; way; way = way->next) {
                if (news->kind == SSH_NEWS_MADE && news->is_stream && way->state == WAY_CONNECTED) {
                        way->state = WAY_NUMBERED;
                        way->channel = news->channel;
                        return;
                }
                if (way->state != WAY_NUMBERED || way->channel != news->channel)
                        continue;
                if (news->kind == SSH_NEWS_OPENED)
                        join(program, way);
                else if (news->kind == SSH_NEWS_REFUSED)
                        refuse(program, way, news->text);
                else
                        continue;
                return;
        }
}

/* In the pump's thread. */
static void on_over(void *userdata, uint64_t id)
{
        SshProgram *program = userdata;

        ssh_shared_lock(program->link->shared);
        for (Way *way = program->ways; way; way = way->next)
                way->is_left |= way->id == id;
        ssh_shared_unlock(program->link->shared);
        ssh_link_wake(program->link);
}

/* Return: whether its time is over. */
static bool expire(SshProgram *program, SshRequest *request, bool *is_answered)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;

        if (*is_answered)
                return false;
        status = ssh_request_expire(request, program->master.label, &error);
        if (status)
                answer(program->link, request, is_answered, status, error);
        return status;
}

/* Those that have ended go. */
static void drop_ways(SshProgram *program)
{
        Way **at = &program->ways;

        ssh_shared_lock(program->link->shared);
        while (*at) {
                Way *way = *at;

                if (way->state != WAY_OVER && !way->is_left) {
                        at = &way->next;
                        continue;
                }
                *at = way->next;
                program->n_ways--;
                (void)ssh_request_unref(way->request);
                closep(&way->fd);
                free(way);
        }
        ssh_shared_unlock(program->link->shared);
}

/* Return: PYROPE_OK; PYROPE_E_UNREACHABLE: the master does not do its work. */
static pyrope_status settle_ways(SshProgram *program, pyrope_error **error)
{
        pyrope_status status;

        for (Way *way = program->ways; way; way = way->next) {
                if (expire(program, way->request, &way->is_answered))
                        give_up(program, way, PYROPE_E_TIMEOUT, NULL);
                if (way->state == WAY_CONNECTED && deadline_passed(way->numbered_by))
                        return error_set(error, PYROPE_E_UNREACHABLE,
                                         "%s: opens no channel, nor says why",
                                         program->master.label);
        }
        status = connect_next(program, error);
        drop_ways(program);
        return status;
}

/* -- commands ---------------------------------------------------------------------------------- */

static void end_command(SshProgram *program, SshCommand *command)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;

        if (command->is_answered)
                return;
        status = ssh_command_result(command, program->master.label, &error);
        answer(program->link, command->request, &command->is_answered, status, error);
}

/* Return: whether it is to be freed. */
static bool settle_command(SshProgram *program, SshCommand *command, const struct pollfd *polled)
{
        bool has_ended = ssh_command_feed(command, polled);

        if (has_ended || command->is_too_much)
                end_command(program, command);
        (void)expire(program, command->request, &command->is_answered);
        return has_ended || (command->is_answered && !command->request->is_piped) ||
               (command->request->is_given_up && !command->request->is_piped);
}

static void settle_commands(SshProgram *program, const struct pollfd *polled)
{
        SshCommand **at = &program->commands;

        for (; *at; polled += SSH_COMMAND_FDS) {
                SshCommand *command = *at;

                if (!settle_command(program, command, polled)) {
                        at = &command->next;
                        continue;
                }
                ssh_shared_lock(program->link->shared);
                *at = command->next;
                program->n_commands--;
                (void)ssh_request_unref(command->request);
                ssh_shared_unlock(program->link->shared);
                (void)ssh_command_free(command);
        }
}

/* -- what others leave ------------------------------------------------------------------------- */

/* With the lock held, as is all that comes to take_queue(). */
static void add_command(SshProgram *program, SshRequest *request)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        SshCommand *command = NULL;
        pyrope_status status;

        if (program->n_commands == SSH_PROGRAM_COMMANDS_MAX)
                status = error_set(&error, PYROPE_E_DENIED, "%s: %u commands run already",
                                   program->master.label, SSH_PROGRAM_COMMANDS_MAX);
        else
                status = ssh_command_new(&program->master, request, &command, &error);
        if (status) {
                ssh_request_drop(request, status, error);
                return;
        }
        command->next = program->commands;
        program->commands = command;
        program->n_commands++;
        if (!request->is_piped)
                return;
        /* Whether the host runs it shows by what comes of it. */
        command->is_answered = true;
        atomic_fetch_add(&program->link->shared->n_channels, 1);
        ssh_request_answer(request, PYROPE_OK, NULL);
}

/* Nobody but the pump moves bytes here. */
static void make_plain(SshRequest *request)
{
        request->direct = ssh_direct_unref(request->direct);
        request->is_plain = true;
}

static void add_way(SshProgram *program, SshRequest *request)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;
        Way *way;

        if (program->n_ways == SSH_LINK_STREAMS_MAX) {
                status = error_set(&error, PYROPE_E_DENIED, "%s: %u channels are open already",
                                   program->master.label, SSH_LINK_STREAMS_MAX);
                ssh_request_drop(request, status, error);
                return;
        }
        way = calloc(1, sizeof(*way));
        if (!way) {
                ssh_request_drop(request, PYROPE_E_NOMEM, NULL);
                return;
        }
        *way = (Way){
                .request = request, .fd = -1, .id = ++program->n_ever, .next = program->ways
        };
        program->ways = way;
        program->n_ways++;
}

/* The requests that came, and a list of the ways that nobody wants any more. */
static void take_queue(SshProgram *program)
{
        SshRequest *queue, *request;

        queue = ssh_link_take(program->link);
        while ((request = queue)) {
                queue = request->next;
                make_plain(request);
                if (request->is_given_up)
                        ssh_request_drop(request, PYROPE_E_CLOSED, NULL);
                else if (request->command)
                        add_command(program, request);
                else
                        add_way(program, request);
        }
}

/* Return: PYROPE_OK, PYROPE_E_CLOSED if the pool ends. */
static pyrope_status take_orders(SshProgram *program)
{
        SshLink *link = program->link;
        struct pollfd stop = { .fd = link->shared->stop_fd, .events = POLLIN };
        eventfd_t n;
        bool is_given_up;

        (void)eventfd_read(link->wake_fd, &n);
        if (poll(&stop, 1, 0) > 0)
                return PYROPE_E_CLOSED;
        ssh_shared_lock(link->shared);
        take_queue(program);
        ssh_shared_unlock(link->shared);
        for (Way *way = program->ways; way; way = way->next) {
                ssh_shared_lock(link->shared);
                is_given_up = way->request->is_given_up;
                ssh_shared_unlock(link->shared);
                if (is_given_up)
                        give_up(program, way, PYROPE_E_CLOSED, NULL);
        }
        return PYROPE_OK;
}

/* -- a round ----------------------------------------------------------------------------------- */

static Deadline first_deadline(const SshProgram *program)
{
        Deadline first = DEADLINE_NONE;

        for (const Way *way = program->ways; way; way = way->next) {
                if (!way->is_answered)
                        first = deadline_min(first, way->request->deadline);
                if (way->state == WAY_CONNECTED)
                        first = deadline_min(first, way->numbered_by);
        }
        for (const SshCommand *command = program->commands; command; command = command->next) {
                if (!command->is_answered)
                        first = deadline_min(first, command->request->deadline);
        }
        return first;
}

static void wait_for_events(const SshProgram *program, struct pollfd *polled)
{
        const int fds[FDS_OF_LINK] = { program->link->wake_fd, program->master.words_fd,
                                       program->master.exit_fd };
        size_t n = FDS_OF_LINK;

        for (size_t i = 0; i < FDS_OF_LINK; i++)
                polled[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
        for (const SshCommand *command = program->commands; command; command = command->next) {
                ssh_command_events(command, polled + n);
                n += SSH_COMMAND_FDS;
        }
        if (poll(polled, n, deadline_left_ms(first_deadline(program))) < 0) {
                for (size_t i = 0; i < n; i++)
                        polled[i].revents = 0;
        }
}

pyrope_status ssh_program_round(SshLink *link, pyrope_error **error)
{
        struct pollfd polled[FDS_OF_LINK + SSH_COMMAND_FDS * SSH_PROGRAM_COMMANDS_MAX];
        SshProgram *program = link->program;
        SshMaster *master = &program->master;
        pyrope_status status = PYROPE_OK;

        wait_for_events(program, polled);
        if (polled[1].revents && !ssh_master_read(master, on_news, program))
                closep(&master->words_fd);
        settle_commands(program, polled + FDS_OF_LINK);
        if (polled[0].revents)
                status = take_orders(program);
        if (status)
                return error_set(error, status, "%s: the program ends", master->label);
        /* What it said last is read first. */
        if (polled[2].revents && !polled[1].revents)
                return ssh_master_fail(master, error);
        return settle_ways(program, error);
}

/* -- the phase between ------------------------------------------------------------------------- */

pyrope_status ssh_program_begin(SshLink *link, const SshWatch *watch, pyrope_error **error)
{
        SshProgram *program = calloc(1, sizeof(*program));
        pyrope_status status;
        int r;

        if (!program)
                return error_nomem(error);
        program->link = link;
        program->master = (SshMaster)SSH_MASTER_INIT;
        r = pump_new(on_over, program, &program->pump);
        if (r) {
                free(program);
                return error_set(error, PYROPE_E_IO, "thread: %s", strerror(-r));
        }
        ssh_shared_lock(link->shared);
        link->program = program;
        ssh_shared_unlock(link->shared);
        status = ssh_master_start(&link->settings, watch, &program->master, error);
        if (status)
                ssh_program_end(link, status, NULL);
        return status;
}

/* Nothing has been opened for it, so it may wait for the next session. */
static bool is_to_be_kept(const Way *way, pyrope_status status)
{
        return !way->is_answered && way->state < WAY_JOINED &&
               ssh_request_outlives(way->request, status);
}

static void end_way(SshProgram *program, Way *way, pyrope_status status, const pyrope_error *error)
{
        SshLink *link = program->link;

        closep(&way->fd);
        if (!is_to_be_kept(way, status)) {
                answer(link, way->request, &way->is_answered, status, error);
                ssh_shared_lock(link->shared);
                (void)ssh_request_unref(way->request);
                ssh_shared_unlock(link->shared);
        } else {
                ssh_shared_lock(link->shared);
                way->request->n_lost++;
                ssh_link_push(link, way->request);
                ssh_shared_unlock(link->shared);
        }
        free(way);
}

void ssh_program_end(SshLink *link, pyrope_status status, const pyrope_error *error)
{
        SshProgram *program = link->program;
        SshCommand *command;
        Way *way;

        ssh_shared_lock(link->shared);
        link->program = NULL;
        ssh_shared_unlock(link->shared);
        (void)pump_free(program->pump);
        while ((way = program->ways)) {
                program->ways = way->next;
                end_way(program, way, status, error);
        }
        while ((command = program->commands)) {
                program->commands = command->next;
                answer(link, command->request, &command->is_answered, status, error);
                ssh_shared_lock(link->shared);
                (void)ssh_request_unref(command->request);
                ssh_shared_unlock(link->shared);
                (void)ssh_command_free(command);
        }
        ssh_destinations_end(&program->destinations, &program->master);
        ssh_master_end(&program->master);
        free(program);
}

void ssh_program_leave(SshLink *link, uint64_t group)
{
        if (!link->program)
                return;
        for (Way *way = link->program->ways; way; way = way->next) {
                if (way->request->group == group)
                        ssh_request_give_up(way->request);
        }
        for (SshCommand *command = link->program->commands; command; command = command->next) {
                if (command->request->group == group)
                        ssh_request_give_up(command->request);
        }
}

void ssh_program_show(const SshLink *link, SshSession *ret)
{
        const SshProgram *program = link->program;
        uint64_t n_moved[2];

        pump_moved(program->pump, n_moved);
        ret->n_channels = program->n_ways + program->n_commands;
        for (const Way *way = program->ways; way; way = way->next)
                ret->n_hops += way->request->asker != NULL;
        ret->n_sent = n_moved[0];
        ret->n_received = n_moved[1];
        ret->quiet_ms = -1; /* ssh sees to it, and does not tell */
}
