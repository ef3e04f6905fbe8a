/* SPDX-License-Identifier: MIT */

/*
 * Design notes
 *
 * A peer belongs to the worker that got its event (it is not in the epoll set then), until the
 * worker arms it again, parks it in a request, or closes it. After each of these three the worker
 * touches it no more. The functions below return a Step, which says what becomes of the peer.
 *
 * A method may run for hours with the peer's request in the window (intake.h). That is why a worker
 * leaves the epoll set first, and another waits there in its place (pool.h), and why a call that
 * may not run now is copied (request.h).
 */

#include "broker/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/pages.h"
#include "broker/admit.h"
#include "broker/bell.h"
#include "broker/intake.h"
#include "proto/credit.h"
#include "proto/value.h"

#include <inttypes.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#define HOT_MS 8 /* a conversation: the next call comes so soon after the last turn */

typedef enum Step {
        STEP_ON,    /* handle what is in the window, then receive more: requests, or, as long as an
                       answer is held back, that more of it may be sent */
        STEP_IDLE,  /* wait until something comes */
        STEP_FULL,  /* wait until it takes more of the answer */
        STEP_GONE,  /* somebody else's by now */
        STEP_CLOSE, /* hang up */
} Step;

typedef struct Worker Worker;

struct Worker {
        Daemon *daemon;
        Call call;
        bool waits;      /* the method that was called is PYROPE_WAITS */
        bool has_called; /* the peer did, since this worker has it */
        Intake in;
};

/* -- what becomes of a peer ------------------------------------------------------------------- */

static void close_peer(Worker *worker, Peer *peer)
{
        Daemon *daemon = worker->daemon;

        log_debug("closed");
        if (peer->owes_done)
                (void)schedule_done(&daemon->schedule, 0); /* the worker looks for ready ones */
        if (stream_table_disconnect(&daemon->streams, peer->caller.number, clock_boottime_ms()))
                poller_need_tick(&daemon->poller);
        peer_table_remove(&daemon->peers, peer);
        peer_free(peer);
        admit_again(daemon); /* there is a descriptor, should somebody wait for one */
}

static void set_deadline(Worker *worker, Peer *peer, int64_t in_ms)
{
        atomic_store(&peer->deadline, clock_boottime_ms() + in_ms);
        poller_need_tick(&worker->daemon->poller);
}

/* Puts the peer back into the epoll set; it may be served elsewhere before this returns. */
static void arm_peer(Worker *worker, Peer *peer, Step step)
{
        Poller *poller = &worker->daemon->poller;
        const uint32_t events = step == STEP_FULL ? EPOLLOUT : EPOLLIN;
        const uint64_t key = peer_key(peer);
        const bool is_out = peer->is_out;
        const int fd = peer->fd;

        if (worker->has_called)
                peer->last_call_ms = clock_boottime_ms();
        peer->is_out = false;
        if (step == STEP_FULL || peer->out || (peer->session.is_open && peer->in.n > 0))
                set_deadline(worker, peer, PEER_STALL_MS);
        else if (peer->session.is_open)
                atomic_store(&peer->deadline, INT64_MAX);
        atomic_store_explicit(&peer->is_armed, true, memory_order_release);
        if (!is_out)
                poller_arm(poller, fd, key, events);
        else if (poller_add(poller, fd, key, events))
                close_peer(worker, peer); /* no memory: it is in no set, so it is still ours */
}

/* Stays with a large answer as long as its peer takes it quickly, and others watch the rest. @r is
 * what peer_send() or peer_flush() said. */
static Step go_on_sending(Worker *worker, Peer *peer, int r)
{
        while (r == PEER_E_AGAIN && peer->is_flowing && pool_has_waiting(&worker->daemon->pool))
                r = peer_flush(peer, /* is_patient= */ true);
        switch (r) {
        case 0:
        case PEER_E_HELD:
                return STEP_ON;
        case PEER_E_AGAIN:
                return STEP_FULL;
        default:
                return STEP_CLOSE;
        }
}

