/// Header fields in the order of the message, as places in the caller's buffer.
///
/// Own memory instead of an array: it is reused for every request of a connection and must not be copied on write.
struct FieldTable: ~Copyable {
    struct Field {
        var name: UInt32
        var nameLength: UInt32
        var value: UInt32
        var valueLength: UInt32
    }

    private var fields: UnsafeMutablePointer<Field>
    private var capacity: Int
    private(set) var count = 0

    init() {
        capacity = 24
        fields = .allocate(capacity: capacity)
    }

    deinit {
        fields.deallocate()
    }

    subscript(index: Int) -> Field {
        @inline(__always) get {
            precondition(index >= 0 && index < count, "no such field")
            return fields[index]
        }
    }

    mutating func removeAll() {
        count = 0
    }

    mutating func append(_ field: Field) throws(Refusal) {
        guard count < RequestLimits.fields else { throw .headTooLarge }
        if count == capacity { grow() }
        (fields + count).initialize(to: field)
        count += 1
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Field>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: fields, count: count)
        fields.deallocate()
        fields = larger
        capacity *= 2
    }

    /// For a ``Request``, which lives shorter than the table.
    var storage: UnsafePointer<Field> { UnsafePointer(fields) }
}
