/* SPDX-License-Identifier: MIT */

#include "proto/conn.h"

#include "base/text.h"
#include "proto/codec.h"
#include "proto/conn-socket.h"
#include "proto/credit.h"
#include "proto/frame.h"
#include "proto/inflate.h"
#include "proto/message.h"
#include "proto/pyro4.h"
#include "proto/value.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define KEEP_BYTES      (64u * 1024u) /* memory that a connection keeps between calls */
#define SMALL_BYTES     1024u         /* arguments and keywords that are copied behind it */
#define REASON_SIZE     512u          /* of a refused handshake, as it is shown */
#define BEGINNING_BYTES 24u           /* shown of what does not speak Pyro5 */
#define ID_ROOM         8u            /* beside the id of a stream in the arguments of its call */
#define UNKNOWN_OBJECT  "unknown object" /* what Pyro5 says */

void conn_init(Conn *conn, int fd, uint32_t n_message_max)
{
        *conn = (Conn){ .fd = fd, .n_message_max = n_message_max };
        buffer_init(&conn->in, (size_t)FRAME_HEADER_SIZE + n_message_max + CONN_FIRST_BYTES);
        buffer_init(&conn->out, FRAME_HEADER_SIZE + FRAME_HANDSHAKE_MAX_BYTES);
        conn->may_block = fcntl(fd, F_SETFL, 0) == 0;
        curfew_init(&conn->curfew);
        conn_window_init(&conn->window);
}

void conn_pace(Conn *conn)
{
        conn->may_pace = true;
}

void conn_carry(Conn *conn, const ConnCarrier *carrier)
{
        conn->carrier = *carrier;
        conn->may_block = false; /* that is a matter of sockets */
}

void conn_hang_up(Conn *conn)
{
        curfew_leave(&conn->curfew);
        if (conn->carrier.close)
                conn->carrier.close(conn->carrier.userdata);
        conn->carrier = (ConnCarrier){ 0 };
        closep(&conn->fd);
}

void conn_deinit(Conn *conn)
{
        conn_hang_up(conn);
        buffer_deinit(&conn->in);
        buffer_deinit(&conn->out);
}

static pyrope_status too_large(Conn *conn, size_t n_max, pyrope_error **error)
{
        return conn_fail(conn,
                         error_set(error, PYROPE_E_TOO_LARGE,
                                   "the answer is larger than the limit of %zu bytes", n_max));
}

static pyrope_status bad_frame(Conn *conn, int r, pyrope_error **error)
{
        char beginning[4 * BEGINNING_BYTES + TEXT_ESCAPE_MIN];
        size_t n = conn->in.n < BEGINNING_BYTES ? conn->in.n : BEGINNING_BYTES;

        if (r == FRAME_E_VERSION && pyro4_is_version(frame_version(conn->in.data)))
                return conn_fail(conn, error_set(error, PYROPE_E_PROTOCOL,
                                                 "the daemon speaks Pyro4, which is not compatible "
                                                 "with Pyro5"));
        if (r == FRAME_E_VERSION)
                return conn_fail(conn,
                                 error_set(error, PYROPE_E_PROTOCOL,
                                           "the daemon speaks another version of Pyro's protocol"));
        text_escape(conn->in.data, n, beginning, sizeof(beginning));
        return conn_fail(conn,
                         error_set(error, PYROPE_E_PROTOCOL,
                                   "what answers is no Pyro5 daemon; it said '%s'", beginning));
}

/* A request is out. */
static void count_from_here(Conn *conn)
{
        if (conn->may_pace)
                conn->sent_ms = clock_fine_ms();
}

/* An answer of @n_all bytes is there in part: the daemon may have to hear that it may go on. One
 * that hears nothing any more, but has said all it had, is still listened to. */
static pyrope_status allow_more(Conn *conn, uint64_t n_all, Deadline deadline, pyrope_error **error)
{
        uint8_t frame[CREDIT_FRAME_SIZE];
        Message message = { .goes_on = true };

        if (!conn->is_paced || conn->is_cut ||
            !conn_window_receive(&conn->window, clock_fine_ms(), conn->in.n, n_all))
                return PYROPE_OK;
        credit_frame_write(conn->seq, conn->window.n_allowed, frame);
        message_add(&message, (Part){ .bytes = frame, .n = sizeof(frame) });
        return conn_send(conn, &message, deadline, error);
}

/* An answer is there. A small one tells how long the way is, a large one how fast. */
static void learn_pace(Conn *conn)
{
        const double now_ms = clock_fine_ms();

        if (conn->in.n <= CONN_FIRST_BYTES)
                conn_window_trip(&conn->window, now_ms - conn->sent_ms);
        else
                conn_window_end(&conn->window, now_ms, conn->in.n);
}

