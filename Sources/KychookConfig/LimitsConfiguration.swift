package import KychookModel

/// How much, how long and how many: what keeps one sender from using up the machine.
package struct LimitsConfiguration: Equatable, Sendable {
    /// Bytes of one request's body.
    package var body = ByteCount.mebibytes(1)
    /// Bytes of the request line and the headers together.
    package var head = ByteCount.kibibytes(16)
    /// From a request's first byte to the end of its head.
    package var headTimeout = Duration.seconds(10)
    /// From the end of the head to the end of the body.
    package var bodyTimeout = Duration.seconds(30)
    /// How long a connection may stay open between two requests.
    package var idleTimeout = Duration.seconds(75)
    /// From the first answer that a client does not take to the end of what was to be written.
    package var writeTimeout = Duration.seconds(30)
    /// Connections open at once, over all listeners.
    package var connections = 10_000
    /// Connections open at once from one address, or one IPv6 /64; nil: any number, since a provider may be one address.
    package var connectionsPerAddress: Int?
    /// Events that wait for their commit; at the bound, reading stops.
    package var uncommittedEvents = 8192
    /// How long an answer is held back while the store cannot commit, before it becomes 503.
    package var commitWait = Duration.seconds(4)
    /// Free bytes on the store's file system below which nothing more is accepted.
    package var freeSpace = ByteCount.mebibytes(256)

    package init() {}
}

extension Reading {
    func limits(_ value: YAMLValue) -> LimitsConfiguration {
        var limits = LimitsConfiguration()
        guard let mapping = MappingReader(value, named: "`limits`", diagnostics: diagnostics) else { return limits }
        let timeouts = Duration.milliseconds(100)...(.hours(1))
        limits.body = mapping.size("body", in: .kibibytes(1)...(.mebibytes(64))) ?? limits.body
        limits.head = mapping.size("head", in: .kibibytes(1)...(.kibibytes(256))) ?? limits.head
        limits.headTimeout = mapping.duration("head_timeout", in: timeouts) ?? limits.headTimeout
        limits.bodyTimeout = mapping.duration("body_timeout", in: timeouts) ?? limits.bodyTimeout
        limits.idleTimeout = mapping.duration("idle_timeout", in: timeouts) ?? limits.idleTimeout
        limits.writeTimeout = mapping.duration("write_timeout", in: timeouts) ?? limits.writeTimeout
        limits.connections = mapping.integer("connections", in: 1...1_000_000) ?? limits.connections
        limits.connectionsPerAddress = mapping.integer("connections_per_address", in: 1...1_000_000)
        limits.uncommittedEvents = mapping.integer("uncommitted_events", in: 1...1_000_000) ?? limits.uncommittedEvents
        // A provider waits some seconds at most: a longer wait is a lost answer.
        limits.commitWait = mapping.duration("commit_wait", in: .zero...(.seconds(60))) ?? limits.commitWait
        limits.freeSpace = mapping.size("free_space", in: .bytes(0)...(.gibibytes(1024))) ?? limits.freeSpace
        mapping.finish()
        return limits
    }
}

extension ByteCount {
    fileprivate static func gibibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 30) }
}
