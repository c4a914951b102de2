/* A team of threads with one entry point: a parallel for over tasks.
 *
 * Tasks own outputs, never a share of a sum, so which thread ran which task leaves no trace in the
 * result. One thread means a plain loop in the caller. */
#ifndef MNIST_TEAM_H
#define MNIST_TEAM_H

#include "mnist/base/error.h"

struct team;

enum { TEAM_MAX_THREADS = 256 };

/* A team of `threads` (1 … TEAM_MAX_THREADS), the caller among them. NULL with err filled when a
 * thread cannot be started. The caller owns it and gives it to team_destroy, which waits for the
 * threads to end. */
struct team *team_create(int threads, struct error *err);
void team_destroy(struct team *team);

int team_threads(const struct team *team);

/* Calls task(context, i) once for each i in 0 … tasks-1, in any order and on any thread of the
 * team, and returns when all are done; what they wrote is then visible to the caller. Every thread
 * starts with a range of its own (the same one for the same number of tasks, so its data stays in
 * its cache) and helps the others when that is done. Tasks may not call team_run. Cannot fail. */
void team_run(struct team *team, int tasks, void (*task)(void *context, int i), void *context);

#endif
