"""Small C libraries that stand between a process and its system: what a machine does once in years, a test does at will."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

AHEAD = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long ahead(void) { const char *said = getenv("AHEAD"); return said ? atol(said) : 0; }

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(clock, now);
    if (!code && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead();
    return code;
}
time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}
"""  # the wall clock goes AHEAD by so many seconds; what counts since boot does not

KILL = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static void step(void) {
    static int steps;
    const char *at = getenv("KILL_AT");
    if (at && ++steps == atoi(at)) kill(getpid(), SIGKILL);
}
#define STEP(type, name, given, words) \
    type name given { static type (*real) given; if (!real) real = dlsym(RTLD_NEXT, #name); step(); return real words; }
STEP(int, flock, (int fd, int operation), (fd, operation))
STEP(int, fsync, (int fd), (fd))
STEP(int, rename, (const char *from, const char *to), (from, to))
STEP(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
"""  # kills the process before its KILL_AT-th step of those that make a file durable


def preloaded(source: str, folder: Path) -> str:
    """The library of this C source, for LD_PRELOAD. Skips the test where there is no compiler."""
    if not (compiler := shutil.which("gcc") or shutil.which("cc")):
        pytest.skip("no C compiler: apt-get install gcc")
    text, library = folder / "preload.c", folder / "preload.so"
    text.write_text(source)
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(text), "-ldl"], check=True, timeout=60)
    return str(library)
