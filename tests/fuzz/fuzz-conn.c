/* SPDX-License-Identifier: MIT */

/*
 * The input is all that a daemon says to a call before it hangs up. The call ends; it succeeds
 * only with a value or an item stream, and memory stays in proportion to what came. A bit that
 * daemons ignore tells whether the caller wants what is there beside the value.
 */

#include "proto/conn.h"

#include "base/text.h"
#include "proto/codec.h"
#include "proto/frame.h"
#include "proto/value.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#define INPUT_MAX 65536u /* fits into a socket's buffer, so that no thread is needed */
#define LIMIT     (1u << 20)
#define MEMORY    (4u * INPUT_MAX) /* that such an answer may take */

#define AT_RESERVED 37u /* of the header: the field that daemons leave 0 */

static void say(int fd, const uint8_t *data, size_t size)
{
        int n_buffer = 4 * INPUT_MAX;

        PROPERTY(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &n_buffer, sizeof(n_buffer)) == 0);
        if (size > 0)
                PROPERTY(send(fd, data, size, MSG_DONTWAIT) == (ssize_t)size);
        PROPERTY(shutdown(fd, SHUT_WR) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(conn_answer_deinit) ConnAnswer answer = CONN_ANSWER_INIT;
        ConnCall call = { .object = "target", .method = "echo" };
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(closep) int daemon_fd = -1;
        pyrope_status status;
        int fds[2];
        Conn conn;

        if (size > INPUT_MAX)
                return 0;
        PROPERTY(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
        conn_init(&conn, fds[0], LIMIT);
        daemon_fd = fds[1];
        say(daemon_fd, data, size);

        if (size > AT_RESERVED && data[AT_RESERVED])
                call.answer = &answer;
        if (size > 6 && data[6] == FRAME_RESULT)
                status = conn_invoke(&conn, &call, DEADLINE_NONE, &value, &error);
        else
                status = conn_connect(&conn, "target", DEADLINE_NONE, &value, &error);

        PROPERTY((status == PYROPE_OK) == (value != NULL || answer.stream_id[0] != '\0'));
        PROPERTY(text_is_utf8(answer.stream_id, strlen(answer.stream_id)));
        PROPERTY(answer.annotations.n_allocated <= MEMORY);
        if (status == PYROPE_E_REMOTE)
                (void)pyrope_error_attribute(error, "_pyroTraceback");
        PROPERTY((status == PYROPE_OK) == (error == NULL));
        PROPERTY(status != PYROPE_E_NOMEM && status != PYROPE_E_TIMEOUT);
        PROPERTY(conn.in.n_allocated <= MEMORY);
        conn_deinit(&conn);
        return 0;
}
