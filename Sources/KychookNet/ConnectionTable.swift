import KychookCrypto
import KychookLinux

/// The connections of one loop, each at an address that it keeps as long as it is open.
///
/// Raw memory rather than an array of objects: a connection is reached by index, without reference counts, and the
/// table can grow while somebody works on one of them.
struct ConnectionTable: ~Copyable {
    private static let chunk = 64

    private var chunks: [UnsafeMutablePointer<Connection>] = []
    /// Odd while the slot is in use.
    private var generations: [UInt32] = []
    private var free: [UInt32] = []
    private(set) var count = 0

    /// Slots that exist, in use or not.
    var slots: Int { generations.count }

    mutating func insert(_ socket: consuming Descriptor, tls: TLSContext?) -> UnsafeMutablePointer<Connection> {
        if free.isEmpty { grow() }
        guard let slot = free.popLast() else { preconditionFailure("the table has just grown") }
        generations[Int(slot)] &+= 1
        count += 1
        let connection = address(slot)
        let id = ConnectionID(slot: slot, generation: generations[Int(slot)])
        connection.initialize(to: Connection(socket, id: id, tls: tls))
        return connection
    }

    /// Closes the socket; the connection's address is void from here on.
    mutating func remove(_ connection: UnsafeMutablePointer<Connection>) {
        let slot = connection.pointee.id.slot
        connection.deinitialize(count: 1)
        generations[Int(slot)] &+= 1
        count -= 1
        free.append(slot)
    }

    /// nil when that connection is gone, whoever has its slot now.
    subscript(id: ConnectionID) -> UnsafeMutablePointer<Connection>? {
        guard id.slot < generations.count, generations[Int(id.slot)] == id.generation, id.generation & 1 == 1
        else { return nil }
        return address(id.slot)
    }

    /// Whoever has the slot now.
    subscript(slot slot: Int) -> UnsafeMutablePointer<Connection>? {
        generations[slot] & 1 == 1 ? address(UInt32(slot)) : nil
    }

    private func address(_ slot: UInt32) -> UnsafeMutablePointer<Connection> {
        chunks[Int(slot) / Self.chunk] + Int(slot) % Self.chunk
    }

    private mutating func grow() {
        let first = UInt32(generations.count)
        chunks.append(.allocate(capacity: Self.chunk))
        generations.append(contentsOf: repeatElement(0, count: Self.chunk))
        // Lowest last, so that low slots are used first and the table stays dense.
        free.append(contentsOf: (first..<first + UInt32(Self.chunk)).reversed())
    }

    deinit {
        for slot in generations.indices where generations[slot] & 1 == 1 {
            address(UInt32(slot)).deinitialize(count: 1)
        }
        for chunk in chunks { chunk.deallocate() }
    }
}