static Step send_bounded(Worker *worker, Peer *peer, const Answer *answer, uint64_t n_allowed)
{
        int r = peer_send(peer, answer, worker->call.writer, n_allowed);

        return go_on_sending(worker, peer, r);
}

static Step send_answer(Worker *worker, Peer *peer, const Answer *answer)
{
        return send_bounded(worker, peer, answer, UINT64_MAX);
}

static Step turn_away(Worker *worker, Peer *peer, const SessionReject *reject)
{
        Answer answer;

        if (reject->pyro4_version) {
                peer_refuse_pyro4(peer, reject);
                return STEP_CLOSE;
        }
        call_reset(&worker->call);
        if (dispatch_reject(reject, &worker->call, &answer) == 0)
                (void)send_answer(worker, peer, &answer); /* closed in any case */
        return STEP_CLOSE;
}

/* The peer's user has as many bytes under way as he may, and this frame is not whole yet. */
static Step turn_away_full(Worker *worker, Peer *peer)
{
        SessionReject reject = { .is_call = peer->session.is_open,
                                 .serializer = FRAME_SERIALIZER_MSGPACK };
        FrameHeader header;

        if (frame_header_parse(peer->in.data, peer->in.n, UINT64_MAX, &header) == 0)
                reject.seq = header.seq;
        quota_refusal(peer->caller.user, QUOTA_BYTES, reject.text);
        return turn_away(worker, peer, &reject);
}

static void finish_peer(Worker *worker, Peer *peer, Step step)
{
        int r = 0;

        if (step == STEP_GONE)
                return;
        if (step != STEP_CLOSE)
                r = intake_keep_rest(&worker->in, peer);
        if (r == PEER_E_FULL && !peer->out)
                step = turn_away_full(worker, peer);
        else if (r)
                step = STEP_CLOSE; /* no memory */
        if (step == STEP_CLOSE)
                close_peer(worker, peer);
        else
                arm_peer(worker, peer, step);
}

/* -- calls ------------------------------------------------------------------------------------ */

/* Runs a call that was read, and writes about it. */
static int run_logged(Worker *worker, const Frame *frame, const Invocation *invocation)
{
        bool is_logged = log_is_enabled(LOG_LEVEL_DEBUG);
        int64_t began_ms = is_logged ? clock_boottime_ms() : 0;
        Call *call = &worker->call;
        const char *method = "";
        size_t n_method = 0;
        int r;

        LOG_CONTEXT("call", (unsigned)frame->header.seq);
        r = dispatch_run(invocation, call);
        if (!is_logged)
                return r;
        (void)pyrope_get_str(invocation->message.method, &method, &n_method);
        log_debug("%s.%.*s: %s after %" PRId64 " ms", call->object->id,
                  n_method < 100 ? (int)n_method : 100, method, dispatch_outcome(r, call),
                  clock_boottime_ms() - began_ms);
        return r;
}

static void raise_full(Call *call, QuotaKind kind)
{
        char text[QUOTA_TEXT_SIZE];

        quota_refusal(call->caller.user, kind, text);
        call_raise(call, "MemoryError", "%s", text);
}

/* An answer that counts for the quota before it is sent. */
static Step answer_largely(Worker *worker, Peer *peer, const Frame *frame, Answer *answer)
{
        Call *call = &worker->call;
        uint64_t n_allowed;

        if (peer_hold_answer(peer, answer)) {
                raise_full(call, QUOTA_BYTES);
                if (dispatch_answer(DISPATCH_E_RAISED, &frame->header, call, answer))
                        return STEP_CLOSE;
        }
        (void)session_pace(&peer->session, frame, &n_allowed);
        return send_bounded(worker, peer, answer, n_allowed);
}

static Step answer_call(Worker *worker, Peer *peer, const Frame *frame, int outcome)
{
        const FrameHeader *request = &frame->header;
        Call *call = &worker->call;
        Answer answer;

        if (request->flags & FRAME_ONEWAY) {
                writer_reset(call->writer, CALL_KEEP_BYTES); /* what it may have lent */
                return STEP_ON;
        }
        if (dispatch_answer(outcome, request, call, &answer))
                return STEP_CLOSE;
        if (answer.header.n_payload > PEER_COPY_BYTES)
                return answer_largely(worker, peer, frame, &answer);
        return send_answer(worker, peer, &answer);
}

