/* SPDX-License-Identifier: MIT */

/* What a program says with a call, checked and made part of it. */

#include "client/call.h"
#include "client/context.h"

#include <string.h>

pyrope_status call_arguments(ConnCall *call, const pyrope_value *arguments,
                             const pyrope_value *keywords, pyrope_error **error)
{
        call->args_parcel = value_parcel(arguments);
        call->kwargs_parcel = value_parcel(keywords);
        if (!call->args_parcel)
                call->args = pyrope_value_view(arguments);
        if (!call->kwargs_parcel)
                call->kwargs = pyrope_value_view(keywords);
        if (arguments && value_type(arguments) != PYROPE_LIST)
                return error_set(error, PYROPE_E_INVALID, "%s: the arguments are no list",
                                 call->method);
        if (keywords && value_type(keywords) != PYROPE_MAP)
                return error_set(error, PYROPE_E_INVALID, "%s: the keywords are no map",
                                 call->method);
        return PYROPE_OK;
}

void call_mark_oneway(const pyrope_proxy *proxy, ConnCall *call)
{
        if (proxy_is_oneway(proxy, call->method))
                call->flags |= FRAME_ONEWAY;
}

static pyrope_status add_annotation(Buffer *annotations, size_t n_before,
                                    const pyrope_annotation *annotation, pyrope_error **error)
{
        size_t n_id = strnlen(annotation->id, sizeof(annotation->id));
        int r = FRAME_E_CORRUPT;

        if (!annotation->data && annotation->n_data > 0)
                return error_null(error);
        if (n_id < sizeof(annotation->id))
                r = frame_annotation_add(annotations, n_before, annotation->id, annotation->data,
                                         annotation->n_data);
        if (r == FRAME_E_CORRUPT)
                return error_set(error, PYROPE_E_INVALID,
                                 "'%.*s' cannot be the id of an annotation: four ASCII characters, "
                                 "not STRM or BLBI",
                                 (int)n_id, annotation->id);
        if (r == FRAME_E_TOO_LARGE)
                return error_set(error, PYROPE_E_TOO_LARGE,
                                 "more than %u annotations, or more than %u bytes of them",
                                 FRAME_PROGRAM_ANNOTATIONS_MAX,
                                 FRAME_PROGRAM_ANNOTATIONS_MAX_BYTES);
        return r ? error_nomem(error) : PYROPE_OK;
}

pyrope_status call_options_apply(pyrope_context *context, const pyrope_call_options *options,
                                 Buffer *annotations, ConnCall *call, Deadline *ret_deadline,
                                 pyrope_error **error)
{
        static const pyrope_call_options defaults;
        pyrope_status status;

        options = options ? options : &defaults;
        if (options->flags & ~(unsigned)PYROPE_CALL_ONEWAY)
                return error_set(error, PYROPE_E_INVALID, "unknown flags of a call: 0x%x",
                                 options->flags);
        if (!options->annotations && options->n_annotations > 0)
                return error_null(error);
        for (size_t i = 0; i < options->n_annotations; i++) {
                status = add_annotation(annotations, i, &options->annotations[i], error);
                if (status)
                        return status;
        }
        if (options->n_annotations > 0)
                call->annotations = annotations;
        call->correlation = options->correlation;
        if (options->flags & PYROPE_CALL_ONEWAY)
                call->flags |= FRAME_ONEWAY;
        *ret_deadline = context_deadline(context, options->timeout_ms);
        return PYROPE_OK;
}
