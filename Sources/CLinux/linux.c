#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int kychook_accept(int listener, struct sockaddr *address, socklen_t *length) {
    return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int kychook_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int kychook_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }

int kychook_usable_cpus(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}

void kychook_use_cpus(int first, int count) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int cpu = first; cpu < first + count; cpu++) CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

void kychook_name_thread(const char *name) {
    char short_name[16];
    snprintf(short_name, sizeof short_name, "%s", name);
    pthread_setname_np(pthread_self(), short_name);
}

// Only what signal-safety(7) allows. The main thread's number is the process's.
void kychook_send_to_main_thread(int signal) {
    int before = errno;
    pid_t process = getpid();
    syscall(SYS_tgkill, process, process, signal);
    errno = before;
}
