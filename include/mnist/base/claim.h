/* Claims: that a file is ours to write until we are done, though it takes hours.
 *
 * A claim on FOLDER/NAME is a lock (POSIX fcntl) on the empty file FOLDER/.NAME.mnist-lock, which
 * is unlinked while the lock is held. A killed process leaves that file without its lock, and the
 * next claim takes it over. */
#ifndef MNIST_CLAIM_H
#define MNIST_CLAIM_H

#include <limits.h>

#include "mnist/base/error.h"

struct claim {
    char path[PATH_MAX]; /* of the lock file; empty: nothing is claimed */
    int fd;
};

/* Claims the file that writing to `path` replaces; nothing is claimed where nothing is replaced,
 * nor on a file system without locks. -1 with err filled when another process has it, which err
 * names, or when the lock file cannot be made. */
int claim_take(struct claim *claim, const char *path, struct error *err);

/* Gives it back. A struct of zeros is allowed. */
void claim_release(struct claim *claim);

/* What came of asking for a lock. */
enum claim_lock { CLAIM_GRANTED, CLAIM_HELD, CLAIM_IMPOSSIBLE };

/* Locks a whole file that is open for writing, until it is closed, without waiting. CLAIM_HELD:
 * another process has it, *holder, or 0 if that cannot be told. CLAIM_IMPOSSIBLE: the file system
 * has no locks. */
enum claim_lock claim_lock(int fd, int *holder);

/* Fills err: `path` is being written by the process `holder`. Returns -1. */
int claim_refuse(const char *path, int holder, struct error *err);

#endif
