/* SPDX-License-Identifier: MIT */

#include <pyrope/daemon.h>

typedef struct Bar {
        double length, conductivity;
} Bar;

static int flux(pyrope_call *call, void *self)
{
        const Bar *bar = self;
        double hot, cold = 0;

        if (pyrope_arguments(call, "ff", &hot, &cold))
                return PYROPE_RAISED;
        if (hot < cold)
                return pyrope_raise(call, "ValueError", "%g is colder than %g", hot, cold);
        return pyrope_reply(call, "f", bar->conductivity * (hot - cold) / bar->length);
}

static const pyrope_method methods[] = {
        { "flux", "hot [cold]", flux, 0, "heat that flows through the bar, in W/m2" },
        { 0 },
};
static const pyrope_class class_ = { .name = "Bar", .methods = methods };

int main(void)
{
        Bar bar = { .length = 0.5, .conductivity = 52 };

        return pyrope_serve(&class_, &bar, "bar");
}
