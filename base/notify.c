/* SPDX-License-Identifier: MIT */

#include "base/notify.h"

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

/* A path, or after '@' a name in the abstract space: the one that others bound there is systemd's
 * to choose, not ours. Return: how long the address is; 0 if it is none. */
static socklen_t parse_address(const char *text, struct sockaddr_un *ret)
{
        size_t n = strlen(text);

        if ((text[0] != '/' && text[0] != '@') || n < 2 || n >= sizeof(ret->sun_path))
                return 0;
        *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
        memcpy(ret->sun_path, text, n);
        if (text[0] == '@')
                ret->sun_path[0] = '\0';
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

void notify_send(const char *format, ...)
{
        CLEANUP(closep) int fd = -1;
        const char *where = getenv("NOTIFY_SOCKET");
        struct sockaddr_un address;
        char text[NOTIFY_SIZE];
        va_list arguments;
        socklen_t n;

        if (!where)
                return;
        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        n = parse_address(where, &address);
        fd = n ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
        if (fd < 0 || sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
                             (struct sockaddr *)&address, n) < 0)
                log_debug("NOTIFY_SOCKET=%s cannot be told: %s", where,
                          n ? strerror(errno) : "neither a path nor @name");
}

uint64_t notify_now_us(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
