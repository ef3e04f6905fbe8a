/* SPDX-License-Identifier: MIT */

/* Peers of a running daemon that allow it only some of a large answer at once. */

#include "broker/daemon.h"
#include "proto/credit.h"

#include "tests/unit/busy-daemon.h"
#include "tests/unit/unit.h"

#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define N_FILL   1000000
#define N_ANSWER (FRAME_HEADER_SIZE + 5u + N_FILL) /* bytes of the frame */
#define N_FIRST  100000u                           /* allowed by the request; any socket takes it */
#define N_MANY   24u                               /* more than workers, less than the quota */

/* A frame whose annotations are @notes. */
static void send_beside(WireClient *client, const Buffer *plain, const void *notes, size_t n_notes)
{
        CLEANUP(buffer_deinit) Buffer frame = BUFFER_INIT(SIZE_MAX);
        uint8_t bytes[FRAME_HEADER_SIZE];
        FrameHeader header;

        ck_assert_int_eq(frame_header_parse(plain->data, plain->n, UINT64_MAX, &header), 0);
        header.n_annotations = (uint32_t)n_notes;
        frame_header_write(&header, bytes);
        ck_assert_int_eq(buffer_append(&frame, bytes, sizeof(bytes)), 0);
        ck_assert_int_eq(buffer_append(&frame, notes, n_notes), 0);
        ck_assert_int_eq(buffer_append(&frame, plain->data + FRAME_HEADER_SIZE,
                                       plain->n - FRAME_HEADER_SIZE),
                         0);
        wire_send_bytes(client, frame.data, frame.n);
}

/* Shakes hands with @notes. Return: whether the daemon will be paced. */
static bool shake_hands(WireClient *client, const void *notes, size_t n_notes)
{
        CLEANUP(buffer_deinit) Buffer frame = BUFFER_INIT(SIZE_MAX);
        uint8_t bytes[4096];
        FrameHeader header;

        *client = wire_connect(busy.path);
        wire_frame(&frame, FRAME_CONNECT, 0, 0, "{s:s,s:s}", "handshake", "hello", "object", "a");
        send_beside(client, &frame, notes, n_notes);
        ck_assert(wire_receive_bytes(client, bytes, FRAME_HEADER_SIZE));
        ck_assert_int_eq(frame_header_parse(bytes, FRAME_HEADER_SIZE, sizeof(bytes), &header), 0);
        ck_assert_int_eq(header.type, FRAME_CONNECTOK);
        ck_assert(wire_receive_bytes(client, bytes, header.n_annotations + header.n_payload));
        return credit_is_offered(bytes, header.n_annotations);
}

static WireClient open_paced(void)
{
        WireClient client;

        ck_assert(shake_hands(&client, credit_offer, sizeof(credit_offer)));
        return client;
}

static void ask_beside(WireClient *client, int n, const void *notes, size_t n_notes)
{
        CLEANUP(buffer_deinit) Buffer frame = BUFFER_INIT(SIZE_MAX);

        wire_frame(&frame, FRAME_INVOKE, 0, ++client->seq, "[ss[i]n]", "all", "fill", n);
        send_beside(client, &frame, notes, n_notes);
}

static void ask(WireClient *client, uint64_t n_allowed)
{
        uint8_t chunk[CREDIT_CHUNK_SIZE];

        credit_write(n_allowed, chunk);
        ask_beside(client, N_FILL, chunk, sizeof(chunk));
}

static void allow(WireClient *client, uint16_t seq, uint64_t n_allowed)
{
        uint8_t frame[CREDIT_FRAME_SIZE];

        credit_frame_write(seq, n_allowed, frame);
        wire_send_bytes(client, frame, sizeof(frame));
}

static int n_there(const WireClient *client)
{
        int n = 0;

        ck_assert_int_eq(ioctl(client->fd, FIONREAD, &n), 0);
        return n;
}

/* How many peers are in the epoll set with an answer that is not out: they have a deadline. */
static size_t n_held(void)
{
        PeerTable *table = &busy.daemon->peers;
        size_t n = 0;

        pthread_mutex_lock(&table->lock);
        for (size_t i = 0; i < table->n_slots; i++) {
                Peer *peer = table->peers[i];

                if (peer && atomic_load(&peer->is_armed) &&
                    atomic_load(&peer->deadline) != INT64_MAX)
                        n++;
        }
        pthread_mutex_unlock(&table->lock);
        return n;
}

