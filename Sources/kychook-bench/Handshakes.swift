import KychookCrypto
import KychookLinux
import KychookModel

/// New TLS connections with one request on each: what a client costs that keeps none open.
struct Handshakes {
    private let address: ListenAddress
    private let context: TLSContext

    init(on address: ListenAddress, _ context: TLSContext) {
        self.address = address
        self.context = context
    }

    /// Of two clients, so that one is calculating while the server answers the other.
    /// - Parameter resumed: each handshake goes on from the one before.
    func perSecond(for duration: Duration, resumed: Bool) -> Double {
        let count = Locked(0)
        let end = MonotonicTime.now() + duration
        let repeated: @Sendable () -> Void = { [self] in
            var ticket: TLSTicket?
            while MonotonicTime.now() < end {
                guard let connection = try? LoadConnection(to: address, tls: context, resuming: ticket) else { return }
                guard connection.isResumed == (ticket != nil), connection.ask() else { return }
                if resumed { ticket = connection.ticket() }
                count.withLock { $0 += 1 }
            }
        }
        let second = Thread(named: "handshakes", repeated)
        repeated()
        second.join()
        return Double(count.withLock { $0 }) / duration.inSeconds
    }
}
