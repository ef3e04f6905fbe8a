/* SPDX-License-Identifier: MIT */

#include "client/ssh/share-message.h"

#include "proto/codec.h"

#include <errno.h>
#include <stddef.h>

typedef enum FieldType { FIELD_TEXT, FIELD_BYTES, FIELD_NUMBER, FIELD_FLAG } FieldType;

/* A member: its key is its name. */
typedef struct Field {
        const char *name;
        FieldType type;
        size_t offset;
        int64_t min, max; /* of a number */
} Field;

#define MEMBER(member) .name = #member, .offset = offsetof(SshShareMessage, member)

typedef enum FieldIndex {
        VERSION,
        KEY,
        SSH,
        PATH,
        HOST,
        COMMAND,
        TEXT,
        INSTRUCTION,
        PROMPT,
        BYTES,
        PORT,
        MS,
        STATUS,
        EXIT_STATUS,
        PID,
        ID,
        ASKABLE,
        FRESH,
        ECHOED,
        OTHER,
        N_FIELDS,
} FieldIndex;

static const Field fields[N_FIELDS] = {
        [VERSION] = { MEMBER(version), .type = FIELD_TEXT },
        [KEY] = { MEMBER(key), .type = FIELD_TEXT },
        [SSH] = { MEMBER(ssh), .type = FIELD_TEXT },
        [PATH] = { MEMBER(path), .type = FIELD_TEXT },
        [HOST] = { MEMBER(host), .type = FIELD_TEXT },
        [COMMAND] = { MEMBER(command), .type = FIELD_TEXT },
        [TEXT] = { MEMBER(text), .type = FIELD_TEXT },
        [INSTRUCTION] = { MEMBER(instruction), .type = FIELD_TEXT },
        [PROMPT] = { MEMBER(prompt), .type = FIELD_TEXT },
        [BYTES] = { MEMBER(bytes), .type = FIELD_BYTES },
        [PORT] = { MEMBER(port), .type = FIELD_NUMBER, .max = UINT16_MAX },
        [MS] = { MEMBER(ms), .type = FIELD_NUMBER, .min = -1, .max = INT32_MAX },
        [STATUS] = { MEMBER(status), .type = FIELD_NUMBER, .max = UINT8_MAX },
        [EXIT_STATUS] = { MEMBER(exit_status), .type = FIELD_NUMBER, .max = UINT16_MAX },
        [PID] = { MEMBER(pid), .type = FIELD_NUMBER, .max = INT32_MAX },
        [ID] = { MEMBER(id), .type = FIELD_NUMBER, .max = INT64_MAX },
        [ASKABLE] = { MEMBER(is_askable), .type = FIELD_FLAG },
        [FRESH] = { MEMBER(is_fresh), .type = FIELD_FLAG },
        [ECHOED] = { MEMBER(is_echoed), .type = FIELD_FLAG },
        [OTHER] = { MEMBER(is_other), .type = FIELD_FLAG },
};

#define BIT(index) (1u << (index))

/* What a kind has, and of this what must not be missing. */
static const struct {
        const char *name;
        unsigned allowed;
        unsigned required;
} kinds[SSH_SHARE_N] = {
        [SSH_SHARE_HELLO] = { "hello", BIT(VERSION) | BIT(KEY), BIT(VERSION) | BIT(KEY) },
        [SSH_SHARE_WELCOME] = { "welcome", BIT(VERSION) | BIT(PID) | BIT(OTHER), BIT(VERSION) },
        [SSH_SHARE_OPEN] = { "open",
                             BIT(SSH) | BIT(PATH) | BIT(HOST) | BIT(PORT) | BIT(MS) | BIT(ASKABLE) |
                                     BIT(FRESH),
                             BIT(SSH) },
        [SSH_SHARE_PIPE] = { "pipe", BIT(SSH) | BIT(COMMAND) | BIT(MS) | BIT(ASKABLE) | BIT(FRESH),
                             BIT(SSH) | BIT(COMMAND) },
        [SSH_SHARE_EXEC] = { "exec", BIT(SSH) | BIT(COMMAND) | BIT(MS) | BIT(ASKABLE) | BIT(FRESH),
                             BIT(SSH) | BIT(COMMAND) },
        [SSH_SHARE_JOIN] = { "join", BIT(SSH) | BIT(PATH) | BIT(HOST) | BIT(PORT) | BIT(MS),
                             BIT(SSH) },
        [SSH_SHARE_DONE] = { "done",
                             BIT(STATUS) | BIT(TEXT) | BIT(BYTES) | BIT(EXIT_STATUS) | BIT(OTHER),
                             0 },
        [SSH_SHARE_ASK] = { "ask",
                            BIT(ID) | BIT(HOST) | BIT(INSTRUCTION) | BIT(PROMPT) | BIT(ECHOED) |
                                    BIT(MS),
                            BIT(HOST) | BIT(PROMPT) },
        [SSH_SHARE_ANSWER] = { "answer", BIT(ID) | BIT(STATUS) | BIT(TEXT), 0 },
        [SSH_SHARE_SURVEY] = { "survey", 0, 0 },
        [SSH_SHARE_STATE] = { "state", BIT(BYTES), BIT(BYTES) },
};