/* The client has just so much to read, and its peer is held. */
static void await_held(const WireClient *client, uint64_t n)
{
        while ((uint64_t)n_there(client) < n || n_held() == 0)
                poll(NULL, 0, 1);
        ck_assert_uint_eq((uint64_t)n_there(client), n);
}

static WireClient held(void)
{
        WireClient client = open_paced();

        ask(&client, N_FIRST);
        await_held(&client, N_FIRST);
        return client;
}

static void expect_whole(WireClient *client, uint16_t seq)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };

        ck_assert(wire_receive(client, &answer));
        ck_assert_int_eq(answer.header.type, FRAME_RESULT);
        ck_assert_uint_eq(answer.header.seq, seq);
        ck_assert_uint_eq(pyrope_count(answer.payload), N_FILL);
        ck_assert_uint_eq(answer.bytes.data[answer.bytes.n - 1], (N_FILL - 1) & 0xff);
}

/* It goes on as if nothing had been, and is left. */
static void expect_echo_and_close(WireClient *client)
{
        busy_expect_echo(client, "a", 5);
        wire_close(client);
}

/* -- credits ---------------------------------------------------------------------------------- */

START_TEST(no_more_is_sent_than_is_allowed)
{
        WireClient client = held();

        allow(&client, client.seq, N_FIRST + 1);
        await_held(&client, N_FIRST + 1);
        allow(&client, client.seq, N_FIRST + 50000);
        await_held(&client, N_FIRST + 50000);
        allow(&client, client.seq, UINT64_MAX);
        expect_whole(&client, client.seq);
        expect_echo_and_close(&client);
}
END_TEST

START_TEST(what_shrinks_or_is_of_another_answer_counts_for_nothing)
{
        WireClient client = held();

        allow(&client, client.seq, 0);
        allow(&client, client.seq, N_FIRST);
        allow(&client, (uint16_t)(client.seq - 1), UINT64_MAX);
        allow(&client, client.seq, N_FIRST + 1);
        await_held(&client, N_FIRST + 1);
        allow(&client, client.seq, N_ANSWER);
        expect_whole(&client, client.seq);
        expect_echo_and_close(&client);
}
END_TEST

START_TEST(a_request_may_allow_nothing)
{
        WireClient client = open_paced();

        ask(&client, 0);
        await_held(&client, 0);
        allow(&client, client.seq, N_ANSWER - 1);
        while (n_there(&client) < 1)
                poll(NULL, 0, 1);
        allow(&client, client.seq, N_ANSWER);
        expect_whole(&client, client.seq);
        expect_echo_and_close(&client);
}
END_TEST

START_TEST(credits_that_are_there_before_the_answer_count)
{
        CLEANUP(buffer_deinit) Buffer frame = BUFFER_INIT(SIZE_MAX);
        uint8_t credit[CREDIT_FRAME_SIZE];
        WireClient client = open_paced();
        WireClient other = busy_open("all");

        wire_invoke(&other, 0, "a", "hold", "[i]", 1);
        busy_wait(&busy.entered);
        client.seq = 1;
        wire_frame(&frame, FRAME_INVOKE, 0, 1, "[ss[i]n]", "a", "fill", N_FILL);
        credit_write(N_FIRST, credit);
        send_beside(&client, &frame, credit, CREDIT_CHUNK_SIZE);
        allow(&client, 1, N_FIRST + 1);
        allow(&client, 1, N_ANSWER);
        sem_post(&busy.released);
        expect_whole(&client, 1);
        wire_expect_int(&other, 1);
        wire_close(&other);
        expect_echo_and_close(&client);
}
END_TEST

START_TEST(a_credit_may_come_byte_by_byte)
{
        uint8_t frame[CREDIT_FRAME_SIZE];
        WireClient client = held();

        credit_frame_write(client.seq, N_ANSWER, frame);
        for (size_t i = 0; i < sizeof(frame); i++)
                wire_send_bytes(&client, frame + i, 1);
        expect_whole(&client, client.seq);
        expect_echo_and_close(&client);
}
END_TEST

START_TEST(one_that_comes_late_is_not_answered)
{
        WireClient client = held();

        allow(&client, client.seq, N_ANSWER);
        expect_whole(&client, client.seq);
        allow(&client, client.seq, N_ANSWER + 1);
        expect_echo_and_close(&client);
}
END_TEST

