/* SPDX-License-Identifier: MIT */

#include "broker/peer-table.h"

#include "base/unix-socket.h"
#include "tests/unit/unit.h"

#include <poll.h>
#include <sys/socket.h>

static PeerTable table;
static Quota quota;

static void setup(void)
{
        quota_init(&quota, 1000);
        peer_table_init(&table);
}

static void teardown(void)
{
        peer_table_deinit(&table);
        quota_deinit(&quota);
}

/* A peer in the table; the other end of its socket. */
static Peer *add_peer(int *ret_other)
{
        char text[QUOTA_TEXT_SIZE];
        QuotaUser *user;
        int pair[2];
        Peer *peer;

        ck_assert_int_eq(unix_socketpair(pair), 0);
        ck_assert_int_eq(quota_enter(&quota, 0, &user, text), 0);
        peer = peer_new(pair[0], user, 1000);
        ck_assert_ptr_nonnull(peer);
        ck_assert_int_eq(peer_table_add(&table, peer), 0);
        *ret_other = pair[1];
        return peer;
}

static bool is_ended(int fd)
{
        char byte;

        return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

START_TEST(a_peer_that_waits_is_taken_by_its_key_once)
{
        int other;
        Peer *peer = add_peer(&other);
        uint64_t key = peer_key(peer);

        ck_assert_ptr_null(peer_table_take(&table, key)); /* it does not wait yet */
        atomic_store(&peer->is_armed, true);
        ck_assert_ptr_null(peer_table_take(&table, key + 1));
        ck_assert_ptr_null(peer_table_take(&table, key + ((uint64_t)1 << 32)));
        ck_assert_ptr_null(peer_table_take(&table, UINT32_MAX));
        ck_assert_ptr_eq(peer_table_take(&table, key), peer);
        ck_assert_ptr_null(peer_table_take(&table, key)); /* not twice */
        atomic_store(&peer->is_armed, true);
        peer_table_remove(&table, peer);
        ck_assert_ptr_null(peer_table_take(&table, key));
        peer_free(peer);
        (void)close(other);
}
END_TEST

START_TEST(a_new_peer_with_an_old_descriptor_is_another)
{
        int other;
        Peer *peer = add_peer(&other);
        uint64_t key = peer_key(peer);
        int fd = peer->fd;

        peer_table_remove(&table, peer);
        peer_free(peer);
        (void)close(other);
        peer = add_peer(&other);
        ck_assert_int_eq(peer->fd, fd);
        atomic_store(&peer->is_armed, true);
        ck_assert_ptr_null(peer_table_take(&table, key));
        ck_assert_ptr_eq(peer_table_take(&table, peer_key(peer)), peer);
        (void)close(other);
}
END_TEST

START_TEST(generations_go_round_without_zero)
{
        int others[2];
        Peer *one;
        Peer *next;

        table.generation = UINT32_MAX - 1;
        one = add_peer(&others[0]);
        next = add_peer(&others[1]);
        ck_assert_uint_eq(one->generation, UINT32_MAX);
        ck_assert_uint_eq(next->generation, 1);
        (void)close(others[0]);
        (void)close(others[1]);
}
END_TEST

START_TEST(who_misses_his_deadline_is_cut)
{
        int others[3];
        Peer *late = add_peer(&others[0]);
        Peer *early = add_peer(&others[1]);

        (void)add_peer(&others[2]); /* without a deadline */
        atomic_store(&late->deadline, 1000);
        atomic_store(&early->deadline, 1001);
        ck_assert(peer_table_expire(&table, 999));
        ck_assert(!is_ended(others[0]));
        ck_assert(peer_table_expire(&table, 1000));
        ck_assert(is_ended(others[0]));
        ck_assert(!is_ended(others[1]));
        ck_assert(!peer_table_expire(&table, 1001));
        ck_assert(is_ended(others[1]));
        ck_assert(!is_ended(others[2]));
        for (int i = 0; i < 3; i++)
                (void)close(others[i]);
}
END_TEST

START_TEST(stopping_ends_receiving_but_not_sending)
{
        int other;
        Peer *peer = add_peer(&other);
        uint8_t bytes[4];
        size_t n;

        peer_table_stop(&table);
        ck_assert_int_eq(peer_receive(peer, bytes, sizeof(bytes), /* is_patient= */ true, &n),
                         PEER_E_CLOSED);
        ck_assert_int_eq(send(peer->fd, "last", 4, MSG_NOSIGNAL), 4);
        ck_assert_int_eq(recv(other, bytes, sizeof(bytes), 0), 4);
        peer_table_cut(&table);
        ck_assert(is_ended(other));
        (void)close(other);
}
END_TEST

START_TEST(more_peers_than_slots_make_it_grow)
{
        enum { N = 300 };
        int others[N];
        Peer *peers[N];

        for (int i = 0; i < N; i++)
                peers[i] = add_peer(&others[i]);
        for (int i = 0; i < N; i++) {
                atomic_store(&peers[i]->is_armed, true);
                ck_assert_ptr_eq(peer_table_take(&table, peer_key(peers[i])), peers[i]);
                (void)close(others[i]);
        }
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("peer-table");
        TCase *tcase = tcase_create("peer-table");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, a_peer_that_waits_is_taken_by_its_key_once);
        tcase_add_test(tcase, a_new_peer_with_an_old_descriptor_is_another);
        tcase_add_test(tcase, generations_go_round_without_zero);
        tcase_add_test(tcase, who_misses_his_deadline_is_cut);
        tcase_add_test(tcase, stopping_ends_receiving_but_not_sending);
        tcase_add_test(tcase, more_peers_than_slots_make_it_grow);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
