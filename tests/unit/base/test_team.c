#include <inttypes.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "mnist/base/clock.h"
#include "mnist/base/cpu.h"
#include "mnist/base/rng.h"
#include "mnist/base/team.h"

#include "../test.h"

enum { MOST_TASKS = 1000 };

struct once {
    atomic_int calls[MOST_TASKS + 1];
    int64_t results[MOST_TASKS + 1]; /* plain memory: team_run must make it visible */
};

static void count_call(void *context, int i)
{
    struct once *once = context;
    bool inside = i >= 0 && i < MOST_TASKS;
    atomic_fetch_add(&once->calls[inside ? i : MOST_TASKS], 1);
    if (inside)
        once->results[i] = (int64_t)i * i;
}

TEST(team_once, "team: each task exactly once")
{
    static const int threads[] = {1, 2, 3, 8}, tasks[] = {0, 1, 2, 7, MOST_TASKS};
    for (size_t t = 0; t < COUNT(threads); t++) {
        struct error err = {""};
        struct team *team = team_create(threads[t], &err);
        if (!check(team != NULL, "%d threads: %s", threads[t], err.text))
            return;
        check_int(team_threads(team), threads[t]);
        for (size_t k = 0; k < COUNT(tasks); k++) {
            static struct once once;
            memset(&once, 0, sizeof once);
            team_run(team, tasks[k], count_call, &once);
            int64_t sum = 0, n = tasks[k];
            for (int i = 0; i <= MOST_TASKS; i++) {
                int calls = atomic_load(&once.calls[i]);
                check(calls == (i < tasks[k]), "task %d of %d on %d threads was called %d times", i,
                      tasks[k], threads[t], calls);
                sum += once.results[i];
            }
            check(sum == (n - 1) * n * (2 * n - 1) / 6, "%d tasks on %d threads sum to %" PRId64,
                  tasks[k], threads[t], sum);
        }
        team_destroy(team);
    }
}

/* A worker that sleeps through a job wakes up in a later one with another number of tasks and
 * another context: it must neither miss nor repeat a task, nor write where the earlier job did. */
struct job {
    int number, tasks;
    int64_t results[64];
};

static void write_number(void *context, int i)
{
    struct job *job = context;
    job->results[i] += (int64_t)job->number * 64 + i;
}

static int wrong_results(const struct job *job)
{
    int wrong = 0;
    for (int i = 0; i < 64; i++)
        wrong += job->results[i] != (i < job->tasks ? (int64_t)job->number * 64 + i : 0);
    return wrong;
}

static void stress(int threads, int jobs)
{
    static struct job ring[3];
    struct error err = {""};
    struct rng rng;
    struct team *team = team_create(threads, &err);
    if (!check(team != NULL, "%s", err.text))
        return;
    rng_seed(&rng, 14, RNG_SHOW, (uint64_t)threads);
    for (int j = 0; j < jobs; j++) {
        struct job *job = &ring[j % 3];
        memset(job, 0, sizeof *job);
        job->number = j + 1;
        job->tasks = (int)rng_below(&rng, 65);
        team_run(team, job->tasks, write_number, job);
        int wrong = wrong_results(job);
        check(wrong == 0, "%d threads: job %d of %d tasks: %d results wrong", threads, j,
              job->tasks, wrong);
        if (j >= 2) {
            wrong = wrong_results(&ring[(j + 1) % 3]);
            check(wrong == 0, "%d threads: job %d changed %d results of an earlier one", threads, j,
                  wrong);
        }
        if (j % 64 == 63)
            usleep(100); /* long enough for the workers to fall asleep */
    }
    team_destroy(team);
}

TEST(team_stress, "team: many jobs in a row")
{
    static const int threads[] = {2, 3, 8};
    for (size_t t = 0; t < COUNT(threads); t++)
        stress(threads[t], 4000);
}

/* Tasks of uneven length, so that the caller falls asleep during the last ones: the thread that
 * ends last must wake it. If that wake-up were lost, the alarm would end the tests. */
static void doze(void *context, int i)
{
    usleep((unsigned)(i * 700) % 1900);
    atomic_fetch_add((atomic_int *)context, 1);
}

TEST(team_caller_sleeps, "team: the caller is woken")
{
    static const int threads[] = {2, 3, 8};
    alarm(120);
    for (size_t t = 0; t < COUNT(threads); t++) {
        struct error err = {""};
        struct team *team = team_create(threads[t], &err);
        if (!check(team != NULL, "%d threads: %s", threads[t], err.text))
            break;
        for (int round = 0; round < 40; round++) {
            atomic_int done = 0;
            int tasks = threads[t] + round % 3;
            team_run(team, tasks, doze, &done);
            check(atomic_load(&done) == tasks, "%d of %d tasks done on return", atomic_load(&done),
                  tasks);
        }
        team_destroy(team);
    }
    alarm(0);
}

/* Each of two tasks waits for the other: one thread alone cannot finish them. */
static void meet(void *context, int i)
{
    atomic_int *arrived = context;
    double start = clock_seconds();
    (void)i;
    atomic_fetch_add(arrived, 1);
    while (atomic_load(arrived) < 2 && clock_seconds() - start < 20.0)
        usleep(100);
    if (atomic_load(arrived) < 2)
        atomic_store(arrived, -1000);
}

TEST(team_parallel, "team: two threads run at once")
{
    if (cpu_count() < 2)
        skip("team: two threads run at once: one processor has no need of the second");
    struct error err = {""};
    struct team *team = team_create(2, &err);
    if (!check(team != NULL, "%s", err.text))
        return;
    for (int i = 0; i < 20; i++) {
        atomic_int arrived = 0;
        team_run(team, 2, meet, &arrived);
        if (!check(atomic_load(&arrived) == 2, "round %d: two tasks did not run at once", i))
            break;
    }
    team_destroy(team);
}

/* Workers that have hardly started must end, too. */
TEST(team_create_destroy, "team: created and destroyed unused")
{
    team_destroy(NULL);
    for (int i = 0; i < 200; i++) {
        struct error err = {""};
        int threads = i == 199 ? TEAM_MAX_THREADS : 1 + i % 5;
        struct team *team = team_create(threads, &err);
        if (!check(team != NULL, "%d threads: %s", threads, err.text))
            return;
        team_destroy(team);
    }
}
