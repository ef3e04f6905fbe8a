/* SPDX-License-Identifier: MIT */

#include "client/ssh/share.h"

#include "base/log.h"
#include "base/thread.h"
#include "client/ssh/share-start.h"
#include "proto/value.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#define ATTEMPTS 2u /* the agent may have ended while we asked it */

typedef struct Group Group;

/* A connection by which streams are joined; its end ends them. */
struct Group {
        Group *next;
        uint64_t id;
        SshShareCall call;
        SshRefused on_refused;
        void *userdata;
        pthread_t thread; /* hears what was refused, and the end of the agent */
        _Atomic bool is_dead;
};

struct SshShare {
        SshSharePlace place;
        char *runtime_dir;         /* NULL: any */
        _Atomic bool has_ordered;  /* what comes now is not the first that this program wants */
        _Atomic int64_t off_until; /* without an agent so long, on clock_boottime_ms() */

        pthread_mutex_t lock;
        Group *groups;
};

/* -- the connection ---------------------------------------------------------------------------- */

static int go_without(SshShare *share, const SshShareCall *call, int r)
{
        if (r == SSH_SHARE_CALL_E_LATE)
                log_debug("the agent (process %d) does not answer; 'kill -KILL %d' ends it",
                          (int)call->pid, (int)call->pid);
        atomic_store(&share->off_until, clock_boottime_ms() + SSH_SHARE_OFF_MS);
        return SSH_SHARE_E_WITHOUT;
}

/* At most half of the time that there is, so that some is left to go without. */
static Deadline part_of(Deadline deadline, int most_ms)
{
        int left_ms = deadline_left_ms(deadline);

        return deadline_in(left_ms < 0 || left_ms / 2 > most_ms ? most_ms : left_ms / 2);
}

/* An agent that welcomes us. Return: 0, SSH_SHARE_E_WITHOUT. */
static int connect_agent(SshShare *share, Deadline deadline, SshShareCall *ret)
{
        int r = SSH_SHARE_CALL_E_LOST;

        if (clock_boottime_ms() < atomic_load(&share->off_until))
                return SSH_SHARE_E_WITHOUT;
        /* One that was about to end is no reason to go without. */
        for (unsigned i = 0; r == SSH_SHARE_CALL_E_LOST && i < ATTEMPTS; i++) {
                ssh_share_call_close(ret);
                r = ssh_share_start(&share->place, share->runtime_dir,
                                    part_of(deadline, SSH_SHARE_START_MS), ret);
                if (!r)
                        r = ssh_share_call_greet(ret, share->place.key,
                                                 part_of(deadline, SSH_SHARE_GREET_MS));
        }
        return r ? go_without(share, ret, r) : 0;
}

/* -- questions --------------------------------------------------------------------------------- */

/* The asker may be interrupted by no signal, as in a thread of the pool. */
static pyrope_status ask_person(const SshAsk *ask, const pyrope_question *question, char *answer)
{
        sigset_t all, before;
        pyrope_status status;

        sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        status = ask->fn(ask->userdata, question, answer);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        answer[PYROPE_ANSWER_SIZE - 1] = '\0';
        return status;
}

static int answer_question(const SshShareCall *call, const SshShareMessage *asked,
                           const SshAsk *ask)
{
        char text[PYROPE_ANSWER_SIZE] = "";
        /* If the agent says anything before it has the answer, it needs none any more. */
        const pyrope_question question = { .host = asked->host,
                                           .instruction =
                                                   asked->instruction ? asked->instruction : "",
                                           .prompt = asked->prompt,
                                           .is_echoed = asked->is_echoed,
                                           .timeout_ms = asked->ms,
                                           .stop_fd = call->fd };
        SshShareMessage answer = { .kind = SSH_SHARE_ANSWER, .id = asked->id };
        int r;

        if (!ask->fn)
                return SSH_SHARE_CALL_E_LOST;
        answer.status = ask_person(ask, &question, text);
        if (!answer.status)
                answer.text = text;
        r = ssh_share_call_say(call, &answer, -1, deadline_in(SSH_SHARE_GREET_MS));
        explicit_bzero(text, sizeof(text));
        return r;
}

/* -- orders ------------------------------------------------------------------------------------ */

static pyrope_status known_status(int64_t status)
{
#define X(name, number, text)                                                                      \
        if (status == (number))                                                                    \
                return PYROPE_##name;
        PYROPE_STATUS_MAP(X)
#undef X
        return PYROPE_E_IO;
}

