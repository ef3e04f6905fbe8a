/* SPDX-License-Identifier: MIT */

#include "base/zone.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define HOST_PART_MAX (ZONE_SIZE - sizeof("-00000000")) /* bytes that are left for the name */

static bool is_zone_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
}

bool zone_is_valid(const char *text)
{
        size_t n = strnlen(text, ZONE_SIZE);

        for (size_t i = 0; i < n; i++)
                if (!is_zone_char(text[i]))
                        return false;
        return n > 0 && n < ZONE_SIZE;
}

/* FNV-1a */
static uint32_t hash(const char *text)
{
        uint32_t h = 2166136261u;

        for (; *text; text++)
                h = (h ^ (uint8_t)*text) * 16777619u;
        return h;
}

void zone_make(const char *host, const char *machine_id, char ret[static ZONE_SIZE])
{
        size_t n = 0;

        for (; n < HOST_PART_MAX && host[n]; n++)
                ret[n] = is_zone_char(host[n]) ? host[n] : '-';
        (void)snprintf(ret + n, ZONE_SIZE - n, "-%08x", hash(machine_id));
}

void zone_default(char ret[static ZONE_SIZE])
{
        CLEANUP(closep) int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
        char host[HOST_NAME_MAX + 1] = "localhost";
        char id[64] = "";
        ssize_t n = 0;

        (void)gethostname(host, sizeof(host) - 1);
        /* Without the file (some containers) the name has to be enough. */
        if (fd >= 0)
                n = read(fd, id, sizeof(id) - 1);
        id[n > 0 ? n : 0] = '\0';
        id[strcspn(id, "\n")] = '\0';
        zone_make(host, id, ret);
}