static const void *at(const SshShareMessage *message, const Field *field)
{
        return (const char *)message + field->offset;
}

static bool is_set(const SshShareMessage *message, const Field *field)
{
        switch (field->type) {
        case FIELD_TEXT:
        case FIELD_BYTES:
                return *(const char *const *)at(message, field);
        case FIELD_NUMBER:
                return *(const int64_t *)at(message, field);
        case FIELD_FLAG:
                return *(const bool *)at(message, field);
        }
        return false;
}

static unsigned fields_of(const SshShareMessage *message)
{
        unsigned mask = 0;

        for (size_t i = 0; i < N_FIELDS; i++) {
                if (is_set(message, &fields[i]))
                        mask |= BIT(i);
        }
        return mask;
}

/* -- packing ----------------------------------------------------------------------------------- */

static int pack_field(const SshShareMessage *message, const Field *field, Buffer *out)
{
        const char *text;

        switch (field->type) {
        case FIELD_TEXT:
                text = *(const char *const *)at(message, field);
                if (strlen(text) > SSH_SHARE_TEXT_MAX_BYTES)
                        return -EMSGSIZE;
                return codec_pack_str(out, text, strlen(text));
        case FIELD_BYTES:
                if (message->n_bytes > SSH_SHARE_BYTES_MAX)
                        return -EMSGSIZE;
                return codec_pack_bytes(out, message->bytes, message->n_bytes);
        case FIELD_NUMBER:
                return codec_pack_int(out, *(const int64_t *)at(message, field));
        case FIELD_FLAG:
                return codec_pack_bool(out, true);
        }
        return -EINVAL;
}

/* More than it takes. */
static size_t room_for(const SshShareMessage *message, unsigned mask)
{
        size_t n = 64;

        for (size_t i = 0; i < N_FIELDS; i++) {
                if (!(mask & BIT(i)))
                        continue;
                n += strlen(fields[i].name) + 16;
                if (fields[i].type == FIELD_TEXT)
                        n += strlen(*(const char *const *)at(message, &fields[i]));
                else if (fields[i].type == FIELD_BYTES)
                        n += message->n_bytes;
        }
        return n;
}

int ssh_share_message_pack(const SshShareMessage *message, Buffer *out)
{
        unsigned mask = fields_of(message) & kinds[message->kind].allowed;
        const char *kind = kinds[message->kind].name;
        int r;

        r = buffer_reserve(out, room_for(message, mask));
        r = r ? r : codec_pack_map(out, 1 + (size_t)__builtin_popcount(mask));
        r = r ? r : codec_pack_str(out, "kind", 4);
        r = r ? r : codec_pack_str(out, kind, strlen(kind));
        for (size_t i = 0; i < N_FIELDS && !r; i++) {
                if (!(mask & BIT(i)))
                        continue;
                r = codec_pack_str(out, fields[i].name, strlen(fields[i].name));
                r = r ? r : pack_field(message, &fields[i], out);
        }
        return r;
}

/* -- unpacking --------------------------------------------------------------------------------- */

