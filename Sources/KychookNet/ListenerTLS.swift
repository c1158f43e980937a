import KychookCrypto
import KychookLinux

/// Whether one address speaks TLS, and as whom: asked by every loop for each new connection, changed by the server.
///
/// Apart from the listener, which the loops alone may own: the last of them to let go closes it.
final class ListenerTLS: Sendable {
    private let current: Locked<TLSContext?>

    init(_ context: TLSContext?) {
        current = Locked(context)
    }

    /// nil: plain.
    var context: TLSContext? { current.withLock { $0 } }

    func replace(with context: TLSContext?) {
        current.withLock { $0 = context }
    }
}