/* One whole frame into @conn->in, which answers the latest request. */
static pyrope_status receive_frame(Conn *conn, size_t n_max, Deadline deadline, FrameHeader *ret,
                                   pyrope_error **error)
{
        pyrope_status status;
        size_t n_wanted;
        int r;

        for (;;) {
                r = frame_header_parse(conn->in.data, conn->in.n, n_max, ret);
                if (r == FRAME_E_TOO_LARGE)
                        return too_large(conn, n_max, error);
                if (r && r != FRAME_E_INCOMPLETE)
                        return bad_frame(conn, r, error);
                if (r == 0 && conn->in.n >= frame_size(ret))
                        break;
                /* Who always has a byte more must not outlast the deadline. */
                if (conn->in.n > 0 && deadline_passed(deadline))
                        return conn_too_late(conn, error);
                n_wanted = r ? CONN_FIRST_BYTES : (size_t)frame_size(ret) - conn->in.n;
                status = r ? PYROPE_OK : allow_more(conn, frame_size(ret), deadline, error);
                if (!status)
                        status = conn_receive(conn, n_wanted, deadline, error);
                if (status)
                        return status;
        }

        if (conn->in.n > frame_size(ret) || ret->seq != conn->seq)
                return conn_fail(conn, error_set(error, PYROPE_E_PROTOCOL,
                                                 "the daemon sent an answer to another request"));
        if (frame_annotations_check(conn->in.data + FRAME_HEADER_SIZE, ret->n_annotations))
                return conn_fail(conn, error_set(error, PYROPE_E_PROTOCOL,
                                                 "the daemon sent annotations that are none"));
        conn->heard_ms = clock_coarse_ms();
        if (conn->may_pace)
                learn_pace(conn);
        return conn->is_cut ? conn_fail(conn, PYROPE_OK) : PYROPE_OK;
}

/* The header goes to the front of @conn->out, where its place was left. */
static void write_header(Conn *conn, FrameHeader header)
{
        header.serializer = FRAME_SERIALIZER_MSGPACK;
        header.seq = ++conn->seq;
        frame_header_write(&header, conn->out.data);
}

/* Empties both buffers, for a request of which only the header's place is there. */
static int begin_request(Conn *conn)
{
        static const uint8_t place[FRAME_HEADER_SIZE];

        if (conn->in.n_allocated > KEEP_BYTES)
                buffer_deinit(&conn->in);
        buffer_clear(&conn->in);
        buffer_clear(&conn->out);
        return buffer_append(&conn->out, place, sizeof(place));
}

/* A request that lies in @conn->out as a whole, @n_annotations of it behind the header's place, and
 * its answer. */
static pyrope_status exchange(Conn *conn, FrameType type, uint32_t n_annotations, Deadline deadline,
                              FrameHeader *ret, pyrope_error **error)
{
        const Part part = { .bytes = conn->out.data, .n = conn->out.n };
        Message message = { .n = 0 };
        const FrameHeader header = { .type = type,
                                     .n_annotations = n_annotations,
                                     .n_payload = (uint32_t)(conn->out.n - FRAME_HEADER_SIZE) -
                                                  n_annotations };
        pyrope_status status;

        conn_window_open(&conn->window);
        write_header(conn, header);
        message_add(&message, part);
        status = conn_send(conn, &message, deadline, error);
        if (status)
                return status;
        count_from_here(conn);
        return receive_frame(conn, FRAME_HANDSHAKE_MAX_BYTES, deadline, ret, error);
}

static pyrope_status unexpected(Conn *conn, const FrameHeader *header, pyrope_error **error)
{
        return conn_fail(conn, error_set(error, PYROPE_E_PROTOCOL,
                                         "the daemon answered with message type %u, serializer %u",
                                         header->type, header->serializer));
}

/* The payload as it was before it may have been compressed; @plain holds it then. */
static pyrope_status find_payload(Conn *conn, const FrameHeader *header, Buffer *plain,
                                  const uint8_t **ret, size_t *ret_n, pyrope_error **error)
{
        const uint8_t *payload = conn->in.data + FRAME_HEADER_SIZE + header->n_annotations;
        int r;

        if (!(header->flags & FRAME_COMPRESSED)) {
                *ret = payload;
                *ret_n = header->n_payload;
                return PYROPE_OK;
        }
        r = inflate_payload(payload, header->n_payload, plain);
        if (r == INFLATE_E_TOO_LARGE)
                return too_large(conn, conn->n_message_max, error);
        if (r > 0)
                return conn_fail(
                        conn, error_set(error, PYROPE_E_PROTOCOL, "the answer cannot be inflated"));
        if (r < 0)
                return conn_no_memory(conn, error);
        *ret = plain->data;
        *ret_n = plain->n;
        return PYROPE_OK;
}