/* An answer that is not out keeps its call open. Else the call is over: if others are ready, the
 * worker turns to them, unless its peer has more to say that nobody else would hear. */
static Step close_call(Worker *worker, Peer *peer, Step step)
{
        Schedule *schedule = &worker->daemon->schedule;

        worker->has_called = true;
        if (step != STEP_CLOSE && peer->out) {
                peer->owes_done = true;
                return step;
        }
        if (!schedule_done(schedule, 0) || step == STEP_CLOSE)
                return step;
        if (worker->in.window.at == worker->in.window.n)
                return STEP_IDLE;
        schedule_wake(schedule);
        return step;
}

/* Keeps the frame that was just read from the window. Returns NULL with an exception. */
static Request *keep_frame(Worker *worker, Peer *peer, const Frame *frame)
{
        CLEANUP(request_freep) Request *request = NULL;
        bool was_peers = worker->in.window.bytes == peer->in.data;
        Call *call = &worker->call;
        int r;

        request = request_new(call->object, &peer->caller, frame, &peer->in);
        if (!request) {
                call_raise(call, "MemoryError", "the daemon is out of memory");
                return NULL;
        }
        request->waits = worker->waits;
        /* The memory that the window lies in may be the request's now, and counts as its. */
        if (was_peers && !peer->in.data)
                worker->in.window = (Window){ .bytes = worker->in.bytes };
        (void)peer_hold_in(peer); /* no more than before */
        r = request_hold(request);
        if (r == 0)
                return TAKE(request);
        raise_full(call, r == REQUEST_E_CALLS ? QUOTA_CALLS : QUOTA_BYTES);
        return NULL;
}

/* The call, which ran, has nothing to say yet; its peer goes with it, and it stays open. */
static Step wait_here(Worker *worker, Peer *peer, const Frame *frame)
{
        CLEANUP(request_freep) Request *request = keep_frame(worker, peer, frame);

        if (!request)
                return close_call(worker, peer,
                                  answer_call(worker, peer, frame, DISPATCH_E_RAISED));
        if (intake_keep_rest(&worker->in, peer) || bell_put_aside(&worker->call, request, peer))
                return close_call(worker, peer, STEP_CLOSE);
        request = NULL;
        poller_need_tick(&worker->daemon->poller);
        return STEP_GONE;
}

/* The call may run here and now. */
static Step run_here(Worker *worker, Peer *peer, const Frame *frame, const Invocation *invocation)
{
        Object *object = worker->call.object;
        Step step;
        int r;

        /* A peer that was waited for is hot for that; no need to ask the clock at each call. */
        if (!worker->in.is_hot)
                worker->in.is_hot = clock_boottime_ms() - peer->last_call_ms <= HOT_MS;
        r = run_logged(worker, frame, invocation);
        schedule_end(&worker->daemon->schedule, object, worker->waits);
        if (r == DISPATCH_E_WAIT)
                return wait_here(worker, peer, frame);
        step = answer_call(worker, peer, frame, r);
        return close_call(worker, peer, step);
}

/* The call must wait: its peer goes with it, and is served again when it is over. */
static Step park(Worker *worker, Peer *peer, Request *taken)
{
        CLEANUP(request_freep) Request *request = taken;

        if (intake_keep_rest(&worker->in, peer))
                return STEP_CLOSE;
        request->peer = peer;
        if (schedule_submit(&worker->daemon->schedule, request)) {
                request->peer = NULL;
                return STEP_CLOSE; /* the daemon stops */
        }
        request = NULL;
        return STEP_GONE;
}

static Step run_later(Worker *worker, Peer *peer, const Frame *frame)
{
        Request *request = keep_frame(worker, peer, frame);

        if (request)
                return park(worker, peer, request);
        return answer_call(worker, peer, frame, DISPATCH_E_RAISED);
}

