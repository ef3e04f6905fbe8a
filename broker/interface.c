/* SPDX-License-Identifier: MIT */

#include "broker/interface.h"

#include "proto/value.h"

#include <errno.h>
#include <string.h>

/* Special names of Python that no peer may reach, as Pyro5 has them. */
static const char *const hidden_names[] = {
        "__init__",
        "__init_subclass__",
        "__class__",
        "__module__",
        "__weakref__",
        "__call__",
        "__new__",
        "__del__",
        "__repr__",
        "__str__",
        "__format__",
        "__nonzero__",
        "__bool__",
        "__coerce__",
        "__cmp__",
        "__eq__",
        "__ne__",
        "__hash__",
        "__ge__",
        "__gt__",
        "__le__",
        "__lt__",
        "__dir__",
        "__enter__",
        "__exit__",
        "__copy__",
        "__deepcopy__",
        "__sizeof__",
        "__getattr__",
        "__setattr__",
        "__hasattr__",
        "__getattribute__",
        "__delattr__",
        "__instancecheck__",
        "__subclasscheck__",
        "__getinitargs__",
        "__getnewargs__",
        "__getstate__",
        "__setstate__",
        "__reduce__",
        "__reduce_ex__",
        "__subclasshook__",
};

static bool same_name(const char *ours, const char *name, size_t n_name)
{
        return strlen(ours) == n_name && memcmp(ours, name, n_name) == 0;
}

bool interface_is_private(const char *name, size_t n_name)
{
        if (n_name == 0 || name[0] != '_')
                return false;
        if (n_name <= 4 || memcmp(name, "__", 2) != 0 || memcmp(name + n_name - 2, "__", 2) != 0)
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(hidden_names); i++)
                if (same_name(hidden_names[i], name, n_name))
                        return true;
        return false;
}

Interface *interface_free(Interface *interface)
{
        if (!interface)
                return NULL;
        pyrope_value_free(interface->metadata);
        for (size_t i = 0; i < interface->n_methods; i++)
                signature_deinit(&interface->methods[i].signature);
        free(interface->methods);
        free(interface);
        return NULL;
}

/* The order of bytes, then of length, which is strcmp()'s; a peer's name may hold NUL. */
static int compare_name(const char *ours, const char *name, size_t n_name)
{
        size_t n_ours = strlen(ours);
        int order = memcmp(ours, name, n_ours < n_name ? n_ours : n_name);

        return order ? order : (n_ours > n_name) - (n_ours < n_name);
}

static int compare_methods(const void *one, const void *other)
{
        const InterfaceMethod *a = one;
        const InterfaceMethod *b = other;

        return strcmp(a->method->name, b->method->name);
}

const InterfaceMethod *interface_find_method(const Interface *interface, const char *name,
                                             size_t n_name)
{
        size_t low = 0;
        size_t high = interface->n_methods;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const InterfaceMethod *method = &interface->methods[middle];
                int order = compare_name(method->method->name, name, n_name);

                if (order == 0)
                        return method;
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

const pyrope_attribute *interface_find_attribute(const Interface *interface, const char *name,
                                                 size_t n_name)
{
        const pyrope_attribute *attribute = interface->class_->attributes;

        for (; attribute && attribute->name; attribute++)
                if (same_name(attribute->name, name, n_name))
                        return attribute;
        return NULL;
}

static bool is_identifier(const char *name)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
        static const char more[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

        return strspn(name, letters) > 0 && name[strspn(name, more)] == '\0';
}

static int check_name(const char *class_, const char *name, ErrorText *error)
{
        if (!is_identifier(name)) {
                error_text_set(error, "class %s: '%s' is no name", class_, name);
                return INTERFACE_E_INVALID;
        }
        if (interface_is_private(name, strlen(name))) {
                error_text_set(error, "class %s: '%s' is a private name, which nobody could call",
                               class_, name);
                return INTERFACE_E_INVALID;
        }
        return 0;
}

static int check_flags(const pyrope_class *class_, const pyrope_method *method, ErrorText *error)
{
        unsigned unknown = method->flags & ~(unsigned)(PYROPE_ONEWAY | PYROPE_WAITS);

        if (unknown) {
                error_text_set(error, "class %s: method %s has unknown flags: 0x%x", class_->name,
                               method->name, unknown);
                return INTERFACE_E_INVALID;
        }
        if ((method->flags & PYROPE_WAITS) && !(class_->flags & PYROPE_CONCURRENT)) {
                error_text_set(error,
                               "class %s: method %s is PYROPE_WAITS, and the class not "
                               "PYROPE_CONCURRENT",
                               class_->name, method->name);
                return INTERFACE_E_INVALID;
        }
        return 0;
}

static int add_method(Interface *interface, const pyrope_method *method, ErrorText *error)
{
        InterfaceMethod *added = &interface->methods[interface->n_methods];
        const char *class_ = interface->class_->name;
        ErrorText why = { .text = "" };
        int r;

        r = check_name(class_, method->name, error);
        if (r)
                return r;
        if (!method->run) {
                error_text_set(error, "class %s: method %s has no function", class_, method->name);
                return INTERFACE_E_INVALID;
        }

        r = check_flags(interface->class_, method, error);
        if (r)
                return r;

        r = signature_init(&added->signature, method->parameters, &why);
        if (r == SIGNATURE_E_INVALID) {
                error_text_set(error, "class %s: method %s: %s", class_, method->name, why.text);
                return INTERFACE_E_INVALID;
        }
        if (r)
                return error_fold(r);
        added->method = method;
        interface->has_waits |= (method->flags & PYROPE_WAITS) != 0;
        interface->n_methods++;
        return 0;
}

static int compile_methods(Interface *interface, ErrorText *error)
{
        const pyrope_class *class_ = interface->class_;
        size_t n = 0;
        int r;

        while (class_->methods && class_->methods[n].name)
                n++;
        interface->methods = calloc(n + 1, sizeof(*interface->methods));
        if (!interface->methods)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                r = add_method(interface, &class_->methods[i], error);
                if (r)
                        return r;
        }

        qsort(interface->methods, n, sizeof(*interface->methods), compare_methods);
        for (size_t i = 1; i < n; i++) {
                if (compare_methods(&interface->methods[i - 1], &interface->methods[i]) == 0) {
                        error_text_set(error, "class %s: method %s is there twice", class_->name,
                                       interface->methods[i].method->name);
                        return INTERFACE_E_INVALID;
                }
        }
        return 0;
}

