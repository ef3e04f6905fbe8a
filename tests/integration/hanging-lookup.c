/* SPDX-License-Identifier: MIT */

/* A name server that does not answer, for programs that preload this. Numbers are found as ever. */

#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>

__attribute__((visibility("default"))) int getaddrinfo(const char *host, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **ret)
{
        int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
                (int (*)(const char *, const char *, const struct addrinfo *,
                         struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");

        if (hints && hints->ai_flags & AI_NUMERICHOST)
                return real(host, service, hints, ret);
        for (;;)
                (void)pause();
}
