internal import COpenSSL

/// The encrypted side of TLS sessions: bytes that arrived and are still to be unwrapped, and bytes to be sent.
///
/// One serves all the sessions of a thread in turn, since a session takes everything that arrived at once: so an idle
/// session has no buffer of its own. OpenSSL reads from it and writes to it through a BIO.
package final class TLSWire {
    /// More than a record at a time, so that a large body needs few calls.
    private static let roomCapacity = 32 << 10
    private static let usualCapacity = 64 << 10

    /// Where bytes from the peer go; tell ``received(_:)`` how many.
    package let room = UnsafeMutableRawBufferPointer.allocate(byteCount: roomCapacity, alignment: 16)
    private var arrived = UnsafeRawBufferPointer(start: nil, count: 0)
    private var outgoing = UnsafeMutableRawBufferPointer.allocate(byteCount: usualCapacity, alignment: 16)
    private var outgoingCount = 0

    package init() {}

    deinit {
        room.deallocate()
        outgoing.deallocate()
    }

    /// The first so many bytes of ``room`` are the next to be unwrapped, instead of what was there before.
    package func received(_ count: Int) {
        arrived = UnsafeRawBufferPointer(rebasing: room[..<count])
    }

    /// What is to be sent. Invalid after the next call of a session.
    package var unsent: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: outgoing[..<outgoingCount]) }

    /// Everything of ``unsent`` is on its way, or has been copied.
    package func sent() {
        outgoingCount = 0
        if outgoing.count > Self.usualCapacity { resize(Self.usualCapacity) }
    }

    /// Nothing that arrived is left.
    var isTaken: Bool { arrived.isEmpty }

    /// - Returns: 0 when there is nothing.
    fileprivate func take(into target: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(target.count, arrived.count)
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: arrived[..<count]))
        arrived = UnsafeRawBufferPointer(rebasing: arrived[count...])
        return count
    }

    fileprivate func put(_ bytes: UnsafeRawBufferPointer) {
        let count = outgoingCount + bytes.count
        if count > outgoing.count { resize(max(count, outgoing.count * 2)) }
        UnsafeMutableRawBufferPointer(rebasing: outgoing[outgoingCount...]).copyMemory(from: bytes)
        outgoingCount = count
    }

    private func resize(_ capacity: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: unsent)
        outgoing.deallocate()
        outgoing = larger
    }
}

// MARK: - As a BIO

extension TLSWire {
    /// A BIO over this wire, which must outlive it.
    func makeBIO() -> OpaquePointer {
        guard let bio = BIO_new(method.pointer) else { preconditionFailure("OpenSSL has no memory") }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    fileprivate static func of(_ bio: OpaquePointer?) -> TLSWire {
        guard let data = BIO_get_data(bio) else { preconditionFailure("a BIO without its wire") }
        return Unmanaged<TLSWire>.fromOpaque(data).takeUnretainedValue()
    }
}

/// Proof of safety: made once, and only read by OpenSSL from then on.
private struct WireMethod: @unchecked Sendable {
    let pointer: OpaquePointer

    init() {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kychook") else {
            preconditionFailure("OpenSSL has no memory")
        }
        BIO_meth_set_read(method) { bio, target, length in
            let room = UnsafeMutableRawBufferPointer(start: target, count: Int(length))
            BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            let count = TLSWire.of(bio).take(into: room)
            guard count == 0 else { return Int32(count) }
            // Not the end, which only the peer's close_notify makes: nothing for now.
            BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            return -1
        }
        BIO_meth_set_write(method) { bio, source, length in
            TLSWire.of(bio).put(UnsafeRawBufferPointer(start: source, count: Int(length)))
            return length
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        pointer = method
    }
}

private let method = WireMethod()
