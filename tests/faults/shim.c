/* Stands between a program and the C library, and lets the n-th call of a kind fail, tear or kill.

   Loaded by LD_PRELOAD. What is to happen lies in a block of memory shared with the harness: a file, named by
   FAULTS_BLOCK, whose layout is `Block` in shim.py. Only calls that concern the output folder (by path, or by what a
   descriptor is open on) and internet sockets are counted, and only from the first call that touches that folder: so
   the start of an interpreter does not count, and n means the same thing in every run. The counters are shared by all
   processes and threads of the program. Beside that it moves the wall clock, and answers for names under .test. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum call { OPEN, CREATE, READ, WRITE, SYNC, TRUNCATE, RENAME, UNLINK, MKDIR, TOUCH, LOCK,
            SOCKET, CONNECT, SEND, RECV, CALLS = 32 };
enum action { NOTHING, KILL, TEAR, FAIL, FAIL_ON, SHORT };

struct block {
    uint32_t armed;      /* the program has begun to work on its folder */
    uint32_t call;       /* the kind of call that is struck */
    uint32_t number;     /* at which call of that kind, from 1 */
    uint32_t action;
    uint32_t error;      /* the errno of a call that fails */
    uint32_t fired;      /* calls struck so far */
    uint32_t alone;      /* kill the calling process alone, not its whole group */
    uint32_t name_error; /* what looking a name up fails with; 0: it is this machine */
    uint32_t name_delay; /* milliseconds a look-up takes */
    uint32_t part;       /* of the folder: 0 all of it, 1 its documents alone, 2 its database, 3 the large document */
    int64_t clock;       /* seconds by which the wall clock is ahead */
    uint32_t counts[CALLS];
    char root[1024];     /* the output folder */
    char where[1024];    /* what the first call struck was about */
};

static struct block *block;

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("FAULTS_BLOCK");
    int file = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;
    if (file < 0)
        return;
    void *at = mmap(NULL, sizeof(struct block), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    syscall(SYS_close, file);
    if (at != MAP_FAILED)
        block = at;
}

/* Whether a path is in the output folder, 0 or 1; the program arms the shim by touching it. */
static int below_root(const char *path)
{
    size_t length = strlen(block->root);
    if (!length || strncmp(path, block->root, length) || (path[length] && path[length] != '/'))
        return 0;
    block->armed = 1;
    int is_database = strstr(path + length, "/crawl.sqlite") != NULL;
    int is_ours = strstr(path + length, "/crawl.") != NULL;
    int is_large = strstr(path + length, "/files") != NULL;
    int fits[] = {1, !is_ours, is_database, is_large};
    return fits[block->part & 3];
}

/* Whether a path, as given, is about the output folder; its absolute form goes to `whole`. */
static int path_counts(int folder, const char *path, char *whole)
{
    if (!block || !path)
        return 0;
    char at[64];
    ssize_t length = 0;
    if (path[0] != '/') {
        if (folder == AT_FDCWD)
            strcpy(at, "/proc/self/cwd");
        else
            snprintf(at, sizeof at, "/proc/self/fd/%d", folder);
        length = readlink(at, whole, PATH_MAX - 2);
        if (length < 0)
            return 0;
        whole[length++] = '/';
    }
    snprintf(whole + length, PATH_MAX - (size_t)length, "%s", path);
    return below_root(whole);
}

