/* SPDX-License-Identifier: MIT */

#include "client/ssh/share-call.h"

#include "base/log.h"
#include "base/unix-message.h"
#include "base/unix-socket.h"

#include <string.h>
#include <sys/socket.h>

static pid_t pid_of(int fd)
{
        struct ucred peer;
        socklen_t n = sizeof(peer);

        return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0 ? 0 : peer.pid;
}

int ssh_share_call_open(const char *path, Deadline deadline, SshShareCall *ret)
{
        CLEANUP(closep) int fd = -1;
        uid_t uid;
        int r;

        r = unix_connect(path, deadline, &fd);
        if (r == UNIX_E_TIMEOUT)
                return SSH_SHARE_CALL_E_LATE;
        if (r || unix_peer_uid(fd, &uid) || uid != geteuid())
                return SSH_SHARE_CALL_E_NOBODY;
        ret->pid = pid_of(fd);
        ret->fd = TAKE_FD(fd);
        return 0;
}

static int outcome(int r)
{
        if (!r)
                return 0;
        return r == UNIX_MESSAGE_E_TIMEOUT ? SSH_SHARE_CALL_E_LATE : SSH_SHARE_CALL_E_LOST;
}

int ssh_share_call_say(const SshShareCall *call, const SshShareMessage *message, int passed_fd,
                       Deadline deadline)
{
        CLEANUP(buffer_deinit) Buffer packed = BUFFER_INIT(SSH_SHARE_REQUEST_MAX_BYTES);
        int r;

        if (ssh_share_message_pack(message, &packed))
                return SSH_SHARE_CALL_E_LOST;
        r = unix_message_send(call->fd, packed.data, packed.n, passed_fd, deadline);
        explicit_bzero(packed.data, packed.n); /* it may have been a secret */
        return outcome(r);
}

int ssh_share_call_hear(const SshShareCall *call, Deadline deadline, SshShareMessage *ret,
                        int *ret_fd)
{
        CLEANUP(buffer_deinit) Buffer packed = BUFFER_INIT(SSH_SHARE_MESSAGE_MAX_BYTES);
        CLEANUP(closep) int fd = -1;
        int r;

        r = outcome(unix_message_receive(call->fd, deadline, &packed, &fd));
        if (r)
                return r;
        if (ssh_share_message_unpack(packed.data, packed.n, ret))
                return SSH_SHARE_CALL_E_LOST;
        if (ret_fd)
                *ret_fd = TAKE_FD(fd);
        return 0;
}

int ssh_share_call_greet(const SshShareCall *call, const char *key, Deadline deadline)
{
        const SshShareMessage hello = { .kind = SSH_SHARE_HELLO,
                                        .version = PYROPE_VERSION,
                                        .key = key };
        CLEANUP(ssh_share_message_deinit) SshShareMessage welcome = { 0 };
        int r;

        r = ssh_share_call_say(call, &hello, -1, deadline);
        r = r ? r : ssh_share_call_hear(call, deadline, &welcome, NULL);
        if (r)
                return r;
        if (welcome.kind != SSH_SHARE_WELCOME)
                return SSH_SHARE_CALL_E_LOST;
        if (key[0] && strcmp(welcome.version, PYROPE_VERSION) != 0) {
                log_debug("the agent (process %d) is of version %s, and this is %s; "
                          "'pyrope agent --stop' ends it",
                          (int)call->pid, welcome.version, PYROPE_VERSION);
                return SSH_SHARE_CALL_E_OTHER;
        }
        return welcome.is_other ? SSH_SHARE_CALL_E_OTHER : 0;
}

void ssh_share_call_close(SshShareCall *call)
{
        closep(&call->fd);
}
