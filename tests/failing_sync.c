/* A disk that fails, or a person who interrupts, at one chosen sync of one kind of file: preloaded, then armed from within the process.

   arm(ending, at, what): the at-th fsync or fdatasync (from 1) of a file whose path ends so fails with EIO without syncing anything
   (what = 'e'), is preceded by SIGINT (what = 'i') or by SIGKILL (what = 'k'). met(): how many such calls there have been since. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char ending[256];
static int wanted, seen, doing;

void arm(const char *path_ending, int at, int what) {
    strncpy(ending, path_ending, sizeof ending - 1);
    wanted = at, seen = 0, doing = what;
}

int met(void) { return seen; }

static int is_meant(int handle) {
    char link[64], path[4096];
    ssize_t length, tail = strlen(ending);
    if (!tail) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    length = readlink(link, path, sizeof path - 1);
    return length >= tail && !memcmp(path + length - tail, ending, tail);
}

static int synced(int handle, const char *name) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (is_meant(handle) && ++seen == wanted) {
        if (doing == 'e') {
            errno = EIO;
            return -1;
        }
        raise(doing == 'k' ? SIGKILL : SIGINT);
    }
    return real(handle);
}

int fsync(int handle) { return synced(handle, "fsync"); }
int fdatasync(int handle) { return synced(handle, "fdatasync"); }