/* 1: a descriptor open on something in the output folder; 2: an internet socket; 0: anything else. */
static int descriptor_counts(int fd, char *whole)
{
    struct stat about;
    char at[64];
    if (!block || !block->armed || fstat(fd, &about))
        return 0;
    if (S_ISSOCK(about.st_mode)) {
        struct sockaddr_storage address;
        socklen_t size = sizeof address;
        if (getsockname(fd, (struct sockaddr *)&address, &size))
            return 0;
        strcpy(whole, "a socket");
        return address.ss_family == AF_INET || address.ss_family == AF_INET6 ? 2 : 0;
    }
    if (!S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
        return 0;
    snprintf(at, sizeof at, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(at, whole, PATH_MAX - 1);
    if (length < 0)
        return 0;
    whole[length] = 0;
    return below_root(whole);
}

static void die(void)
{
    kill(block->alone ? getpid() : 0, SIGKILL);
    for (;;)
        pause();
}

/* What is to happen to this call: NOTHING, FAIL (errno is set), or TEAR and SHORT, which are done half. */
static enum action strike(enum call call, const char *what)
{
    uint32_t number = __atomic_add_fetch(&block->counts[call], 1, __ATOMIC_SEQ_CST);
    enum action action = block->action;
    int later = action == FAIL_ON || action == SHORT;
    if (action == NOTHING || block->call != call || number < block->number || (number > block->number && !later))
        return NOTHING;
    if (!__atomic_fetch_add(&block->fired, 1, __ATOMIC_SEQ_CST))
        snprintf(block->where, sizeof block->where, "%s", what);
    if (action == KILL)
        die();
    if (action == TEAR || (action == SHORT && number == block->number))
        return action;
    errno = (int)block->error;
    return FAIL;
}

static int path_struck(enum call call, int folder, const char *path)
{
    char whole[PATH_MAX + 1];
    return path_counts(folder, path, whole) && strike(call, whole) == FAIL;
}

static int descriptor_struck(enum call call, int fd)
{
    char whole[PATH_MAX + 1];
    return descriptor_counts(fd, whole) && strike(call, whole) == FAIL;
}

/* How much of a write is to be done: all of it, half of it, or (-1) none. */
static ssize_t granted(int fd, size_t size, enum action *action)
{
    char whole[PATH_MAX + 1];
    int about = descriptor_counts(fd, whole);
    *action = about ? strike(about == 2 ? SEND : WRITE, whole) : NOTHING;
    if (*action == FAIL)
        return -1;
    if (*action == NOTHING)
        return (ssize_t)size;
    if (size < 2 && *action == SHORT) {
        errno = (int)block->error;
        return -1;
    }
    return (ssize_t)(size / 2);
}

static ssize_t written(enum action action, ssize_t result)
{
    if (action == TEAR)
        die();
    return result;
}

#define OPENS(name)                                                                  \
    int name(const char *path, int flags, ...)                                       \
    {                                                                                \
        va_list list;                                                                \
        va_start(list, flags);                                                       \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0;    \
        va_end(list);                                                                \
        REAL(name);                                                                  \
        return path_struck(flags & O_CREAT ? CREATE : OPEN, AT_FDCWD, path) ? -1     \
                                                                            : real(path, flags, mode); \
    }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name)                                                               \
    int name(int folder, const char *path, int flags, ...)                           \
    {                                                                                \
        va_list list;                                                                \
        va_start(list, flags);                                                       \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0;    \
        va_end(list);                                                                \
        REAL(name);                                                                  \
        return path_struck(flags & O_CREAT ? CREATE : OPEN, folder, path) ? -1       \
                                                                          : real(folder, path, flags, mode); \
    }
OPENS_AT(openat)
OPENS_AT(openat64)

ssize_t write(int fd, const void *from, size_t size)
{
    REAL(write);
    enum action action;
    ssize_t some = granted(fd, size, &action);
    return some < 0 ? -1 : written(action, real(fd, from, (size_t)some));
}

#define PWRITES(name, offset_type)                                                   \
    ssize_t name(int fd, const void *from, size_t size, offset_type offset)          \
    {                                                                                \
        REAL(name);                                                                  \
        enum action action;                                                          \
        ssize_t some = granted(fd, size, &action);                                   \
        return some < 0 ? -1 : written(action, real(fd, from, (size_t)some, offset)); \
    }
PWRITES(pwrite, off_t)
PWRITES(pwrite64, off64_t)

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(writev);
    enum action action;
    size_t first = count ? parts[0].iov_len : 0;
    ssize_t some = granted(fd, first, &action);
    if (some < 0)
        return -1;
    if (action == NOTHING)
        return real(fd, parts, count);
    struct iovec half = {parts[0].iov_base, (size_t)some};
    return written(action, real(fd, &half, 1));
}

ssize_t send(int fd, const void *from, size_t size, int flags)
{
    REAL(send);
    enum action action;
    ssize_t some = granted(fd, size, &action);
    return some < 0 ? -1 : written(action, real(fd, from, (size_t)some, flags));
}

ssize_t sendto(int fd, const void *from, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    REAL(sendto);
    enum action action;
    ssize_t some = granted(fd, size, &action);
    return some < 0 ? -1 : written(action, real(fd, from, (size_t)some, flags, to, length));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    REAL(sendmsg);
    return descriptor_struck(SEND, fd) ? -1 : real(fd, message, flags);
}