/* Takes the descriptor and the bytes. Return: 0, SSH_SHARE_CALL_E_LOST: it makes no sense. */
static int take_result(const SshOrder *order, SshShareMessage *done, int fd, SshResult *ret,
                       pyrope_status *ret_status, pyrope_error **error)
{
        CLEANUP(closep) int taken = fd;
        Buffer text = BUFFER_INIT(SSH_OUTPUT_MAX_BYTES + 1);

        *ret_status = known_status(done->status);
        if (*ret_status) {
                (void)error_set(error, *ret_status, "%s",
                                done->text ? done->text : pyrope_strerror(*ret_status));
                return 0;
        }
        if (!order->is_collected && fd < 0)
                return SSH_SHARE_CALL_E_LOST;
        if (!order->is_collected) {
                *ret = (SshResult){ .fd = TAKE_FD(taken) };
                return 0;
        }
        if (!done->bytes || buffer_append(&text, done->bytes, done->n_bytes + 1)) {
                buffer_deinit(&text);
                return SSH_SHARE_CALL_E_LOST;
        }
        text.n--;
        *ret = (SshResult){ .fd = -1,
                            .output = { .text = text, .exit_status = (int)done->exit_status } };
        return 0;
}

static int fail_late(const SshShareCall *call, const SshOrder *order, pyrope_status *ret_status,
                     pyrope_error **error)
{
        *ret_status = error_set(error, PYROPE_E_TIMEOUT,
                                "%s: the agent that has the SSH sessions (process %d) does not "
                                "answer; 'kill -KILL %d' ends it, and --no-share goes without",
                                order->to.ssh, (int)call->pid, (int)call->pid);
        return 0;
}

/* Return: 0 with what came of it; SSH_SHARE_CALL_E_LOST; SSH_SHARE_CALL_E_OTHER: it cannot do that
 * for us. */
static int converse(const SshShareCall *call, const SshOrder *order, bool is_first,
                    const SshAsk *ask, SshResult *ret, pyrope_status *ret_status,
                    pyrope_error **error)
{
        const SshShareMessage asked = {
                .kind = !order->command       ? SSH_SHARE_OPEN
                        : order->is_collected ? SSH_SHARE_EXEC
                                              : SSH_SHARE_PIPE,
                .ssh = order->to.ssh,
                .path = order->to.path,
                .host = order->to.host,
                .port = order->to.port,
                .command = order->command,
                .ms = deadline_left_ms(order->deadline),
                /* Whoever types a command has perhaps mended what was wrong before. */
                .is_fresh = is_first,
                .is_askable = ask->fn && (!ask->can || ask->can(ask->userdata)),
        };
        int r;

        r = ssh_share_call_say(call, &asked, -1, order->deadline);
        while (!r) {
                CLEANUP(ssh_share_message_deinit) SshShareMessage said = { 0 };
                int fd = -1;

                r = ssh_share_call_hear(call, order->deadline, &said, &fd);
                if (!r && said.kind == SSH_SHARE_DONE && said.is_other)
                        return SSH_SHARE_CALL_E_OTHER;
                if (!r && said.kind == SSH_SHARE_DONE)
                        return take_result(order, &said, fd, ret, ret_status, error);
                closep(&fd);
                if (!r)
                        r = said.kind == SSH_SHARE_ASK ? answer_question(call, &said, ask)
                                                       : SSH_SHARE_CALL_E_LOST;
        }
        if (r == SSH_SHARE_CALL_E_LATE)
                return fail_late(call, order, ret_status, error);
        return r;
}

/* A command that sshd does not run in a session which is shared may still run in another one: a
 * session has only so many commands (MaxSessions). */
static bool may_do_without(const SshOrder *order, pyrope_status status)
{
        return order->command && status == PYROPE_E_DENIED;
}

int ssh_share_run(SshShare *share, const SshOrder *order, const SshAsk *ask, SshResult *ret,
                  pyrope_status *ret_status, pyrope_error **error)
{
        bool is_first = !atomic_exchange(&share->has_ordered, true);

        for (unsigned i = 0; i < ATTEMPTS; i++) {
                CLEANUP(ssh_share_call_close) SshShareCall call = SSH_SHARE_CALL_INIT;
                CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
                int r;

                if (connect_agent(share, order->deadline, &call))
                        return SSH_SHARE_E_WITHOUT;
                r = converse(&call, order, is_first, ask, ret, ret_status, &why);
                if (r == SSH_SHARE_CALL_E_LOST)
                        continue;
                if (r || may_do_without(order, *ret_status))
                        return SSH_SHARE_E_WITHOUT;
                if (*ret_status && error)
                        *error = TAKE(why);
                return 0;
        }
        return SSH_SHARE_E_WITHOUT;
}

/* -- what is joined ---------------------------------------------------------------------------- */

