/* SPDX-License-Identifier: MIT */

#include "broker/signature.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME_SHOWN_MAX 100 /* bytes of a stranger's keyword that are worth repeating */

static bool is_name_start(char c)
{
        return isalpha((unsigned char)c) || c == '_';
}

static bool is_name_rest(char c)
{
        return isalnum((unsigned char)c) || c == '_';
}

static size_t name_length(const char *at)
{
        size_t n = 0;

        if (!is_name_start(at[0]))
                return 0;
        while (is_name_rest(at[n]))
                n++;
        return n;
}

static bool has_name(const Signature *signature, const char *name)
{
        for (size_t i = 0; i < signature->n_names; i++)
                if (strcmp(signature->names[i], name) == 0)
                        return true;
        return false;
}

/* Cuts one name out of the text; @end is the byte behind it, which becomes its NUL. */
static int add_name(Signature *signature, char *name, char *end, ErrorText *error)
{
        *end = '\0';
        if (signature->n_names == SIGNATURE_PARAMETERS_MAX) {
                error_text_set(error, "more than %u parameters", SIGNATURE_PARAMETERS_MAX);
                return SIGNATURE_E_INVALID;
        }
        if (has_name(signature, name)) {
                error_text_set(error, "parameter '%s' is there twice", name);
                return SIGNATURE_E_INVALID;
        }
        signature->names[signature->n_names++] = name;
        return 0;
}

static int compile(Signature *signature, const char *declaration, ErrorText *error)
{
        bool is_optional = false;
        bool is_closed = false;
        int r;

        for (size_t i = 0; declaration[i];) {
                size_t n = name_length(declaration + i);

                if (n > 0 && !is_closed) {
                        r = add_name(signature, signature->text + i, signature->text + i + n,
                                     error);
                        if (r)
                                return r;
                        if (!is_optional)
                                signature->n_required++;
                        i += n;
                        continue;
                }
                if (declaration[i] == '[' && !is_optional) {
                        is_optional = true;
                } else if (declaration[i] == ']' && is_optional && !is_closed) {
                        is_closed = true;
                } else if (declaration[i] != ' ') {
                        error_text_set(error, "parameters \"%s\": unexpected '%c'", declaration,
                                       declaration[i]);
                        return SIGNATURE_E_INVALID;
                }
                i++;
        }
        if (is_optional && !is_closed) {
                error_text_set(error, "parameters \"%s\": no closing bracket", declaration);
                return SIGNATURE_E_INVALID;
        }
        return 0;
}

int signature_init(Signature *signature, const char *declaration, ErrorText *error)
{
        Signature compiled = { .n_names = 0 };
        int r;

        if (!declaration)
                declaration = "";
        compiled.text = strdup(declaration);
        if (!compiled.text)
                return -ENOMEM;

        r = compile(&compiled, declaration, error);
        if (r) {
                free(compiled.text);
                return r;
        }
        *signature = compiled;
        return 0;
}

void signature_deinit(Signature *signature)
{
        free(signature->text);
        *signature = (Signature){ .n_names = 0 };
}

/* Returns the index, or n_names. */
static size_t find_name(const Signature *signature, pyrope_view key)
{
        size_t i = 0;

        while (i < signature->n_names && !pyrope_str_equals(key, signature->names[i]))
                i++;
        return i;
}

/* For the messages; formatted only where one is due. */
typedef struct Callee Callee;

struct Callee {
        const char *class_;
        const char *method;
};

static int bind_keywords(const Signature *signature, const Callee *callee, pyrope_view kwargs,
                         pyrope_view ret[static SIGNATURE_PARAMETERS_MAX], ErrorText *error)
{
        pyrope_view key;
        pyrope_view value;

        for (pyrope_iter it = pyrope_each(kwargs); pyrope_next(&it, &key, &value);) {
                size_t i = find_name(signature, key);
                const char *name = "";
                size_t n_name = 0;

                if (i == signature->n_names) {
                        (void)pyrope_get_str(key, &name, &n_name); /* else the name is empty */
                        error_text_set(error, "%s.%s() got an unexpected keyword argument '%.*s'",
                                       callee->class_, callee->method,
                                       n_name < NAME_SHOWN_MAX ? (int)n_name : NAME_SHOWN_MAX,
                                       name);
                        return SIGNATURE_E_MISMATCH;
                }
                if (ret[i].at) {
                        error_text_set(error, "%s.%s() got multiple values for argument '%s'",
                                       callee->class_, callee->method, signature->names[i]);
                        return SIGNATURE_E_MISMATCH;
                }
                ret[i] = value;
        }
        return 0;
}

/* Python counts the object itself as an argument. */
static int too_many(const Signature *signature, const Callee *callee, size_t n_given,
                    ErrorText *error)
{
        size_t n_most = signature->n_names + 1;
        size_t n_least = signature->n_required + 1;

        if (n_least < n_most)
                error_text_set(error,
                               "%s.%s() takes from %zu to %zu positional arguments but %zu "
                               "were given",
                               callee->class_, callee->method, n_least, n_most, n_given + 1);
        else
                error_text_set(error, "%s.%s() takes %zu positional argument%s but %zu were given",
                               callee->class_, callee->method, n_most, n_most == 1 ? "" : "s",
                               n_given + 1);
        return SIGNATURE_E_MISMATCH;
}

/* What stands before the next of @n_left missing names: 'a', 'b', and 'c'; 'a' and 'b'. */
static const char *separator(size_t n_before, size_t n_left)
{
        if (n_before == 0)
                return "";
        if (n_left > 1)
                return ", ";
        return n_before > 1 ? ", and " : " and ";
}

static int missing(const Signature *signature, const Callee *callee, size_t n_missing,
                   const pyrope_view *bound, ErrorText *error)
{
        char names[ERROR_TEXT_SIZE] = "";
        size_t n_before = 0;
        size_t n = 0;

        for (size_t i = 0; i < signature->n_required && n < sizeof(names); i++) {
                if (bound[i].at)
                        continue;
                n += (size_t)snprintf(names + n, sizeof(names) - n, "%s'%s'",
                                      separator(n_before, n_missing - n_before),
                                      signature->names[i]);
                n_before++;
        }
        error_text_set(error, "%s.%s() missing %zu required positional argument%s: %s",
                       callee->class_, callee->method, n_missing, n_missing == 1 ? "" : "s", names);
        return SIGNATURE_E_MISMATCH;
}

int signature_bind(const Signature *signature, const char *class_, const char *method,
                   pyrope_view args, pyrope_view kwargs,
                   pyrope_view ret[static SIGNATURE_PARAMETERS_MAX], ErrorText *error)
{
        const Callee callee = { .class_ = class_, .method = method };
        size_t n_given = pyrope_count(args);
        size_t n_missing = 0;
        size_t i = 0;
        pyrope_view value;
        int r;

        memset(ret, 0, sizeof(*ret) * signature->n_names);
        for (pyrope_iter it = pyrope_each(args);
             i < signature->n_names && pyrope_next(&it, NULL, &value);)
                ret[i++] = value;

        /* The order of the checks is CPython's. */
        r = bind_keywords(signature, &callee, kwargs, ret, error);
        if (r)
                return r;
        if (n_given > signature->n_names)
                return too_many(signature, &callee, n_given, error);
        for (i = 0; i < signature->n_required; i++)
                n_missing += !ret[i].at;
        if (n_missing > 0)
                return missing(signature, &callee, n_missing, ret, error);
        return 0;
}
