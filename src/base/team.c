#include "mnist/base/team.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "mnist/base/cpu.h"
#include "mnist/base/memory.h"

/* Each thread has a range of the tasks and a count of those left, which goes down to zero. The
 * thread that takes the count from n to n-1 (compare and swap) owns the n-th task from the range's
 * end. So a thread that sleeps through a whole job does no harm: it finds either zero, or a task of
 * the current job, which was published before the count. The caller therefore waits for tasks,
 * never for threads. */
struct range {
    _Alignas(64) atomic_int left;
    int end;
};

struct worker {
    struct team *team;
    pthread_t thread;
    int index;
};

struct team {
    int threads, started;
    struct range *ranges;   /* [threads] */
    struct worker *workers; /* [threads]; 0 is the caller */
    void (*task)(void *, int);
    void *context;
    _Alignas(64) atomic_int unfinished; /* tasks of this job that have not returned */
    _Alignas(64) atomic_uint job;       /* how many jobs were started */
    atomic_bool stop;
    atomic_int sleeping;         /* workers that wait for `wake` */
    atomic_bool caller_sleeping; /* the caller waits for `done` */
    int processors;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
};

/* How often to look before going to sleep: about 10 µs. A phase of training takes tens of µs, so
 * this often saves the two system calls of a sleep; more would waste a processor. */
enum { SPIN = 600 };

static bool take_task(struct range *range, int *index)
{
    int left = atomic_load_explicit(&range->left, memory_order_relaxed);
    while (left > 0) {
        if (atomic_compare_exchange_weak_explicit(&range->left, &left, left - 1,
                                                  memory_order_acq_rel, memory_order_relaxed)) {
            *index = range->end - left;
            return true;
        }
    }
    return false;
}

/* Works through the thread's own range, then through what is left of the others'. Finished tasks
 * are counted once per range, since all threads contend for the count. */
static void work(struct team *team, int self)
{
    for (int i = 0; i < team->threads; i++) {
        struct range *range = &team->ranges[(self + i) % team->threads];
        int index, finished = 0;
        for (; take_task(range, &index); finished++)
            team->task(team->context, index);
        if (finished && atomic_fetch_sub(&team->unfinished, finished) == finished &&
            atomic_load(&team->caller_sleeping)) {
            pthread_mutex_lock(&team->lock);
            pthread_cond_signal(&team->done);
            pthread_mutex_unlock(&team->lock);
        }
    }
}

static void wait_for_job(struct team *team, unsigned seen)
{
    for (int i = 0; i < SPIN; i++) {
        if (atomic_load(&team->job) != seen)
            return;
        cpu_relax();
    }
    pthread_mutex_lock(&team->lock);
    atomic_fetch_add(&team->sleeping, 1);
    while (atomic_load(&team->job) == seen && !atomic_load(&team->stop))
        pthread_cond_wait(&team->wake, &team->lock);
    atomic_fetch_sub(&team->sleeping, 1);
    pthread_mutex_unlock(&team->lock);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct team *team = worker->team;
    unsigned seen = 0;
    while (!atomic_load(&team->stop)) {
        wait_for_job(team, seen);
        seen = atomic_load(&team->job);
        work(team, worker->index);
    }
    return NULL;
}

/* Wakes no more workers than there are processors for: of eight threads on two processors, six
 * sleep. */
static void wake_workers(struct team *team)
{
    int sleeping = atomic_load(&team->sleeping), awake = team->threads - sleeping;
    int wanted = team->processors - awake;
    if (sleeping == 0 || wanted <= 0)
        return;
    pthread_mutex_lock(&team->lock);
    for (int i = 0; i < wanted && i < sleeping; i++)
        pthread_cond_signal(&team->wake);
    pthread_mutex_unlock(&team->lock);
}

/* Makes the lock and its two conditions: all of them or, on failure, none. */
static int init_waiting(struct team *team, struct error *err)
{
    int code = pthread_mutex_init(&team->lock, NULL);
    if (code)
        return error_set(err, "cannot make a lock for threads (%s)", strerror(code));
    code = pthread_cond_init(&team->wake, NULL);
    if (!code) {
        code = pthread_cond_init(&team->done, NULL);
        if (!code)
            return 0;
        pthread_cond_destroy(&team->wake);
    }
    pthread_mutex_destroy(&team->lock);
    return error_set(err, "cannot make a condition for threads (%s)", strerror(code));
}

/* Signals are for the caller: it may wait for something that a signal has to end. */
static int start_worker(struct worker *worker)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&worker->thread, NULL, worker_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

struct team *team_create(int threads, struct error *err)
{
    struct team *team = mem_calloc(1, sizeof *team, err);
    if (!team)
        return NULL;
    if (init_waiting(team, err)) {
        mem_free(team);
        return NULL;
    }
    team->threads = threads;
    team->started = 1;
    team->processors = cpu_count();
    team->ranges = mem_calloc((size_t)threads, sizeof *team->ranges, err);
    team->workers = mem_calloc((size_t)threads, sizeof *team->workers, err);
    if (!team->ranges || !team->workers) {
        team_destroy(team);
        return NULL;
    }
    for (int i = 1; i < threads; i++) {
        struct worker *worker = &team->workers[i];
        worker->team = team;
        worker->index = i;
        if (start_worker(worker)) {
            team->threads = i;
            break;
        }
        team->started++;
    }
    return team;
}

void team_destroy(struct team *team)
{
    if (!team)
        return;
    atomic_store(&team->stop, true);
    pthread_mutex_lock(&team->lock);
    pthread_cond_broadcast(&team->wake);
    pthread_mutex_unlock(&team->lock);
    for (int i = 1; i < team->started; i++)
        pthread_join(team->workers[i].thread, NULL);
    pthread_mutex_destroy(&team->lock);
    pthread_cond_destroy(&team->wake);
    pthread_cond_destroy(&team->done);
    mem_free(team->ranges);
    mem_free(team->workers);
    mem_free(team);
}

int team_threads(const struct team *team)
{
    return team->threads;
}

static void wait_until_done(struct team *team)
{
    for (int i = 0; i < SPIN; i++) {
        if (atomic_load(&team->unfinished) == 0)
            return;
        cpu_relax();
    }
    pthread_mutex_lock(&team->lock);
    atomic_store(&team->caller_sleeping, true);
    while (atomic_load(&team->unfinished) > 0)
        pthread_cond_wait(&team->done, &team->lock);
    atomic_store(&team->caller_sleeping, false);
    pthread_mutex_unlock(&team->lock);
}

void team_run(struct team *team, int tasks, void (*task)(void *context, int i), void *context)
{
    if (!team || team->threads == 1 || tasks == 1) {
        for (int i = 0; i < tasks; i++)
            task(context, i);
        return;
    }
    team->task = task;
    team->context = context;
    atomic_store(&team->unfinished, tasks);
    for (int t = 0; t < team->threads; t++) {
        struct range *range = &team->ranges[t];
        int first = (int)((int64_t)tasks * t / team->threads);
        range->end = (int)((int64_t)tasks * (t + 1) / team->threads);
        atomic_store_explicit(&range->left, range->end - first, memory_order_release);
    }
    atomic_fetch_add(&team->job, 1);
    wake_workers(team);
    work(team, 0);
    wait_until_done(team);
}
