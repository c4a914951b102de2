/* Loaded before the C library (LD_PRELOAD): after $THREADS of them no thread can be started, with
 * the error $CODE. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef int create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                   void *(*start)(void *), void *restrict context)
{
    static int started;
    create *real;
    void *found = dlsym(RTLD_NEXT, "pthread_create");
    memcpy(&real, &found, sizeof real); /* C has no cast from data to function */
    if (started == atoi(getenv("THREADS")))
        return atoi(getenv("CODE"));
    started++;
    return real(thread, attributes, start, context);
}