/* The payload as a value; a long one takes the memory it was received in. */
static pyrope_status take_payload(Conn *conn, const FrameHeader *header, pyrope_value **ret,
                                  pyrope_error **error)
{
        CLEANUP(buffer_deinit) Buffer plain = BUFFER_INIT(conn->n_message_max);
        pyrope_status status;
        const uint8_t *payload;
        size_t n_payload;
        int r;

        status = find_payload(conn, header, &plain, &payload, &n_payload, error);
        if (status)
                return status;
        if (plain.data)
                r = value_new_take(&plain, 0, ret);
        else if (conn->in.n_allocated > KEEP_BYTES)
                r = value_new_take(&conn->in, conn->in.n - n_payload, ret);
        else
                r = value_new_copy(payload, n_payload, ret);
        if (r < 0)
                return conn_no_memory(conn, error);
        if (r > 0)
                return conn_fail(conn,
                                 error_set(error, PYROPE_E_PROTOCOL,
                                           "the answer cannot be read: %s", codec_strerror(r)));
        return PYROPE_OK;
}

static pyrope_status refused(Conn *conn, const FrameHeader *header, pyrope_error **error)
{
        CLEANUP(buffer_deinit) Buffer plain = BUFFER_INIT(FRAME_HANDSHAKE_MAX_BYTES);
        char reason[REASON_SIZE];
        pyrope_status status;
        const uint8_t *payload;
        size_t n_payload;

        status = find_payload(conn, header, &plain, &payload, &n_payload, error);
        if (status)
                return status;
        message_connectfail_text(header->serializer, payload, n_payload, reason, sizeof(reason));
        if (strcmp(reason, UNKNOWN_OBJECT) == 0)
                return conn_fail(conn, error_set(error, PYROPE_E_NOT_FOUND,
                                                 "the daemon has no such object"));
        return conn_fail(conn, error_set(error, PYROPE_E_DENIED,
                                         "the daemon refused the connection: %s", reason));
}

static pyrope_status take_metadata(Conn *conn, const FrameHeader *header, pyrope_value **ret,
                                   pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *payload = NULL;
        pyrope_status status;
        pyrope_view metadata;
        const uint8_t *bytes;
        size_t n_bytes;

        status = take_payload(conn, header, &payload, error);
        if (status)
                return status;
        if (message_connectok_unpack(pyrope_value_view(payload), &metadata))
                return conn_fail(conn, error_set(error, PYROPE_E_PROTOCOL,
                                                 "the daemon sent no metadata of the object"));
        n_bytes = codec_view_bytes(metadata, &bytes);
        return value_new_copy(bytes, n_bytes, ret) ? conn_no_memory(conn, error) : PYROPE_OK;
}

static pyrope_status pack_connect(Conn *conn, const char *object, pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        const uint8_t *payload;
        size_t n_payload;

        if (!writer || begin_request(conn))
                return conn_no_memory(conn, error);
        if (conn->may_pace && buffer_append(&conn->out, credit_offer, sizeof(credit_offer)))
                return conn_no_memory(conn, error);
        message_connect_pack(writer, object);
        if (writer_finish(writer, &payload, &n_payload))
                return conn_fail(
                        conn, error_set(error, PYROPE_E_NOT_FOUND, "no object can have this name"));
        return buffer_append(&conn->out, payload, n_payload) ? conn_no_memory(conn, error)
                                                             : PYROPE_OK;
}

pyrope_status conn_connect(Conn *conn, const char *object, Deadline deadline,
                           pyrope_value **ret_metadata, pyrope_error **error)
{
        pyrope_status status;
        FrameHeader header;

        status = pack_connect(conn, object, error);
        if (status)
                return status;
        status = exchange(conn, FRAME_CONNECT, conn->may_pace ? CREDIT_OFFER_SIZE : 0, deadline,
                          &header, error);
        if (status)
                return status;
        if (header.type == FRAME_CONNECTFAIL)
                return refused(conn, &header, error);
        if (header.type != FRAME_CONNECTOK || header.serializer != FRAME_SERIALIZER_MSGPACK)
                return unexpected(conn, &header, error);
        conn->is_paced = conn->may_pace &&
                         credit_is_offered(conn->in.data + FRAME_HEADER_SIZE, header.n_annotations);
        return take_metadata(conn, &header, ret_metadata, error);
}