static void *listen_to(void *userdata)
{
        Group *group = userdata;
        int r = 0;

        while (!r) {
                CLEANUP(ssh_share_message_deinit) SshShareMessage said = { 0 };

                r = ssh_share_call_hear(&group->call, DEADLINE_NONE, &said, NULL);
                if (!r && said.kind == SSH_SHARE_DONE && group->on_refused)
                        group->on_refused(group->userdata, known_status(said.status),
                                          said.text ? said.text : "");
        }
        atomic_store(&group->is_dead, true);
        return NULL;
}

static void group_free(Group *group)
{
        (void)shutdown(group->call.fd, SHUT_RDWR);
        (void)pthread_join(group->thread, NULL);
        ssh_share_call_close(&group->call);
        free(group);
}

/* With the lock held. Return: NULL: without. */
static Group *group_new(SshShare *share, const SshJoin *join)
{
        CLEANUP(ssh_share_call_close) SshShareCall call = SSH_SHARE_CALL_INIT;
        Group *group;

        if (connect_agent(share, join->deadline, &call))
                return NULL;
        group = calloc(1, sizeof(*group));
        if (!group)
                return NULL;
        *group = (Group){ .id = join->group,
                          .call = call,
                          .on_refused = join->on_refused,
                          .userdata = join->userdata };
        if (thread_start(&group->thread, listen_to, group)) {
                free(group);
                return NULL;
        }
        call.fd = -1;
        group->next = share->groups;
        share->groups = group;
        return group;
}

/* Takes it out of the list; with the lock held. */
static Group *take_group(SshShare *share, uint64_t id)
{
        Group **at = &share->groups, *group;

        while ((group = *at) && group->id != id)
                at = &group->next;
        if (group)
                *at = group->next;
        return group;
}

/* One that has an agent; with the lock held. */
static Group *find_group(SshShare *share, const SshJoin *join)
{
        Group *group = take_group(share, join->group);

        if (group && atomic_load(&group->is_dead)) {
                group_free(group);
                group = NULL;
        }
        if (!group)
                return group_new(share, join);
        group->next = share->groups;
        share->groups = group;
        return group;
}

/* With the lock held. */
static int send_joined(SshShare *share, const SshShareMessage *message, int fd, const SshJoin *join)
{
        Group *group = find_group(share, join);

        if (!group)
                return SSH_SHARE_E_WITHOUT;
        /* Whoever joins does not wait, and an agent that takes nothing is as good as none. */
        if (ssh_share_call_say(&group->call, message, fd, deadline_in(0)) == 0)
                return 0;
        group_free(take_group(share, join->group));
        return SSH_SHARE_E_WITHOUT;
}

int ssh_share_join(SshShare *share, const Location *to, int fd, const SshJoin *join)
{
        const SshShareMessage message = { .kind = SSH_SHARE_JOIN,
                                          .ssh = to->ssh,
                                          .path = to->path,
                                          .host = to->host,
                                          .port = to->port,
                                          .ms = deadline_left_ms(join->deadline) };
        int r = SSH_SHARE_E_WITHOUT;

        (void)pthread_mutex_lock(&share->lock);
        for (unsigned i = 0; i < ATTEMPTS && r; i++)
                r = send_joined(share, &message, fd, join);
        (void)pthread_mutex_unlock(&share->lock);
        if (!r)
                (void)close(fd); /* the agent has it now */
        return r;
}

void ssh_share_leave(SshShare *share, uint64_t id)
{
        Group *group;

        (void)pthread_mutex_lock(&share->lock);
        group = take_group(share, id);
        (void)pthread_mutex_unlock(&share->lock);
        if (group)
                group_free(group);
}

/* -- life -------------------------------------------------------------------------------------- */

int ssh_share_new(const char *config_file, SshBackend backend, const char *runtime_dir,
                  SshShare **ret)
{
        SshShare *share = calloc(1, sizeof(*share));
        int r;

        if (!share)
                return -ENOMEM;
        (void)pthread_mutex_init(&share->lock, NULL); /* glibc's cannot fail */
        r = ssh_share_place_init(config_file, backend, &share->place);
        if (!r && runtime_dir && !(share->runtime_dir = strdup(runtime_dir)))
                r = -ENOMEM;
        if (r)
                (void)ssh_share_free(share);
        else
                *ret = share;
        return r;
}

SshShare *ssh_share_free(SshShare *share)
{
        if (!share)
                return NULL;
        while (share->groups) {
                Group *group = share->groups;

                share->groups = group->next;
                group_free(group);
        }
        (void)pthread_mutex_destroy(&share->lock);
        ssh_share_place_deinit(&share->place);
        free(share->runtime_dir);
        free(share);
        return NULL;
}
