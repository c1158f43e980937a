package import KychookCrypto
package import KychookHTTP
package import KychookLinux
import Synchronization

/// An HTTP/1.1 server on threads of its own. A process may run several.
///
/// Every loop has its own connections and its own handler. Any thread may call what is here.
package final class HTTPServer: Sendable {
    /// How loops come by connections.
    package enum Accepting: Sendable {
        /// One queue; whichever loop is awake takes the next and gives it to the loop with the fewest connections.
        case sharedQueue
        /// A queue per loop; the kernel chooses by a hash of the addresses (SO_REUSEPORT). Not for paths.
        case queuePerLoop
    }

    /// Where it listens, with the real port where 0 was asked for.
    package let boundAddresses: [ListenAddress]
    private let loops: [RunningLoop]
    /// Of the addresses, in their order.
    private let tls: [ListenerTLS]

    /// Binds, listens and starts the loops; requests are served when this returns.
    /// - Parameters:
    ///   - name: of the threads, short: `http` makes `http-0`, `http-1` …
    ///   - addresses: each is served by every loop. For a path the caller holds the lock of its directory.
    ///   - tls: of the addresses, in their order; nil, and whatever is missing: plain.
    ///   - loops: at least 1.
    ///   - inherited: used instead of sockets of our own where the addresses are the same.
    ///   - makeHandler: called on each loop's thread with its index, once. The handler never leaves that thread.
    /// - Throws: when an address cannot be listened on, naming it.
    package init(
        name: String,
        listen addresses: [ListenAddress],
        tls contexts: [TLSContext?] = [],
        loops count: Int,
        limits: ServerLimits = ServerLimits(),
        accepting: Accepting = .sharedQueue,
        inherited: InheritedSockets = .none,
        makeHandler: @escaping @Sendable (_ loop: Int) -> any RequestHandler
    ) throws(SystemError) {
        precondition(count > 0, "a server without a loop answers nobody")
        var bound: [ListenAddress] = []
        var listeners = [[Listener]](repeating: [], count: count)
        var security: [ListenerTLS] = []
        for (index, address) in addresses.enumerated() {
            let tls = ListenerTLS(index < contexts.count ? contexts[index] : nil)
            if let socket = inherited.take(address) {
                let listener = Listener(socket, isShared: count > 1, tls: tls, outlivesUs: true)
                for index in listeners.indices { listeners[index].append(listener) }
                bound.append(address)
            } else {
                bound.append(try Self.listen(on: address, tls, for: &listeners, accepting))
            }
            security.append(tls)
        }
        tls = security
        var mailboxes: [Mailbox] = []
        for _ in 0..<count { mailboxes.append(try Mailbox()) }
        let peers = PeerCounts()
        var setups: [LoopSetup] = []
        for (index, listeners) in listeners.enumerated() {
            let setup = try LoopSetup(
                index: index,
                mailboxes: mailboxes,
                limits: limits,
                peers: peers,
                listeners: listeners,
                accepting: accepting
            )
            setups.append(setup)
        }
        boundAddresses = bound
        loops = setups.map { setup in
            RunningLoop(setup, Thread(named: "\(name)-\(setup.index)") { setup.run(makeHandler) })
        }
    }

    /// Answers many requests of any servers; each of their loops is woken once at most.
    package static func respond(_ answers: [(exchange: Exchange, response: Response)]) {
        Exchange.respond(answers)
    }

    /// There is room again: held requests are offered once more. Costs next to nothing when none is held.
    package func retryHeld() {
        for loop in loops where loop.setup.mailbox.wantsRetry.load(ordering: .sequentiallyConsistent) {
            loop.setup.mailbox.post { $0.retriesHeld = true }
        }
    }

    /// For what begins from now on; deadlines that run already keep their length.
    package func updateLimits(_ limits: ServerLimits) {
        for loop in loops { loop.setup.mailbox.post { $0.limits = limits } }
    }

    /// For connections that come from now on; those that are open go on as they are.
    /// - Parameter contexts: of the addresses, in their order; nil: plain.
    package func updateTLS(_ contexts: [TLSContext?]) {
        for (tls, context) in zip(tls, contexts) { tls.replace(with: context) }
    }

    /// A snapshot; the parts may be of slightly different moments.
    package var counters: ServerCounters {
        var sum = ServerCounters()
        for loop in loops { loop.setup.counters.add(to: &sum) }
        return sum
    }

    /// Ends the server: accepts what has connected, listens no more, answers what has begun, closes what is idle.
    ///
    /// Returns when all loops have ended; whatever is open at the deadline is closed then. Handlers must be able to
    /// answer while this waits. May be called again, also at the same time.
    package func stop(deadline: Duration) {
        let stopBy = MonotonicTime.now() + deadline
        for loop in loops { loop.setup.mailbox.post { $0.stopBy = stopBy } }
        for loop in loops { loop.join() }
        for address in boundAddresses { address.removeFile() }
    }

    private static func listen(
        on address: ListenAddress,
        _ tls: ListenerTLS,
        for listeners: inout [[Listener]],
        _ accepting: Accepting
    ) throws(SystemError) -> ListenAddress {
        let hasQueuePerLoop = accepting == .queuePerLoop && address.port != nil && listeners.count > 1
        let socket = try address.listen(sharesPort: hasQueuePerLoop)
        let bound = address.bound(socket)
        let first = Listener(socket, isShared: !hasQueuePerLoop && listeners.count > 1, tls: tls)
        for index in listeners.indices {
            let isFirst = index == 0 || !hasQueuePerLoop
            let listener = isFirst ? first : Listener(try bound.listen(sharesPort: true), isShared: false, tls: tls)
            listeners[index].append(listener)
        }
        return bound
    }
}