static int check_attributes(const Interface *interface, ErrorText *error)
{
        const pyrope_class *class_ = interface->class_;
        const pyrope_attribute *attribute = class_->attributes;
        int r;

        if (interface->n_methods == 0 && !(attribute && attribute->name)) {
                /* Stock clients refuse such an object. */
                error_text_set(error, "class %s has neither methods nor attributes", class_->name);
                return INTERFACE_E_INVALID;
        }
        for (; attribute && attribute->name; attribute++) {
                const char *name = attribute->name;

                r = check_name(class_->name, name, error);
                if (r)
                        return r;
                if (!attribute->get) {
                        error_text_set(error, "class %s: attribute %s cannot be read", class_->name,
                                       name);
                        return INTERFACE_E_INVALID;
                }
                if (interface_find_method(interface, name, strlen(name)) ||
                    interface_find_attribute(interface, name, strlen(name)) != attribute) {
                        error_text_set(error, "class %s: %s is there twice", class_->name, name);
                        return INTERFACE_E_INVALID;
                }
        }
        return 0;
}

/* The names of the methods that have all of @flags. */
static void write_methods(pyrope_writer *writer, const Interface *interface, unsigned flags)
{
        size_t n = 0;

        for (size_t i = 0; i < interface->n_methods; i++)
                n += (interface->methods[i].method->flags & flags) == flags;
        pyrope_write_list(writer, n);
        for (size_t i = 0; i < interface->n_methods; i++)
                if ((interface->methods[i].method->flags & flags) == flags)
                        pyrope_write_str(writer, interface->methods[i].method->name);
}

static void write_attributes(pyrope_writer *writer, const pyrope_attribute *attributes)
{
        size_t n = 0;

        while (attributes && attributes[n].name)
                n++;
        pyrope_write_list(writer, n);
        for (size_t i = 0; i < n; i++)
                pyrope_write_str(writer, attributes[i].name);
}

static int pack_metadata(Interface *interface)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();

        if (!writer)
                return -ENOMEM;
        pyrope_write_map(writer, 3);
        pyrope_write_str(writer, "methods");
        write_methods(writer, interface, 0);
        pyrope_write_str(writer, "oneway");
        write_methods(writer, interface, PYROPE_ONEWAY);
        pyrope_write_str(writer, "attrs");
        write_attributes(writer, interface->class_->attributes);
        if (pyrope_writer_take(writer, &interface->metadata, NULL) != PYROPE_OK)
                return -ENOMEM; /* the names were checked, so nothing else can fail */
        return 0;
}

int interface_new(const pyrope_class *class_, Interface **ret, ErrorText *error)
{
        CLEANUP(interface_freep) Interface *interface = NULL;
        int r;

        if (!class_->name || !class_->name[0]) {
                error_text_set(error, "the class has no name");
                return INTERFACE_E_INVALID;
        }
        if (class_->flags & ~(unsigned)PYROPE_CONCURRENT) {
                error_text_set(error, "class %s has unknown flags: 0x%x", class_->name,
                               class_->flags & ~(unsigned)PYROPE_CONCURRENT);
                return INTERFACE_E_INVALID;
        }
        interface = calloc(1, sizeof(*interface));
        if (!interface)
                return -ENOMEM;
        interface->class_ = class_;

        r = compile_methods(interface, error);
        if (r)
                return r;
        r = check_attributes(interface, error);
        if (r)
                return r;
        r = pack_metadata(interface);
        if (r)
                return r;
        *ret = TAKE(interface);
        return 0;
}
