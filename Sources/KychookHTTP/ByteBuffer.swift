import Glibc

/// A growable run of bytes with one owner: what was read and not yet used, or what is still to be written.
///
/// Not an array: reading from a socket into the free end needs no zeroing, and nothing can make a hidden copy.
package struct ByteBuffer: ~Copyable {
    private var base: UnsafeMutableRawPointer
    package private(set) var capacity: Int
    package private(set) var count = 0

    /// - Parameter capacity: at least 1. Allocated at once; the kernel gives pages only as they are touched.
    package init(capacity: Int) {
        base = allocated(malloc(capacity))
        self.capacity = capacity
    }

    deinit {
        free(base)
    }

    /// The bytes held. Invalid after the next mutating call.
    package var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: count) }

    /// The free end: fill it, then tell ``append(filled:)`` how much. Invalid after the next mutating call.
    package var room: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base + count, count: capacity - count)
    }

    /// Makes the capacity at least this, exactly this if it was less.
    package mutating func reserve(_ capacity: Int) {
        guard capacity > self.capacity else { return }
        base = allocated(realloc(base, capacity))
        self.capacity = capacity
    }

    /// Gives back memory beyond this capacity; only for an empty buffer.
    package mutating func shrink(to capacity: Int) {
        precondition(count == 0, "shrinking would lose bytes")
        guard capacity < self.capacity else { return }
        base = allocated(realloc(base, capacity))
        self.capacity = capacity
    }

    /// Counts bytes that the caller wrote into ``room``.
    package mutating func append(filled length: Int) {
        precondition(length >= 0 && length <= capacity - count, "filled more than there was room")
        count += length
    }

    /// Copies bytes to the end; grows by doubling.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        makeRoom(bytes.count)
        memcpy(base + count, source, bytes.count)
        count += bytes.count
    }

    /// Copies bytes to the end; grows by doubling.
    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Copies text known at compile time to the end.
    package mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Drops bytes from the front; what follows moves down.
    package mutating func removeFirst(_ length: Int) {
        precondition(length >= 0 && length <= count, "more than there is")
        count -= length
        if count > 0 { memmove(base, base + length, count) }
    }

    /// Drops bytes from the end.
    package mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count, "more than there is")
        count = length
    }

    private mutating func makeRoom(_ length: Int) {
        guard count + length > capacity else { return }
        reserve(max(count + length, capacity * 2))
    }
}

/// Without memory nothing can be answered honestly any more; a supervisor's restart can.
private func allocated(_ memory: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer {
    guard let memory else { fatalError("out of memory") }
    return memory
}
