/* SPDX-License-Identifier: MIT */

/*
 * The C end of arrays.py: numpy's arrays, there and back.
 *
 *      array-peer serve SOCKET     the object "arrays", see below; prints "READY URI"
 *      array-peer call URI         sends arrays of every dtype to such an object in Python, and
 * looks at what comes back; prints "N arrays, 0 wrong"
 */

#include <pyrope/daemon.h>
#include <pyrope/pyrope.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_MANY 131072 /* items of an array that is sent from where it lies */

/* -- server ----------------------------------------------------------------------------------- */

static int get_array(pyrope_call *call, pyrope_array *ret)
{
        pyrope_view item;

        if (pyrope_arguments(call, "v", &item))
                return PYROPE_RAISED;
        if (pyrope_call_array(call, item, NULL, ret) != PYROPE_OK)
                return pyrope_raise(call, "TypeError", "no array of numbers");
        return 0;
}

/* [dtype, shape, bytes, whether the data are where the dtype wants them] */
static int describe(pyrope_call *call, void *self)
{
        pyrope_writer *writer = pyrope_result(call);
        pyrope_array array;
        size_t n_item;

        (void)self;
        if (get_array(call, &array))
                return PYROPE_RAISED;
        n_item = strtoul(array.dtype + 2, NULL, 10) / (array.dtype[1] == 'c' ? 2 : 1);
        pyrope_write_list(writer, 4);
        pyrope_write_str(writer, array.dtype);
        pyrope_write_list(writer, array.n_dimensions);
        for (size_t i = 0; i < array.n_dimensions; i++)
                pyrope_write_uint(writer, array.shape[i]);
        pyrope_write_bytes(writer, array.data, array.n_bytes);
        pyrope_write_bool(writer, (uintptr_t)array.data % n_item == 0);
        return 0;
}

static int echo(pyrope_call *call, void *self)
{
        pyrope_array array;

        (void)self;
        return get_array(call, &array) ? PYROPE_RAISED : pyrope_reply(call, "a", &array);
}

/* The same from memory of its own, which is lent to the answer. */
static int lend(pyrope_call *call, void *self)
{
        pyrope_array array;
        void *data;

        (void)self;
        if (get_array(call, &array))
                return PYROPE_RAISED;
        data = malloc(array.n_bytes + 1);
        if (!data)
                return pyrope_raise(call, "MemoryError", "out of memory");
        memcpy(data, array.data, array.n_bytes);
        array.data = data;
        return pyrope_reply(call, "A", &array, free, data);
}

static const pyrope_method methods[] = {
        { "describe", "array", describe, 0, "dtype, shape, data, and whether these are aligned" },
        { "echo", "array", echo, 0, "the array" },
        { "lend", "array", lend, 0, "the array, without a copy" },
        { 0 },
};
static const pyrope_class class_ = { .name = "Arrays", .methods = methods };

static int serve(const char *socket)
{
        const pyrope_daemon_options options = { .socket = socket };
        pyrope_daemon *daemon = NULL;
        pyrope_status status;

        status = pyrope_daemon_new(&options, &daemon, NULL);
        if (!status)
                status = pyrope_daemon_register(daemon, "arrays", &class_, NULL, NULL);
        if (!status)
                status = pyrope_daemon_run(daemon, NULL);
        pyrope_daemon_free(daemon);
        return status != PYROPE_OK;
}

/* -- client ----------------------------------------------------------------------------------- */

static const struct {
        const char *dtype;
        size_t n_item;  /* bytes */
        size_t n_align; /* where an item may stand */
} dtypes[] = {
        { "|b1", 1, 1 }, { "|i1", 1, 1 },   { "<i2", 2, 2 }, { "<i4", 4, 4 },
        { "<i8", 8, 8 }, { "|u1", 1, 1 },   { "<u2", 2, 2 }, { "<u4", 4, 4 },
        { "<u8", 8, 8 }, { "<f2", 2, 2 },   { "<f4", 4, 4 }, { "<f8", 8, 8 },
        { "<c8", 8, 4 }, { "<c16", 16, 8 }, { ">i4", 4, 4 }, { ">f8", 8, 8 },
};

