/* A team of threads with one entry point: a parallel for over tasks.
 *
 * A task owns outputs, never a share of a sum, so the result does not depend on which thread ran
 * which task. A team of one thread is a plain loop in the caller. */
#ifndef MNIST_TEAM_H
#define MNIST_TEAM_H

#include "mnist/base/error.h"

struct team;

enum { TEAM_MAX_THREADS = 256 };

/* A team of `threads` (1 … TEAM_MAX_THREADS), including the caller's, or of fewer where the system
 * starts no more. NULL with err filled when memory is short. The caller owns it and gives it to
 * team_destroy, which waits for the threads to end. */
struct team *team_create(int threads, struct error *err);
void team_destroy(struct team *team);

/* How many threads there are, the caller's included. */
int team_threads(const struct team *team);

/* Calls task(context, i) once for each i in 0 … tasks-1, in any order and on any thread of the
 * team, and returns when all are done; what they wrote is then visible to the caller. Every thread
 * starts with its own range (the same one for the same number of tasks, so its data stays in its
 * cache) and then helps the others. Without a team (NULL) the caller does it all. Tasks may not
 * call team_run. Cannot fail. */
void team_run(struct team *team, int tasks, void (*task)(void *context, int i), void *context);

#endif
