/* SPDX-License-Identifier: MIT */

/* Calls with all that can be said and heard beside arguments and result. */

#include "client/call.h"
#include "client/context.h"
#include "client/item-stream.h"

#include <string.h>

struct pyrope_answer {
        pyrope_value *result;  /* NULL where there is none, or it was taken */
        pyrope_stream *stream; /* likewise */
        ConnAnswer beside;
};

DEFINE_CLEANUP(pyrope_answer, pyrope_answer_free);

static pyrope_answer *answer_new(void)
{
        pyrope_answer *answer = malloc(sizeof(*answer));

        if (answer)
                *answer = (pyrope_answer){ .beside = CONN_ANSWER_INIT };
        return answer;
}

pyrope_answer *pyrope_answer_free(pyrope_answer *answer)
{
        if (!answer)
                return NULL;
        pyrope_stream_free(answer->stream);
        pyrope_value_free(answer->result);
        conn_answer_deinit(&answer->beside);
        free(answer);
        return NULL;
}

static pyrope_status perform(pyrope_proxy *proxy, ConnCall *call, Deadline deadline,
                             pyrope_answer *answer, pyrope_error **error)
{
        bool is_oneway = call->flags & FRAME_ONEWAY;
        pyrope_status status;

        call->answer = &answer->beside;
        status = call_perform(proxy, call, deadline, is_oneway ? NULL : &answer->result, error);
        if (status == PYROPE_E_REMOTE && error)
                error_keep_annotations(*error, &answer->beside.annotations);
        if (status || answer->beside.stream_id[0] == '\0')
                return status;
        answer->stream = item_stream_new(proxy, answer->beside.stream_id);
        return answer->stream ? PYROPE_OK : error_nomem(error);
}

pyrope_status pyrope_call_with(pyrope_proxy *proxy, const char *method,
                               const pyrope_value *arguments, const pyrope_value *keywords,
                               const pyrope_call_options *options, pyrope_answer **ret,
                               pyrope_error **error)
{
        if (!proxy || !method)
                return error_null(error);

        CLEANUP(buffer_deinit) Buffer annotations = CALL_ANNOTATIONS_INIT;
        CLEANUP(pyrope_answer_freep) pyrope_answer *answer = answer_new();
        ConnCall call = { .method = method };
        pyrope_status status;
        Deadline deadline;

        if (!answer)
                return error_nomem(error);
        status = call_arguments(&call, arguments, keywords, error);
        if (!status)
                status = call_options_apply(proxy_context(proxy), options, &annotations, &call,
                                            &deadline, error);
        if (status)
                return status;
        call_mark_oneway(proxy, &call);
        status = perform(proxy, &call, deadline, answer, error);
        if (status)
                return status;

        if (ret)
                *ret = TAKE(answer);
        return PYROPE_OK;
}

pyrope_view pyrope_answer_result(const pyrope_answer *answer)
{
        if (!answer)
                return (pyrope_view){ NULL, NULL };
        return pyrope_value_view(answer->result);
}

pyrope_value *pyrope_answer_take_result(pyrope_answer *answer)
{
        if (!answer)
                return NULL;
        return TAKE(answer->result);
}

pyrope_stream *pyrope_answer_take_stream(pyrope_answer *answer)
{
        if (!answer)
                return NULL;
        return TAKE(answer->stream);
}

bool pyrope_answer_annotation(const pyrope_answer *answer, const char *id, const void **ret,
                              size_t *ret_n)
{
        if (!answer || !id || !ret || !ret_n)
                return false;

        const Buffer *annotations = &answer->beside.annotations;
        FrameAnnotation chunk;

        if (!frame_annotation_find(annotations->data, annotations->n, id, &chunk))
                return false;
        *ret = chunk.data;
        *ret_n = chunk.n_data;
        return true;
}

bool pyrope_answer_correlation(const pyrope_answer *answer, unsigned char ret[16])
{
        if (!answer || !ret)
                return false;
        if (!(answer->beside.flags & FRAME_CORRELATION))
                return false;
        memcpy(ret, answer->beside.correlation, sizeof(answer->beside.correlation));
        return true;
}