pyrope_status conn_ping(Conn *conn, Deadline deadline, pyrope_error **error)
{
        static const char payload[] = { 'p', 'i', 'n', 'g' };
        pyrope_status status;
        FrameHeader header;

        if (!conn_is_open(conn))
                return error_set(error, PYROPE_E_CLOSED, "the connection is closed");
        if (begin_request(conn) || buffer_append(&conn->out, payload, sizeof(payload)))
                return conn_no_memory(conn, error);
        status = exchange(conn, FRAME_PING, 0, deadline, &header, error);
        if (status)
                return status;
        return header.type == FRAME_PING ? PYROPE_OK : unexpected(conn, &header, error);
}

/* Bytes of annotations of our own, in @conn->out behind the header's place. */
static size_t n_own(const Conn *conn)
{
        return conn->is_paced ? CREDIT_CHUNK_SIZE : 0;
}

/* Tells how much of the answer may come. Return: 0, -ENOMEM. */
static int add_own(Conn *conn)
{
        uint8_t chunk[CREDIT_CHUNK_SIZE];

        if (!conn->is_paced)
                return 0;
        credit_write(conn_window_begin(&conn->window), chunk);
        return buffer_append(&conn->out, chunk, sizeof(chunk));
}

static void write_call_header(Conn *conn, const ConnCall *call, size_t n_payload,
                              size_t n_annotations)
{
        FrameHeader header = { .type = FRAME_INVOKE,
                               .flags = call->flags,
                               .n_payload = (uint32_t)n_payload,
                               .n_annotations = (uint32_t)n_annotations };

        if (call->correlation) {
                header.flags |= FRAME_CORRELATION;
                memcpy(header.correlation, call->correlation, sizeof(header.correlation));
        }
        write_header(conn, header);
}

/* What lies in @conn->out, with the annotations of the call before the payload. */
static void add_beginning(Message *message, const Conn *conn, const ConnCall *call)
{
        const uint8_t *out = conn->out.data;
        const size_t n_before = FRAME_HEADER_SIZE + n_own(conn);
        const Buffer *annotations = call->annotations;

        if (!annotations) {
                message_add(message, (Part){ .bytes = out, .n = conn->out.n });
                return;
        }
        message_add(message, (Part){ .bytes = out, .n = n_before });
        message_add(message, (Part){ .bytes = annotations->data, .n = annotations->n });
        message_add(message, (Part){ .bytes = out + n_before, .n = conn->out.n - n_before });
}

/* Arguments or keywords; @empty where there are none. */
static Part part_of(pyrope_view view, const Parcel *parcel, const uint8_t *empty)
{
        Part part = { .bytes = empty, .n = 1 };

        if (parcel && !parcel->pieces)
                return (Part){ .bytes = parcel->bytes.data, .n = parcel->bytes.n };
        if (parcel)
                return (Part){ .parcel = parcel, .n = parcel_size(parcel) };
        if (view.at)
                part.n = codec_view_bytes(view, &part.bytes);
        return part;
}

/* Arguments and keywords follow the beginning from where they lie. */
static pyrope_status send_call(Conn *conn, const ConnCall *call, Deadline deadline,
                               pyrope_error **error)
{
        static const uint8_t empty_list[] = { 0x90 }, empty_map[] = { 0x80 };
        const Part args = part_of(call->args, call->args_parcel, empty_list);
        const Part kwargs = part_of(call->kwargs, call->kwargs_parcel, empty_map);
        const size_t n_annotations = n_own(conn) + (call->annotations ? call->annotations->n : 0);
        pyrope_status status;
        Message message;
        uint64_t n_payload;
        bool is_small;
        int r;

        r = begin_request(conn);
        if (r == 0)
                r = add_own(conn);
        if (r == 0)
                r = message_invoke_begin(&conn->out, call->object, call->method);
        if (r == -ENOMEM)
                return conn_no_memory(conn, error);
        n_payload = (uint64_t)conn->out.n - FRAME_HEADER_SIZE - n_own(conn) + args.n + kwargs.n;
        if (r || n_payload + n_annotations > conn->n_message_max)
                return error_set(error, PYROPE_E_TOO_LARGE,
                                 "the arguments are larger than the limit of %u bytes",
                                 conn->n_message_max);

        write_call_header(conn, call, (size_t)n_payload, n_annotations);
        is_small = args.n + kwargs.n <= SMALL_BYTES;
        if (is_small && (buffer_append(&conn->out, args.bytes, args.n) ||
                         buffer_append(&conn->out, kwargs.bytes, kwargs.n)))
                return conn_no_memory(conn, error);
        message.n = message.n_parts = 0;
        message.goes_on = false;
        add_beginning(&message, conn, call);
        if (!is_small) {
                message_add(&message, args);
                message_add(&message, kwargs);
        }
        status = conn_send(conn, &message, deadline, error);
        count_from_here(conn);
        return status;
}

