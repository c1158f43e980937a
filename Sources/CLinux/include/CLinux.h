/// The Linux calls that Swift's Glibc module does not show: the event interfaces, and a few GNU functions.
#pragma once

#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>

/// accept4(2): the new descriptor is non-blocking and closed on exec. -1 and errno on failure.
int kychook_accept(int listener, struct sockaddr *_Nullable address, socklen_t *_Nullable length);

/// memfd_create(2), closed on exec. -1 and errno on failure.
int kychook_memory_file(const char *_Nonnull name);

/// pipe2(2), both ends closed on exec: ends[0] reads, ends[1] writes. -1 and errno on failure.
int kychook_pipe(int *_Nonnull ends);

/// The number of CPUs that this process may run on (sched_getaffinity(2)), at least 1.
int kychook_usable_cpus(void);

/// Lets the calling thread, and what it starts from now on, run on these CPUs only (sched_setaffinity(2)).
void kychook_use_cpus(int first, int count);

/// Names the calling thread for ps, top and perf; at most 15 bytes are kept.
void kychook_name_thread(const char *_Nonnull name);

/// A signal's handler: whichever thread it came to, it waits at the main thread then (tgkill(2)).
void kychook_send_to_main_thread(int signal);