/* A oneway call runs in another thread, so that it does not hold up the next one of its peer;
 * unless too many do so already: then its peer must wait for it after all. */
static Step send_off(Worker *worker, Peer *peer, const Frame *frame)
{
        CLEANUP(request_freep) Request *request = NULL;

        request = keep_frame(worker, peer, frame);
        if (!request)
                return STEP_CLOSE;
        switch (schedule_submit(&worker->daemon->schedule, request)) {
        case 0:
                request = NULL;
                poller_need_tick(&worker->daemon->poller);
                return STEP_ON;
        case SCHEDULE_E_FULL:
                return park(worker, peer, TAKE(request));
        default:
                return STEP_CLOSE;
        }
}

static Step invoke_object(Worker *worker, Peer *peer, const Frame *frame,
                          const Invocation *invocation)
{
        Object *object = worker->call.object;
        int r;

        if (object->is_immediate) {
                r = dispatch_run(invocation, &worker->call);
                return answer_call(worker, peer, frame, r);
        }
        worker->waits = dispatch_waits(invocation, object);
        if (frame->header.flags & FRAME_ONEWAY)
                return send_off(worker, peer, frame);
        switch (schedule_begin(&worker->daemon->schedule, object, worker->waits)) {
        case 0:
                return run_here(worker, peer, frame, invocation);
        case SCHEDULE_E_WAIT:
                return run_later(worker, peer, frame);
        default:
                return STEP_CLOSE; /* the daemon stops */
        }
}

static Step on_invoke(Worker *worker, Peer *peer, const Frame *frame)
{
        CLEANUP(invocation_deinit) Invocation invocation = { .flags = 0 };
        CLEANUP(object_unrefp) Object *object = NULL;
        Daemon *daemon = worker->daemon;
        Call *call = &worker->call;
        int r;

        call_reset(call);
        call->caller = peer->caller;
        r = dispatch_read(frame, daemon->message_max, call, &invocation);
        if (r == 0)
                r = dispatch_find(&daemon->registry, &invocation, call, &object);
        if (r == DISPATCH_E_CLOSE)
                return STEP_CLOSE;
        if (r)
                return answer_call(worker, peer, frame, r);
        call->object = object;
        return invoke_object(worker, peer, frame, &invocation);
}

/* -- frames ----------------------------------------------------------------------------------- */

static Step on_connect(Worker *worker, Peer *peer, const Frame *frame)
{
        Daemon *daemon = worker->daemon;
        Answer answer;
        Step step;
        int r;

        call_reset(&worker->call);
        r = dispatch_connect(&daemon->registry, frame, &worker->call, &answer);
        if (r == DISPATCH_E_CLOSE)
                return STEP_CLOSE;
        step = send_answer(worker, peer, &answer);
        if (r)
                return STEP_CLOSE;
        peer->session.is_open = true;
        peer->session.is_paced = dispatch_is_paced(frame);
        return step;
}

static Step on_frame(Worker *worker, Peer *peer, const Frame *frame)
{
        uint64_t n_allowed;
        Answer answer;

        /* From here on time is ours, not the peer's. */
        atomic_store_explicit(&peer->deadline, INT64_MAX, memory_order_relaxed);
        switch (frame->header.type) {
        case FRAME_CONNECT:
                return on_connect(worker, peer, frame);
        case FRAME_PING:
                if (session_pace(&peer->session, frame, &n_allowed))
                        return STEP_ON; /* a credit, whose answer is out */
                dispatch_ping(frame, &answer);
                return send_answer(worker, peer, &answer);
        default:
                return on_invoke(worker, peer, frame); /* the session lets nothing else through */
        }
}

static Step flush_peer(Worker *worker, Peer *peer)
{
        Step step = go_on_sending(worker, peer, peer_flush(peer, /* is_patient= */ false));

        if (step == STEP_ON && !peer->out && peer->owes_done) {
                (void)schedule_done(&worker->daemon->schedule, 0);
                peer->owes_done = false;
        }
        return step;
}

