/* SPDX-License-Identifier: MIT */

#include "broker/guest.h"

enum { NOTHING, BEING_SET, SET };

Guest *guest_new(void)
{
        Guest *guest = calloc(1, sizeof(*guest));

        if (!guest)
                return NULL;
        atomic_init(&guest->n_refs, 1);
        atomic_init(&guest->state, NOTHING);
        return guest;
}

Guest *guest_ref(Guest *guest)
{
        if (guest)
                atomic_fetch_add_explicit(&guest->n_refs, 1, memory_order_relaxed);
        return guest;
}

Guest *guest_unref(Guest *guest)
{
        if (!guest || atomic_fetch_sub_explicit(&guest->n_refs, 1, memory_order_acq_rel) > 1)
                return NULL;
        if (guest->ended)
                guest->ended(guest->data);
        free(guest);
        return NULL;
}

void *guest_data(Guest *guest)
{
        if (atomic_load_explicit(&guest->state, memory_order_acquire) != SET)
                return NULL;
        return guest->data;
}

int guest_keep(Guest *guest, void *data, void (*ended)(void *data))
{
        unsigned expected = NOTHING;

        if (!atomic_compare_exchange_strong(&guest->state, &expected, BEING_SET))
                return GUEST_E_EXISTS;
        guest->data = data;
        guest->ended = ended;
        atomic_store_explicit(&guest->state, SET, memory_order_release);
        return 0;
}