START_TEST(one_of_another_size_ends_the_conversation)
{
        static const uint8_t notes[] = "PACE\0\0\0\4\0\0\0\1";
        WireClient client = open_paced();

        ask_beside(&client, 1, notes, sizeof(notes) - 1);
        wire_expect_end(&client);
        wire_close(&client);
}
END_TEST

START_TEST(the_same_as_a_credit_after_the_answer)
{
        CLEANUP(buffer_deinit) Buffer ping = BUFFER_INIT(SIZE_MAX);
        static const uint8_t notes[] = "PACE\0\0\0\4\0\0\0\1";
        WireClient client = held();

        wire_frame(&ping, FRAME_PING, 0, client.seq, "n");
        send_beside(&client, &ping, notes, sizeof(notes) - 1);
        expect_whole(&client, client.seq);
        wire_expect_end(&client);
        wire_close(&client);
}
END_TEST

/* -- who does not ask for it ------------------------------------------------------------------ */

START_TEST(who_offered_nothing_is_not_paced)
{
        static const uint8_t strange[] = "PACE\0\0\0\1x";
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        WireClient client;

        ck_assert(!shake_hands(&client, strange, _i == 0 ? 0 : sizeof(strange) - 1));
        ask(&client, N_FIRST);
        expect_whole(&client, client.seq);
        allow(&client, client.seq, N_ANSWER);
        ck_assert(wire_receive(&client, &answer));
        ck_assert_int_eq(answer.header.type, FRAME_PING);
        ask_beside(&client, N_FILL, strange, sizeof(strange) - 1);
        expect_whole(&client, client.seq);
        expect_echo_and_close(&client);
}
END_TEST

START_TEST(a_request_without_a_number_is_answered_at_once)
{
        WireClient client = open_paced();

        ask_beside(&client, N_FILL, NULL, 0);
        expect_whole(&client, client.seq);
        expect_echo_and_close(&client);
}
END_TEST

START_TEST(a_small_answer_is_not_held_back)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        uint8_t chunk[CREDIT_CHUNK_SIZE];
        WireClient client = open_paced();

        credit_write(0, chunk);
        ask_beside(&client, 1000, chunk, sizeof(chunk));
        ck_assert(wire_receive(&client, &answer));
        ck_assert_uint_eq(pyrope_count(answer.payload), 1000);
        expect_echo_and_close(&client);
}
END_TEST

/* -- what else may come meanwhile ------------------------------------------------------------- */

START_TEST(another_request_lets_the_answer_go)
{
        WireClient client = held();
        uint16_t seq = client.seq;

        wire_invoke(&client, 0, "a", "echo", "[i]", 3);
        expect_whole(&client, seq);
        wire_expect_int(&client, 3);
        expect_echo_and_close(&client);
}
END_TEST

START_TEST(one_of_which_only_the_header_is_there_does_too)
{
        CLEANUP(buffer_deinit) Buffer frame = BUFFER_INIT(SIZE_MAX);
        static const char zeroes[200000];
        WireClient client = held();

        wire_frame(&frame, FRAME_INVOKE, 0, (uint16_t)(client.seq + 1), "[ss[y]n]", "a", "size",
                   zeroes, sizeof(zeroes));
        wire_send_bytes(&client, frame.data, FRAME_HEADER_SIZE);
        expect_whole(&client, client.seq);
        wire_send_bytes(&client, frame.data + FRAME_HEADER_SIZE, frame.n - FRAME_HEADER_SIZE);
        client.seq++;
        wire_expect_int(&client, sizeof(zeroes));
        expect_echo_and_close(&client);
}
END_TEST

START_TEST(a_ping_is_answered_after_the_answer)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        CLEANUP(buffer_deinit) Buffer ping = BUFFER_INIT(SIZE_MAX);
        WireClient client = held();

        wire_frame(&ping, FRAME_PING, 0, 77, "n");
        wire_send_bytes(&client, ping.data, ping.n);
        expect_whole(&client, client.seq);
        ck_assert(wire_receive(&client, &answer));
        ck_assert_int_eq(answer.header.type, FRAME_PING);
        ck_assert_uint_eq(answer.header.seq, 77);
        expect_echo_and_close(&client);
}
END_TEST

