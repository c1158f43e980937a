package import KychookCrypto

/// One end of TLS in memory: bytes in, bytes out.
///
/// Proof of safety: like a file, used by one thread at a time; the lock of whoever hands it over orders the threads.
package final class TLSEnd: @unchecked Sendable {
    package struct Agreement: Equatable, Sendable {
        package let version: String
        package let applicationProtocol: String
        package let isResumed: Bool
        /// The peer has said that nothing more comes.
        package let hasEnded: Bool
    }

    /// The most bytes that may be unwrapped at once.
    package static let chunk = 32 << 10

    private let wire = TLSWire()
    private var session: TLSSession
    private var hasEnded = false

    package init(_ context: TLSContext) {
        session = TLSSession(context, wire)
    }

    /// Before ``start()``.
    package func resume(_ ticket: TLSTicket) {
        session.resume(ticket)
    }

    /// A client's first bytes of the handshake.
    package func start() -> [UInt8] {
        unwrap([]).answer
    }

    /// nil before the handshake is complete.
    package var agreement: Agreement? {
        guard session.isEstablished else { return nil }
        return Agreement(
            version: session.version,
            applicationProtocol: session.applicationProtocol,
            isResumed: session.isResumed,
            hasEnded: hasEnded
        )
    }

    /// For a next session to go on from.
    package func ticket() -> TLSTicket? { session.ticket() }

    /// - Returns: what came out, and what is to be sent in return.
    package func unwrap(_ bytes: ArraySlice<UInt8>) -> (plain: [UInt8], answer: [UInt8], failure: TLSFailure?) {
        wire.room.copyBytes(from: bytes)
        wire.received(bytes.count)
        var plain: [UInt8] = []
        var part = [UInt8](repeating: 0, count: TLSEnd.chunk)
        while true {
            switch part.withUnsafeMutableBytes({ session.read(into: $0) }) {
            case .bytes(let count): plain += part[..<count]
            case .needsMore: return (plain, takeUnsent(), nil)
            case .ended:
                hasEnded = true
                return (plain, takeUnsent(), nil)
            case .failed(let failure): return (plain, takeUnsent(), failure)
            }
        }
    }

    package func wrap(_ bytes: [UInt8]) -> [UInt8] {
        _ = bytes.withUnsafeBytes { session.write($0) }
        return takeUnsent()
    }

    /// A close_notify.
    package func finish() -> [UInt8] {
        session.finish()
        return takeUnsent()
    }

    private func takeUnsent() -> [UInt8] {
        defer { wire.sent() }
        return Array(wire.unsent)
    }
}
