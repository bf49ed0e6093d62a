/**
 * The C of a team of threads, as in `wasm/team.ts`: the caller posts a region of so many parts and begins with
 * them itself; helpers that are awake take parts too. A helper that finds none for a while sleeps.
 *
 * @module
 */

/** Prints the team of a program whose regions have so many parts. */
export function teamText(parts: number, times: number): string {
  return `
#include <pthread.h>
#include <sched.h>
/* The number of the region times 256, plus the next part; of the region before the first, all are taken. */
static _Alignas(64) word ticket = 255;
static _Alignas(64) word done;
static _Alignas(64) int asleep;
static _Alignas(64) struct { char *m; const word *table; int region, times[${times + 1}]; } now;
static int leave;
static pthread_t helpers[${parts - 1}];
static int helping;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t news = PTHREAD_COND_INITIALIZER;
#if defined(__x86_64__)
#define pause_here() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define pause_here() __asm__ volatile("yield")
#else
#define pause_here() ((void)0)
#endif
static void dispatch(int region, char *m, const word *table, int part, const int *times);
/* Takes parts as long as there are any. */
static void claim(void) {
  for (;;) {
    word seen = __atomic_load_n(&ticket, __ATOMIC_ACQUIRE);
    if ((seen & 255) >= ${parts}) return;
    if (!__atomic_compare_exchange_n(&ticket, &seen, seen + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) continue;
    dispatch(now.region, now.m, now.table, seen & 255, now.times);
    __atomic_add_fetch(&done, 1, __ATOMIC_RELEASE);
  }
}
static void *help(void *unused) {
  for (;;) {
    claim();
    word seen = __atomic_load_n(&ticket, __ATOMIC_ACQUIRE);
    for (int i = 0; i < 20000 && (seen & 255) >= ${parts}; i++) {
      pause_here();
      if ((i & 255) == 255) sched_yield();
      seen = __atomic_load_n(&ticket, __ATOMIC_ACQUIRE);
    }
    if ((seen & 255) < ${parts}) continue;
    pthread_mutex_lock(&lock);
    __atomic_add_fetch(&asleep, 1, __ATOMIC_SEQ_CST);
    while (!leave && __atomic_load_n(&ticket, __ATOMIC_SEQ_CST) == seen) pthread_cond_wait(&news, &lock);
    __atomic_sub_fetch(&asleep, 1, __ATOMIC_SEQ_CST);
    const int over = leave;
    pthread_mutex_unlock(&lock);
    if (over) return unused;
  }
}
static void wake(void) {
  pthread_mutex_lock(&lock);
  pthread_cond_broadcast(&news);
  pthread_mutex_unlock(&lock);
}
/* Lets all threads do a region; the caller does something else first. */
static void post(int region, char *m, const word *table, const int *times) {
  now.region = region;
  now.m = m;
  now.table = table;
  for (int i = 0; i < ${times}; i++) now.times[i] = times[i];
  __atomic_store_n(&done, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&ticket, (ticket | 255) + 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&asleep, __ATOMIC_SEQ_CST) > 0) wake();
}
static void join(void) {
  claim();
  for (int i = 1; __atomic_load_n(&done, __ATOMIC_ACQUIRE) != ${parts}; i++) {
    pause_here();
    if ((i & 4095) == 0) sched_yield();
  }
}
/* Makes the helpers; without them the caller does everything. */
void start(void) {
  for (; helping < ${parts - 1}; helping++) {
    if (pthread_create(&helpers[helping], 0, help, 0) != 0) break;
  }
}
/* Ends the helpers, before the library is closed, at the end of the process too. */
__attribute__((destructor)) void stop(void) {
  pthread_mutex_lock(&lock);
  leave = 1;
  pthread_mutex_unlock(&lock);
  wake();
  while (helping > 0) pthread_join(helpers[--helping], 0);
}
`;
}