static int unpack_text(pyrope_view item, const char **ret)
{
        const char *text;
        size_t n;

        if (pyrope_get_str(item, &text, &n) || n > SSH_SHARE_TEXT_MAX_BYTES || memchr(text, 0, n))
                return SSH_SHARE_MESSAGE_E_INVALID;
        *ret = strndup(text, n);
        return *ret ? 0 : -ENOMEM;
}

static int unpack_bytes(pyrope_view item, SshShareMessage *message)
{
        const void *bytes;
        uint8_t *copy;
        size_t n;

        if (pyrope_get_bytes(item, &bytes, &n) || n > SSH_SHARE_BYTES_MAX)
                return SSH_SHARE_MESSAGE_E_INVALID;
        copy = malloc(n + 1);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, bytes, n);
        copy[n] = '\0';
        message->bytes = copy;
        message->n_bytes = n;
        return 0;
}

static int unpack_field(pyrope_view item, const Field *field, SshShareMessage *message)
{
        char *target = (char *)message + field->offset;
        int64_t number;
        bool flag;

        switch (field->type) {
        case FIELD_TEXT:
                return unpack_text(item, (const char **)(void *)target);
        case FIELD_BYTES:
                return unpack_bytes(item, message);
        case FIELD_NUMBER:
                if (pyrope_get_int(item, &number) || number < field->min || number > field->max ||
                    !number)
                        return SSH_SHARE_MESSAGE_E_INVALID;
                memcpy(target, &number, sizeof(number));
                return 0;
        case FIELD_FLAG:
                if (pyrope_get_bool(item, &flag) || !flag)
                        return SSH_SHARE_MESSAGE_E_INVALID;
                memcpy(target, &flag, sizeof(flag));
                return 0;
        }
        return SSH_SHARE_MESSAGE_E_INVALID;
}

static const Field *find_field(pyrope_view key)
{
        for (size_t i = 0; i < N_FIELDS; i++) {
                if (pyrope_str_equals(key, fields[i].name))
                        return &fields[i];
        }
        return NULL;
}

static int unpack_kind(pyrope_view map, SshShareKind *ret)
{
        pyrope_view kind = pyrope_find(map, "kind");

        for (size_t i = 0; i < SSH_SHARE_N; i++) {
                if (pyrope_str_equals(kind, kinds[i].name)) {
                        *ret = (SshShareKind)i;
                        return 0;
                }
        }
        return SSH_SHARE_MESSAGE_E_INVALID;
}

/* Every key is known, and stands there once. */
static int unpack_fields(pyrope_view map, SshShareMessage *message)
{
        size_t n_kinds = 0;
        pyrope_view key, item;
        int r;

        for (pyrope_iter it = pyrope_each(map); pyrope_next(&it, &key, &item);) {
                const Field *field = find_field(key);

                if (!field && pyrope_str_equals(key, "kind") && !n_kinds++)
                        continue;
                if (!field || is_set(message, field))
                        return SSH_SHARE_MESSAGE_E_INVALID;
                r = unpack_field(item, field, message);
                if (r)
                        return r;
        }
        return 0;
}

int ssh_share_message_unpack(const uint8_t *bytes, size_t n_bytes, SshShareMessage *ret)
{
        CLEANUP(ssh_share_message_deinit) SshShareMessage message = { 0 };
        unsigned mask;
        pyrope_view map;
        int r;

        if (codec_check(bytes, n_bytes, &map) || pyrope_type_of(map) != PYROPE_MAP)
                return SSH_SHARE_MESSAGE_E_INVALID;
        r = unpack_kind(map, &message.kind);
        r = r ? r : unpack_fields(map, &message);
        if (r)
                return r;
        mask = fields_of(&message);
        if (mask & ~kinds[message.kind].allowed || kinds[message.kind].required & ~mask)
                return SSH_SHARE_MESSAGE_E_INVALID;
        *ret = message;
        message = (SshShareMessage){ 0 };
        return 0;
}

void ssh_share_message_deinit(SshShareMessage *message)
{
        if (message->text)
                explicit_bzero((void *)(uintptr_t)message->text, strlen(message->text));
        for (size_t i = 0; i < N_FIELDS; i++) {
                if (fields[i].type == FIELD_TEXT || fields[i].type == FIELD_BYTES)
                        free(*(void **)(void *)((char *)message + fields[i].offset));
        }
        *message = (SshShareMessage){ 0 };
}
