/* SPDX-License-Identifier: MIT */

#include "base/unix-message.h"

#include "base/error.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define PASSED_MAX 4u /* more in one piece are closed by the kernel */

typedef union Control {
        char bytes[CMSG_SPACE(PASSED_MAX * sizeof(int))];
        struct cmsghdr header; /* aligned as it has to be */
} Control;

/* Return: 0, UNIX_MESSAGE_E_TIMEOUT, -errno. */
static int wait_for(int fd, short events, Deadline deadline)
{
        struct pollfd polled = { .fd = fd, .events = events };
        int n;

        do {
                n = poll(&polled, 1, deadline_left_ms(deadline));
                if (n < 0 && errno != EINTR)
                        return error_origin(-errno);
        } while (n <= 0 && !deadline_passed(deadline));
        return n > 0 ? 0 : UNIX_MESSAGE_E_TIMEOUT;
}

/* What the kernel said of a send or receive. Return: 0: try again; as those functions. */
static int outcome(int fd, short events, Deadline deadline)
{
        switch (errno) {
        case EINTR:
                return 0;
        case EAGAIN:
                return wait_for(fd, events, deadline);
        case EPIPE:
        case ECONNRESET:
                return UNIX_MESSAGE_E_ENDED;
        default:
                return error_origin(-errno);
        }
}

/* -- sending ----------------------------------------------------------------------------------- */

/* The descriptor goes with the first piece. */
static void attach(struct msghdr *message, Control *control, int passed_fd)
{
        struct cmsghdr *header;

        message->msg_control = control->bytes;
        message->msg_controllen = CMSG_SPACE(sizeof(int));
        header = CMSG_FIRSTHDR(message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &passed_fd, sizeof(int));
}

static void advance(struct msghdr *message, size_t n)
{
        message->msg_control = NULL;
        message->msg_controllen = 0;
        while (n) {
                size_t n_here = n < message->msg_iov->iov_len ? n : message->msg_iov->iov_len;

                message->msg_iov->iov_base = (char *)message->msg_iov->iov_base + n_here;
                message->msg_iov->iov_len -= n_here;
                n -= n_here;
                if (n) {
                        message->msg_iov++;
                        message->msg_iovlen--;
                }
        }
}

int unix_message_send(int fd, const void *bytes, size_t n_bytes, int passed_fd, Deadline deadline)
{
        Control control = { .bytes = { 0 } };
        uint32_t length = htobe32((uint32_t)n_bytes);
        struct iovec pieces[] = { { &length, sizeof(length) },
                                  { (void *)(uintptr_t)bytes, n_bytes } };
        struct msghdr message = { .msg_iov = pieces, .msg_iovlen = 2 };
        size_t n_left = sizeof(length) + n_bytes;
        ssize_t n;
        int r;

        if (n_bytes > UINT32_MAX)
                return UNIX_MESSAGE_E_TOO_LARGE;
        if (passed_fd >= 0)
                attach(&message, &control, passed_fd);
        while (n_left) {
                n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0) {
                        r = outcome(fd, POLLOUT, deadline);
                        if (r)
                                return r;
                        continue;
                }
                n_left -= (size_t)n;
                advance(&message, (size_t)n);
        }
        return 0;
}

/* -- receiving --------------------------------------------------------------------------------- */

/* Of all descriptors that came the first one is kept. */
static void detach(struct msghdr *message, int *fd)
{
        for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
             header = CMSG_NXTHDR(message, header)) {
                size_t n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

                if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t i = 0; i < n; i++) {
                        int passed;

                        memcpy(&passed, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
                        if (*fd < 0)
                                *fd = passed;
                        else
                                (void)close(passed);
                }
        }
}

/* Exactly @n bytes. */
static int receive_all(int fd, void *bytes, size_t n, int *passed_fd, Deadline deadline)
{
        size_t n_got = 0;
        int r;

        while (n_got < n) {
                Control control;
                struct iovec piece = { (char *)bytes + n_got, n - n_got };
                struct msghdr message = { .msg_iov = &piece,
                                          .msg_iovlen = 1,
                                          .msg_control = control.bytes,
                                          .msg_controllen = sizeof(control.bytes) };
                ssize_t n_now = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

                if (n_now == 0)
                        return UNIX_MESSAGE_E_ENDED;
                if (n_now < 0) {
                        r = outcome(fd, POLLIN, deadline);
                        if (r)
                                return r;
                        continue;
                }
                detach(&message, passed_fd);
                n_got += (size_t)n_now;
        }
        return 0;
}

int unix_message_receive(int fd, Deadline deadline, Buffer *ret, int *ret_fd)
{
        CLEANUP(closep) int passed_fd = -1;
        uint32_t length;
        int r;

        buffer_clear(ret);
        r = receive_all(fd, &length, sizeof(length), &passed_fd, deadline);
        if (r)
                return r;
        length = be32toh(length);
        if (length > ret->n_max)
                return UNIX_MESSAGE_E_TOO_LARGE;
        r = buffer_reserve(ret, length);
        if (!r)
                r = receive_all(fd, ret->data, length, &passed_fd, deadline);
        if (r)
                return r;
        ret->n = length;
        if (ret_fd)
                *ret_fd = TAKE_FD(passed_fd);
        return 0;
}
