import CLinux
import Glibc

/// What can happen to a descriptor, or what to watch it for.
package struct EpollEvents: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static let readable = EpollEvents(rawValue: EPOLLIN.rawValue)
    package static let writable = EpollEvents(rawValue: EPOLLOUT.rawValue)
    /// The peer sends no more.
    package static let peerFinished = EpollEvents(rawValue: EPOLLRDHUP.rawValue)
    // Asked for on every event, so not by the generic operations of option sets.

    /// There are bytes, or the end of them.
    package var isReadable: Bool { rawValue & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0 }
    package var isPeerFinished: Bool { rawValue & EPOLLRDHUP.rawValue != 0 }
    /// Both directions ended, or an error; reported without being asked for.
    package var isBroken: Bool { rawValue & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 }

    /// Report a change once, not a state again and again.
    package static let edgeTriggered = EpollEvents(rawValue: EPOLLET.rawValue)
    /// Of several epolls that watch one descriptor, wake one and not all.
    package static let exclusive = EpollEvents(rawValue: EPOLLEXCLUSIVE.rawValue)
}

/// An epoll instance; one thread waits on it.
package struct Epoll: ~Copyable, Sendable {
    private let descriptor: Descriptor

    package init() throws(SystemError) {
        descriptor = Descriptor(owning: try system("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
    }

    /// - Parameter token: comes back with every event; it must tell a reused descriptor from the one before.
    package func add(
        _ watched: borrowing Descriptor,
        _ interest: EpollEvents,
        token: UInt64
    ) throws(SystemError) {
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(u64: token))
        let number = watched.number
        _ = try system("epoll_ctl") { epoll_ctl(descriptor.number, EPOLL_CTL_ADD, number, &event) }
    }

    /// Ends watching; closing the descriptor does the same.
    package func remove(_ watched: borrowing Descriptor) {
        epoll_ctl(descriptor.number, EPOLL_CTL_DEL, watched.number, nil)
    }

    /// Waits for events.
    /// - Parameters:
    ///   - batch: filled anew.
    ///   - timeoutInMilliseconds: -1 for ever. A signal ends the wait early, without events.
    package func wait(into batch: inout EpollBatch, timeoutInMilliseconds: Int32) {
        batch.fill { epoll_wait(descriptor.number, $0, $1, timeoutInMilliseconds) }
    }
}

/// The events of one wait, used by the thread that waited.
package struct EpollBatch: ~Copyable {
    private static let capacity = 256

    private let events: UnsafeMutablePointer<epoll_event>
    /// How many there are.
    package private(set) var count = 0

    package init() {
        events = .allocate(capacity: Self.capacity)
        events.initialize(repeating: epoll_event(), count: Self.capacity)
    }

    deinit {
        events.deallocate()
    }

    /// The token given when the descriptor was added, and what happened to it.
    package subscript(index: Int) -> (token: UInt64, happened: EpollEvents) {
        precondition(index >= 0 && index < count, "no such event")
        return (events[index].data.u64, EpollEvents(rawValue: events[index].events))
    }

    fileprivate mutating func fill(_ wait: (UnsafeMutablePointer<epoll_event>, Int32) -> Int32) {
        let result = wait(events, Int32(Self.capacity))
        precondition(result >= 0 || errno == EINTR, "epoll_wait fails only by a bug of ours")
        count = Int(max(result, 0))
    }
}

/// Wakes the thread that waits in an epoll, from any thread (eventfd(2)).
package struct WakeUp: ~Copyable, Sendable {
    private let descriptor: Descriptor

    package init() throws(SystemError) {
        let flags = Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK)
        descriptor = Descriptor(owning: try system("eventfd") { eventfd(0, flags) })
    }

    /// Edge-triggered: every signal is an edge, so the counter is never read, and it takes 2^64 signals to fill it.
    package func watch(by epoll: borrowing Epoll, token: UInt64) throws(SystemError) {
        try epoll.add(descriptor, [.readable, .edgeTriggered], token: token)
    }

    /// Makes the wait return now, or the next one at once.
    package func signal() {
        var one: UInt64 = 1
        write(descriptor.number, &one, MemoryLayout<UInt64>.size)
    }
}
