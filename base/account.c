/* SPDX-License-Identifier: MIT */

#include "base/account.h"

#include "base/text.h"

#include <grp.h>
#include <pwd.h>

#define ENTRY_SIZE 65536u           /* what one entry may need; a group has its members in it */
#define ID_MAX     (UINT32_MAX - 1) /* -1 means "no change" to the system */

/* A number is what it is, whether or not anybody has it. */
static int parse_id(const char *text, uint32_t *ret)
{
        int64_t number;

        if (text_parse_int64(text, 0, ID_MAX, &number))
                return ACCOUNT_E_UNKNOWN;
        *ret = (uint32_t)number;
        return 0;
}

int account_uid(const char *text, uid_t *ret)
{
        CLEANUP(freep) char *buffer = malloc(ENTRY_SIZE);
        struct passwd entry, *found = NULL;

        if (!buffer || getpwnam_r(text, &entry, buffer, ENTRY_SIZE, &found) || !found)
                return parse_id(text, ret);
        *ret = found->pw_uid;
        return 0;
}

int account_gid(const char *text, gid_t *ret)
{
        CLEANUP(freep) char *buffer = malloc(ENTRY_SIZE);
        struct group entry, *found = NULL;

        if (!buffer || getgrnam_r(text, &entry, buffer, ENTRY_SIZE, &found) || !found)
                return parse_id(text, ret);
        *ret = found->gr_gid;
        return 0;
}
