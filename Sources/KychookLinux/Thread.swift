import CLinux
import Glibc

/// A POSIX thread that runs one function to its end.
///
/// Own threads, not the concurrency pool: the pool has only as many threads as cores, and what runs here blocks in
/// `epoll_wait`, in a commit or in a write.
package struct Thread: ~Copyable {
    private let handle: pthread_t

    /// Starts the thread.
    /// - Parameters:
    ///   - name: shown by ps and perf; at most 15 bytes are kept.
    ///   - body: everything that the thread does.
    package init(named name: String, _ body: @escaping @Sendable () -> Void) {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var handle = pthread_t()
        let code = pthread_create(
            &handle,
            nil,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                kychook_name_thread(start.name)
                start.body()
                return nil
            },
            start.toOpaque()
        )
        // Fails only when the machine has no memory or no thread left at start-up: nothing could run.
        precondition(code == 0, "pthread_create: \(String(cString: strerror(code)))")
        self.handle = handle
    }

    /// Waits until the thread has ended.
    package consuming func join() {
        pthread_join(handle, nil)
    }

    /// Lets the thread end by itself; its resources are freed then.
    package consuming func detach() {
        pthread_detach(handle)
    }

    /// The number of CPUs that this process may use.
    package static var usableCPUs: Int { Int(kychook_usable_cpus()) }

    /// Keeps the calling thread, and what it starts from now on, to these CPUs. Without effect where they do not exist.
    package static func restrict(toCPUs cpus: Range<Int>) {
        kychook_use_cpus(Int32(cpus.lowerBound), Int32(cpus.count))
    }

    /// Lets other threads go before the calling one, for good: of a processor that others want it gets a tenth.
    package static func yieldToOthers() {
        // Against POSIX, Linux has a priority per thread; 0 is the calling one.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