/* Nothing bounds the answer any more. */
COLD static Step release_answer(Worker *worker, Peer *peer)
{
        peer_allow_all(peer);
        return flush_peer(worker, peer);
}

/* An answer is held back: a credit lets more of it go. Whatever else comes, or the end, is handled
 * in its turn, after the answer, which nothing holds back then. Returns whether something is there.
 */
COLD static bool hear_credit(Worker *worker, Peer *peer, Step *ret)
{
        Window *window = &worker->in.window;
        uint64_t n_allowed;
        uint16_t seq;
        int r;

        worker->in.is_hot = false; /* its call is open: what others are ready for goes first */
        r = credit_frame_read(window->bytes + window->at, window->n - window->at, &seq, &n_allowed);
        if (r == CREDIT_E_INCOMPLETE)
                return false;
        if (r) {
                *ret = release_answer(worker, peer);
                return true;
        }
        window->at += CREDIT_FRAME_SIZE;
        peer_allow(peer, seq, n_allowed);
        *ret = flush_peer(worker, peer);
        return true;
}

/* All complete frames of the window. */
static Step handle_window(Worker *worker, Peer *peer, size_t *ret_needed)
{
        Window *window = &worker->in.window;
        SessionReject reject;
        Frame frame;
        Step step = STEP_ON;
        int r;

        while (step == STEP_ON) {
                if (peer->out) {
                        *ret_needed = CREDIT_FRAME_SIZE;
                        if (!hear_credit(worker, peer, &step))
                                return STEP_ON;
                        continue;
                }
                r = session_next(&peer->session, window->bytes + window->at, window->n - window->at,
                                 &frame, ret_needed, &reject);
                if (r == SESSION_E_INCOMPLETE)
                        return STEP_ON;
                if (r == SESSION_E_REJECT)
                        return turn_away(worker, peer, &reject);
                if (r || schedule_is_stopping(&worker->daemon->schedule))
                        return STEP_CLOSE;
                window->at += frame.n_bytes;
                step = on_frame(worker, peer, &frame);
        }
        return step;
}

static Step receive(Worker *worker, Peer *peer, size_t n_needed)
{
        switch (intake_receive(&worker->in, peer, n_needed)) {
        case 0:
                return STEP_ON;
        case PEER_E_AGAIN:
                return STEP_IDLE;
        case PEER_E_FULL:
                return peer->out ? STEP_CLOSE : turn_away_full(worker, peer);
        case PEER_E_CLOSED:
                return peer->out ? release_answer(worker, peer) : STEP_CLOSE;
        default:
                return STEP_CLOSE;
        }
}

/* Serves a peer as long as it keeps the worker busy; but if this is the only thread that is left
 * for events, others have their turn before more is received. */
static void serve(Worker *worker, Peer *peer, Step step)
{
        bool is_first = true;
        size_t n_needed;

        while (step == STEP_ON) {
                step = handle_window(worker, peer, &n_needed);
                if (step != STEP_ON)
                        break;
                if (is_first || pool_has_waiting(&worker->daemon->pool))
                        step = receive(worker, peer, n_needed);
                else
                        step = STEP_IDLE;
                is_first = false;
        }
        finish_peer(worker, peer, step);
}

/* -- events ----------------------------------------------------------------------------------- */

static void begin_with(Worker *worker, const Peer *peer)
{
        worker->has_called = false;
        intake_open(&worker->in, peer);
}

static void on_peer(Worker *worker, uint64_t key)
{
        Peer *peer = peer_table_take(&worker->daemon->peers, key);

        if (!peer)
                return;
        LOG_CONTEXT("conn", peer->caller.number);
        begin_with(worker, peer);
        serve(worker, peer, peer->out ? flush_peer(worker, peer) : STEP_ON);
}

