import KychookCrypto
import KychookHTTP
import KychookLinux
import Synchronization

/// What other threads tell a loop: answers, connections and orders. The only thing of a loop that they can reach.
final class Mailbox: Sendable {
    struct Content {
        var answers: [Answer] = []
        /// Descriptors, owned by whoever takes them out, that another loop has accepted for this one.
        var sockets: [(number: Int32, tls: TLSContext?)] = []
        var limits: ServerLimits?
        /// A loop without room was woken for a connection that waits in the queue.
        var listensAnew = false
        var retriesHeld = false
        var stopBy: MonotonicTime?
    }

    private struct State {
        var content = Content()
        var isEmpty = true
        /// The loop will look here before it sleeps, so nobody needs to wake it.
        var isAwake = true
        /// The loop has ended: what comes now is dropped.
        var isClosed = false
    }

    /// Connections that the loop has or has been given, so that every loop can see who has the fewest.
    let connections = Atomic<Int>(0)

    /// The loop holds a request back, so it wants to know when there is room again.
    let wantsRetry = Atomic<Bool>(false)

    private let state = Locked(State())
    private let wakeUp: WakeUp

    init() throws(SystemError) {
        wakeUp = try WakeUp()
    }

    func watch(by epoll: borrowing Epoll, token: UInt64) throws(SystemError) {
        try wakeUp.watch(by: epoll, token: token)
    }

    /// Counts one more, unless there are so many.
    func reserveConnection(upTo limit: Int) -> Bool {
        var count = connections.load(ordering: .relaxed)
        while count < limit {
            let (isDone, found) = connections.compareExchange(
                expected: count,
                desired: count + 1,
                ordering: .relaxed
            )
            if isDone { return true }
            count = found
        }
        return false
    }

    func releaseConnection() {
        connections.wrappingSubtract(1, ordering: .relaxed)
    }

    func post(_ answer: Answer) {
        post { $0.answers.append(answer) }
    }

    /// Takes those of the answers that are this loop's.
    func post(_ answers: [(exchange: Exchange, response: Response)]) {
        post { content in
            for (exchange, response) in answers where exchange.mailbox === self {
                let connection = exchange.connection
                content.answers.append(Answer(connection: connection, request: exchange.request, response: response))
            }
        }
    }

    /// Hands a connection over.
    /// - Returns: the socket, when the loop has ended.
    func post(_ socket: consuming Descriptor, _ tls: TLSContext?) -> Descriptor? {
        let number = socket.release()
        return post { $0.sockets.append((number, tls)) } ? nil : Descriptor(owning: number)
    }

    /// - Returns: false when the loop has ended: then nothing is changed.
    @discardableResult
    func post(_ change: (inout Content) -> Void) -> Bool {
        let (isTaken, mustWake) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            change(&state.content)
            state.isEmpty = false
            defer { state.isAwake = true }
            return (true, !state.isAwake)
        }
        if mustWake { wakeUp.signal() }
        return isTaken
    }

    /// For the loop: takes everything. When there was nothing, the loop is taken for asleep from here on.
    /// - Parameter spare: an empty array whose memory the next answers may use.
    /// - Returns: nil when there was nothing.
    func take(spare: inout [Answer]) -> Content? {
        state.withLock { state in
            guard !state.isEmpty else {
                state.isAwake = false
                return nil
            }
            var content = Content()
            swap(&content, &state.content)
            swap(&state.content.answers, &spare)
            state.isEmpty = true
            state.isAwake = true
            return content
        }
    }

    /// Takes nothing more from now on.
    /// - Parameter isForced: drops what is there; otherwise the mailbox closes only when it is empty.
    /// - Returns: whether it is closed.
    func close(isForced: Bool) -> Bool {
        state.withLock { state in
            guard isForced || state.isEmpty else { return false }
            state.isClosed = true
            for socket in state.content.sockets { _ = Descriptor(owning: socket.number) }
            state.content = Content()
            return true
        }
    }
}
