/* SPDX-License-Identifier: MIT */

#include <pyrope/daemon.h>

namespace
{

struct Bar {
        double length, conductivity;
};

int flux(pyrope_call *call, void *self)
{
        const Bar *bar = static_cast<const Bar *>(self);
        double hot, cold = 0;

        if (pyrope_arguments(call, "ff", &hot, &cold))
                return PYROPE_RAISED;
        if (hot < cold)
                return pyrope_raise(call, "ValueError", "%g is colder than %g", hot, cold);
        return pyrope_reply(call, "f", bar->conductivity * (hot - cold) / bar->length);
}

const pyrope_method methods[] = {
        { "flux", "hot [cold]", flux, 0, "heat that flows through the bar, in W/m2" },
        {},
};
const pyrope_class class_ = { "Bar", methods, nullptr, 0, nullptr };

} // namespace

int main()
{
        Bar bar = { 0.5, 52 };

        return pyrope_serve(&class_, &bar, "bar");
}