/* The daemon keeps a stream until somebody asks for it or its time is over. */
static void close_stream(Conn *conn, const char *stream_id, Deadline deadline)
{
        CLEANUP(buffer_deinit) Buffer args = BUFFER_INIT(CONN_STREAM_ID_MAX_BYTES + ID_ROOM);
        ConnCall call = { .object = MESSAGE_DAEMON_OBJECT,
                          .method = MESSAGE_STREAM_CLOSE,
                          .flags = FRAME_ONEWAY };

        if (codec_pack_list(&args, 1) == 0 &&
            codec_pack_str(&args, stream_id, strlen(stream_id)) == 0 &&
            codec_check(args.data, args.n, &call.args) == 0)
                (void)send_call(conn, &call, deadline, NULL); /* the error is the stream */
}

static pyrope_status take_stream(Conn *conn, const ConnCall *call, const FrameHeader *header,
                                 Deadline deadline, pyrope_error **error)
{
        char stream_id[CONN_STREAM_ID_MAX_BYTES + 1];
        int r;

        r = conn_answer_stream_id(conn->in.data + FRAME_HEADER_SIZE, header->n_annotations,
                                  stream_id);
        if (r == CONN_ANSWER_E_ABSENT)
                return error_set(error, PYROPE_E_PROTOCOL,
                                 "the result is an item stream, and the daemon allows none");
        if (r)
                return conn_fail(conn, error_set(error, PYROPE_E_PROTOCOL,
                                                 "the daemon told a strange id of an item stream"));
        if (call->answer) {
                memcpy(call->answer->stream_id, stream_id, sizeof(stream_id));
                return PYROPE_OK;
        }
        if (conn_is_open(conn))
                close_stream(conn, stream_id, deadline);
        return error_set(error, PYROPE_E_TYPE, "the result is an item stream");
}

static pyrope_status take_result(Conn *conn, const FrameHeader *header, pyrope_value **ret,
                                 pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pyrope_status status;

        status = take_payload(conn, header, &value, error);
        if (status)
                return status;
        if (header->flags & FRAME_EXCEPTION) {
                if (error) {
                        *error = message_exception_error(pyrope_value_view(value));
                        error_keep_exception(*error, value, pyrope_value_view(value));
                }
                return PYROPE_E_REMOTE;
        }
        if (ret)
                *ret = TAKE(value);
        return PYROPE_OK;
}

static bool is_one_of(pyrope_view item, pyrope_type one, pyrope_type other)
{
        pyrope_type type = pyrope_type_of(item);

        return type == PYROPE_ABSENT || type == one || type == other;
}

pyrope_status conn_invoke(Conn *conn, const ConnCall *call, Deadline deadline, pyrope_value **ret,
                          pyrope_error **error)
{
        pyrope_status status;
        FrameHeader header;

        if (!conn_is_open(conn))
                return error_set(error, PYROPE_E_CLOSED, "the connection is closed");
        if (!is_one_of(call->args, PYROPE_LIST, PYROPE_LIST) ||
            !is_one_of(call->kwargs, PYROPE_MAP, PYROPE_NIL))
                return error_set(error, PYROPE_E_INVALID,
                                 "arguments must be a list, keywords a map");
        status = send_call(conn, call, deadline, error);
        if (!status && call->flags & FRAME_ONEWAY && conn->is_cut)
                return conn_fail(conn,
                                 error_set(error, PYROPE_E_UNREACHABLE, "the daemon hung up"));
        if (status || call->flags & FRAME_ONEWAY)
                return status;
        status = receive_frame(conn, conn->n_message_max, deadline, &header, error);
        if (status)
                return status;

        if (header.type != FRAME_RESULT || header.serializer != FRAME_SERIALIZER_MSGPACK)
                return unexpected(conn, &header, error);
        if (call->answer &&
            conn_answer_keep(call->answer, &header, conn->in.data + FRAME_HEADER_SIZE))
                return conn_no_memory(conn, error);
        /* Before the exception: a stream has that flag as well. */
        if (header.flags & FRAME_STREAM)
                return take_stream(conn, call, &header, deadline, error);
        return take_result(conn, &header, ret, error);
}
