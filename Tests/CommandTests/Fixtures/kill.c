// Loaded into a program with LD_PRELOAD, kills it at the AESGRAD_KILL_AT-th call that changes a file: right before it, or,
// where AESGRAD_KILL_TORN is set and it writes, when half of the bytes are written.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;

static int is_last(void) {
  const char *last = getenv("AESGRAD_KILL_AT");
  return last && atomic_fetch_add(&calls, 1) + 1 == atol(last);
}

static int is_torn(void) { return getenv("AESGRAD_KILL_TORN") != NULL; }

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void *bytes, size_t count) {
  if (is_last()) {
    if (is_torn()) NEXT(write)(file, bytes, count / 2);
    die();
  }
  return NEXT(write)(file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t place) {
  if (is_last()) {
    if (is_torn()) NEXT(pwrite)(file, bytes, count / 2, place);
    die();
  }
  return NEXT(pwrite)(file, bytes, count, place);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t place) {
  if (is_last()) {
    if (is_torn()) NEXT(pwrite64)(file, bytes, count / 2, place);
    die();
  }
  return NEXT(pwrite64)(file, bytes, count, place);
}

#define BEFORE(name, parameters, arguments) \
  int name parameters {                     \
    if (is_last()) die();                   \
    return NEXT(name) arguments;            \
  }

BEFORE(fsync, (int file), (file))
BEFORE(fdatasync, (int file), (file))
BEFORE(ftruncate, (int file, off_t length), (file, length))
BEFORE(ftruncate64, (int file, off64_t length), (file, length))
BEFORE(unlink, (const char *path), (path))
BEFORE(rename, (const char *old, const char *new), (old, new))
BEFORE(link, (const char *old, const char *new), (old, new))