static const struct {
        size_t n_dimensions, shape[3], n_items;
} shapes[] = {
        { 0, { 0 }, 1 },           { 1, { 0 }, 0 },
        { 1, { 7 }, 7 },           { 2, { 3, 4 }, 12 },
        { 3, { 2, 3, 4 }, 24 },    { 3, { 5, 0, 2 }, 0 },
        { 1, { N_MANY }, N_MANY }, { 2, { 512, N_MANY / 512 }, N_MANY },
};

static unsigned n_arrays, n_wrong;

/* The method gives back the same, aligned. */
static void expect_same(pyrope_proxy *proxy, const char *method, const pyrope_array *array,
                        size_t n_align)
{
        pyrope_error *error = NULL;
        pyrope_value *value = NULL;
        pyrope_array got = { .n_bytes = 0 };
        pyrope_status status;

        n_arrays++;
        status = pyrope_callf(proxy, method, &value, &error, "a", array);
        if (!status)
                status = pyrope_value_array(value, pyrope_value_view(value), array->dtype, &got);
        if (status || got.n_dimensions != array->n_dimensions ||
            memcmp(got.shape, array->shape, array->n_dimensions * sizeof(*got.shape)) != 0 ||
            got.n_bytes != array->n_bytes || memcmp(got.data, array->data, got.n_bytes) != 0 ||
            (uintptr_t)got.data % n_align) {
                fprintf(stderr, "%s of %zu bytes of %s: %s\n", method, array->n_bytes, array->dtype,
                        error ? pyrope_error_text(error) : pyrope_strerror(status));
                n_wrong++;
        }
        pyrope_value_free(value);
        pyrope_error_free(error);
}

static void expect_refused(pyrope_proxy *proxy, const char *kind)
{
        pyrope_value *value = NULL;
        pyrope_array got;

        n_arrays++;
        if (pyrope_callf(proxy, "strange", &value, NULL, "s", kind) != PYROPE_OK ||
            pyrope_value_array(value, pyrope_value_view(value), NULL, &got) != PYROPE_E_TYPE) {
                fprintf(stderr, "an array of kind %s is taken\n", kind);
                n_wrong++;
        }
        pyrope_value_free(value);
}

static void try_all(pyrope_proxy *proxy, const uint8_t *data)
{
        static const char *const kinds[] = { "object", "structure", "text" };

        for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++)
                for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++) {
                        pyrope_array array = { .n_dimensions = shapes[k].n_dimensions,
                                               .data = data,
                                               .n_bytes = shapes[k].n_items * dtypes[i].n_item };

                        memcpy(array.dtype, dtypes[i].dtype, strlen(dtypes[i].dtype) + 1);
                        memcpy(array.shape, shapes[k].shape, sizeof(shapes[k].shape));
                        expect_same(proxy, "echo", &array, dtypes[i].n_align);
                        expect_same(proxy, "fortran", &array, dtypes[i].n_align);
                }
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                expect_refused(proxy, kinds[i]);
}

static int call(const char *uri)
{
        pyrope_context *context = NULL;
        pyrope_proxy *proxy = NULL;
        pyrope_error *error = NULL;
        const size_t n_data = 16 * N_MANY;
        uint8_t *data = malloc(n_data);

        if (!data || pyrope_context_new(NULL, &context, &error) ||
            pyrope_proxy_new(context, uri, 0, &proxy, &error)) {
                fprintf(stderr, "%s\n", error ? pyrope_error_text(error) : "out of memory");
                return 1;
        }
        for (size_t i = 0; i < n_data; i++)
                data[i] = i % 3 == 0; /* a bool is 0 or 1 */
        try_all(proxy, data);
        printf("%u arrays, %u wrong\n", n_arrays, n_wrong);
        pyrope_proxy_free(proxy);
        pyrope_context_free(context);
        free(data);
        return n_wrong > 0;
}

int main(int argc, char **argv)
{
        if (argc == 3 && strcmp(argv[1], "serve") == 0)
                return serve(argv[2]);
        if (argc == 3 && strcmp(argv[1], "call") == 0)
                return call(argv[2]);
        fprintf(stderr, "usage: array-peer serve SOCKET | call URI\n");
        return 2;
}