/* A call that had to wait runs now. */
static void run_request(Worker *worker, Request *taken)
{
        CLEANUP(invocation_deinit) Invocation invocation = { .flags = 0 };
        CLEANUP(request_freep) Request *request = taken;
        Schedule *schedule = &worker->daemon->schedule;
        Peer *peer = TAKE(request->peer);
        Call *call = &worker->call;
        Step step = STEP_CLOSE;
        int r;

        LOG_CONTEXT("conn", request->caller.number);
        call_reset(call);
        call->object = request->object;
        call->caller = request->caller;
        r = dispatch_read(&request->frame, worker->daemon->message_max, call, &invocation);
        if (r == 0)
                r = run_logged(worker, &request->frame, &invocation);
        schedule_end(schedule, request->object, request->waits);
        if (r == DISPATCH_E_WAIT && bell_put_aside(&worker->call, request, peer) == 0) {
                request = NULL;
                return;
        }
        if (!peer) {
                writer_reset(call->writer, CALL_KEEP_BYTES); /* what it may have lent */
                (void)schedule_done(schedule, request->frame.n_bytes);
                return;
        }
        begin_with(worker, peer);
        if (r != DISPATCH_E_CLOSE && r != DISPATCH_E_WAIT)
                step = answer_call(worker, peer, &request->frame, r);
        serve(worker, peer, close_call(worker, peer, step));
}

/* Calls that run may be waiting for others that may not, of methods that call their own daemon. */
static void relieve(Daemon *daemon)
{
        unsigned n_extra;

        if (schedule_relieve(&daemon->schedule, &n_extra))
                poller_need_tick(&daemon->poller);
        /* One more, for the connections. */
        pool_limit(&daemon->pool, daemon->schedule.n_running_max + n_extra + 1);
}

static void on_tick(Worker *worker)
{
        Daemon *daemon = worker->daemon;

        poller_ticked(&daemon->poller);
        relieve(daemon);
        admit_again(daemon);
        if (peer_table_expire(&daemon->peers, clock_boottime_ms()))
                poller_need_tick(&daemon->poller);
        if (stream_table_expire(&daemon->streams, clock_boottime_ms()))
                poller_need_tick(&daemon->poller);
}

/* Takes one token; where there are more, another worker is woken. */
static void on_ready(Worker *worker)
{
        Daemon *daemon = worker->daemon;
        eventfd_t token;

        (void)eventfd_read(daemon->schedule.ready_fd, &token);
        poller_arm(&daemon->poller, daemon->schedule.ready_fd, POLLER_READY, EPOLLIN);
}

static void on_event(Worker *worker, uint64_t key)
{
        switch (key) {
        case POLLER_LISTENER:
                admit_peers(worker->daemon, DAEMON_UNIX, &worker->call);
                break;
        case POLLER_TCP:
                admit_peers(worker->daemon, DAEMON_TCP, &worker->call);
                break;
        case POLLER_TICK:
                on_tick(worker);
                break;
        case POLLER_READY:
                on_ready(worker);
                break;
        default:
                on_peer(worker, key);
                break;
        }
}

/* Returns whether the thread shall go on. */
static bool work(Worker *worker)
{
        Daemon *daemon = worker->daemon;
        Request *request;
        uint64_t key;

        if (poller_wait(&daemon->poller, POOL_IDLE_MS, &key)) {
                pages_trim(); /* nothing large came for long */
                return !pool_wait_vain(&daemon->pool);
        }
        if (key == POLLER_FINISHED) {
                peer_table_cut(&daemon->peers); /* all is answered: nobody shall wait on */
                pool_leave(&daemon->pool);
                return false;
        }
        pool_wait_end(&daemon->pool);
        on_event(worker, key);
        while (schedule_take(&daemon->schedule, &request) == 0)
                run_request(worker, request);
        pool_wait_begin(&daemon->pool);
        return true;
}

void worker_main(void *userdata)
{
        Worker worker = { .daemon = userdata };

        if (call_init(&worker.call, worker.daemon, &worker.daemon->streams,
                      worker.daemon->message_max)) {
                pool_leave(&worker.daemon->pool);
                return;
        }
        intake_begin(&worker.in, worker.daemon);
        while (work(&worker)) {
        }
        intake_end(&worker.in);
        call_deinit(&worker.call);
}