START_TEST(rubbish_ends_the_conversation_after_the_answer)
{
        WireClient client = held();

        wire_send_bytes(&client, "rubbish", 7);
        expect_whole(&client, client.seq);
        wire_expect_end(&client);
        wire_close(&client);
}
END_TEST

START_TEST(who_says_that_he_says_no_more_gets_the_rest)
{
        WireClient client = held();

        ck_assert_int_eq(shutdown(client.fd, SHUT_WR), 0);
        expect_whole(&client, client.seq);
        wire_expect_end(&client);
        wire_close(&client);
}
END_TEST

START_TEST(an_answer_that_is_held_counts_for_the_quota_until_its_peer_is_gone)
{
        Quota *quota = &busy.daemon->quota;
        WireClient client = held();

        pthread_mutex_lock(&quota->lock);
        ck_assert_uint_ge(quota->max[QUOTA_BYTES] - quota->users->left[QUOTA_BYTES], N_ANSWER);
        pthread_mutex_unlock(&quota->lock);
        wire_close(&client);
        while (!quota_is_idle(quota))
                poll(NULL, 0, 1);
}
END_TEST

START_TEST(many_that_are_held_keep_no_worker)
{
        WireClient clients[N_MANY];
        WireClient other;

        for (size_t i = 0; i < N_MANY; i++) {
                clients[i] = open_paced();
                ask(&clients[i], N_FIRST);
        }
        while (n_held() < N_MANY)
                poll(NULL, 0, 1);
        other = busy_open("a");
        busy_expect_echo(&other, "a", 1);
        for (size_t i = 0; i < N_MANY; i++) {
                ck_assert_int_eq(n_there(&clients[i]), N_FIRST);
                allow(&clients[i], clients[i].seq, N_ANSWER);
        }
        for (size_t i = 0; i < N_MANY; i++) {
                expect_whole(&clients[i], clients[i].seq);
                expect_echo_and_close(&clients[i]);
        }
        expect_echo_and_close(&other);
}
END_TEST

START_TEST(a_daemon_that_stops_sends_what_it_holds_back)
{
        WireClient client = held();

        pyrope_daemon_stop(busy.daemon);
        expect_whole(&client, client.seq);
        wire_expect_end(&client);
        ck_assert_int_eq(pyrope_daemon_wait(busy.daemon, 60000), PYROPE_OK);
        wire_close(&client);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("worker-pace");
        TCase *credits = tcase_create("credits");
        TCase *others = tcase_create("others");

        tcase_add_checked_fixture(credits, busy_setup, busy_teardown);
        tcase_add_test(credits, no_more_is_sent_than_is_allowed);
        tcase_add_test(credits, what_shrinks_or_is_of_another_answer_counts_for_nothing);
        tcase_add_test(credits, a_request_may_allow_nothing);
        tcase_add_test(credits, credits_that_are_there_before_the_answer_count);
        tcase_add_test(credits, a_credit_may_come_byte_by_byte);
        tcase_add_test(credits, one_that_comes_late_is_not_answered);
        tcase_add_test(credits, one_of_another_size_ends_the_conversation);
        tcase_add_test(credits, the_same_as_a_credit_after_the_answer);
        tcase_add_checked_fixture(others, busy_setup, busy_teardown);
        tcase_add_loop_test(others, who_offered_nothing_is_not_paced, 0, 2);
        tcase_add_test(others, a_request_without_a_number_is_answered_at_once);
        tcase_add_test(others, a_small_answer_is_not_held_back);
        tcase_add_test(others, another_request_lets_the_answer_go);
        tcase_add_test(others, one_of_which_only_the_header_is_there_does_too);
        tcase_add_test(others, a_ping_is_answered_after_the_answer);
        tcase_add_test(others, rubbish_ends_the_conversation_after_the_answer);
        tcase_add_test(others, who_says_that_he_says_no_more_gets_the_rest);
        tcase_add_test(others, an_answer_that_is_held_counts_for_the_quota_until_its_peer_is_gone);
        tcase_add_test(others, many_that_are_held_keep_no_worker);
        tcase_add_test(others, a_daemon_that_stops_sends_what_it_holds_back);
        suite_add_tcase(suite, credits);
        suite_add_tcase(suite, others);
        return unit_run(suite);
}
