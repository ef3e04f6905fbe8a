/* SPDX-License-Identifier: MIT */

/*
 * What unpacks is packed, and that unpacks and is packed to the same bytes; it is never longer than
 * what came, and no text of it is above its limit.
 */

#include "client/ssh/share-message.h"

#include "tests/fuzz/fuzz.h"

static void check_text(const char *text)
{
        PROPERTY(!text || strlen(text) <= SSH_SHARE_TEXT_MAX_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(ssh_share_message_deinit) SshShareMessage message = { 0 };
        CLEANUP(ssh_share_message_deinit) SshShareMessage again = { 0 };
        CLEANUP(buffer_deinit) Buffer packed = BUFFER_INIT(SIZE_MAX);
        CLEANUP(buffer_deinit) Buffer repacked = BUFFER_INIT(SIZE_MAX);

        if (ssh_share_message_unpack(data, size, &message))
                return 0;
        check_text(message.ssh);
        check_text(message.text);
        PROPERTY(message.kind < SSH_SHARE_N);
        PROPERTY(ssh_share_message_pack(&message, &packed) == 0);
        PROPERTY(packed.n <= size);
        PROPERTY(ssh_share_message_unpack(packed.data, packed.n, &again) == 0);
        PROPERTY(ssh_share_message_pack(&again, &repacked) == 0);
        PROPERTY(repacked.n == packed.n && memcmp(repacked.data, packed.data, packed.n) == 0);
        return 0;
}