static int read_struck(int fd)
{
    char whole[PATH_MAX + 1];
    int about = descriptor_counts(fd, whole);
    return about && strike(about == 2 ? RECV : READ, whole) == FAIL;
}

ssize_t read(int fd, void *to, size_t size)
{
    REAL(read);
    return read_struck(fd) ? -1 : real(fd, to, size);
}

#define PREADS(name, offset_type)                                                    \
    ssize_t name(int fd, void *to, size_t size, offset_type offset)                  \
    {                                                                                \
        REAL(name);                                                                  \
        return read_struck(fd) ? -1 : real(fd, to, size, offset);                    \
    }
PREADS(pread, off_t)
PREADS(pread64, off64_t)

ssize_t recv(int fd, void *to, size_t size, int flags)
{
    REAL(recv);
    return read_struck(fd) ? -1 : real(fd, to, size, flags);
}

ssize_t recvfrom(int fd, void *to, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
    REAL(recvfrom);
    return read_struck(fd) ? -1 : real(fd, to, size, flags, from, length);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    REAL(recvmsg);
    return read_struck(fd) ? -1 : real(fd, message, flags);
}

#define ON_DESCRIPTOR(name, call, parameters, arguments)                             \
    int name parameters                                                              \
    {                                                                                \
        REAL(name);                                                                  \
        return descriptor_struck(call, fd) ? -1 : real arguments;                    \
    }
ON_DESCRIPTOR(fsync, SYNC, (int fd), (fd))
ON_DESCRIPTOR(fdatasync, SYNC, (int fd), (fd))
ON_DESCRIPTOR(ftruncate, TRUNCATE, (int fd, off_t size), (fd, size))
ON_DESCRIPTOR(ftruncate64, TRUNCATE, (int fd, off64_t size), (fd, size))
ON_DESCRIPTOR(flock, LOCK, (int fd, int operation), (fd, operation))
ON_DESCRIPTOR(futimens, TOUCH, (int fd, const struct timespec times[2]), (fd, times))
ON_DESCRIPTOR(connect, CONNECT, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))

#define ON_PATH(name, call, folder, parameters, arguments)                           \
    int name parameters                                                              \
    {                                                                                \
        REAL(name);                                                                  \
        return path_struck(call, folder, path) ? -1 : real arguments;                \
    }
ON_PATH(rename, RENAME, AT_FDCWD, (const char *path, const char *to), (path, to))
ON_PATH(renameat, RENAME, folder, (int folder, const char *path, int other, const char *to), (folder, path, other, to))
ON_PATH(unlink, UNLINK, AT_FDCWD, (const char *path), (path))
ON_PATH(unlinkat, UNLINK, folder, (int folder, const char *path, int flags), (folder, path, flags))
ON_PATH(mkdir, MKDIR, AT_FDCWD, (const char *path, mode_t mode), (path, mode))
ON_PATH(mkdirat, MKDIR, folder, (int folder, const char *path, mode_t mode), (folder, path, mode))
ON_PATH(utimensat, TOUCH, folder, (int folder, const char *path, const struct timespec times[2], int flags),
        (folder, path, times, flags))

int socket(int family, int type, int protocol)
{
    REAL(socket);
    int counts = block && block->armed && (family == AF_INET || family == AF_INET6);
    return counts && strike(SOCKET, "a socket") == FAIL ? -1 : real(family, type, protocol);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    REAL(clock_gettime);
    int result = real(clock, now);
    if (!result && block && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += block->clock;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    REAL(gettimeofday);
    int result = real(now, zone);
    if (!result && block)
        now->tv_sec += block->clock;
    return result;
}

time_t time(time_t *to)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (to)
        *to = now.tv_sec;
    return now.tv_sec;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    REAL(getaddrinfo);
    size_t length = name ? strlen(name) : 0;
    if (!block || length < 5 || strcmp(name + length - 5, ".test"))
        return real(name, service, hints, found);
    struct timespec wait = {block->name_delay / 1000, block->name_delay % 1000 * 1000000L};
    nanosleep(&wait, NULL);
    if (block->name_error)
        return (int)block->name_error;
    return real("127.0.0.1", service, hints, found);
}
