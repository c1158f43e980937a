package import KychookHTTP

/// Bounds of a server. Times are totals: a client cannot stretch them by sending a byte now and then.
package struct ServerLimits: Equatable, Sendable {
    /// Bytes of a request's parts.
    package var request: RequestLimits
    /// From a request's first byte to the end of its head.
    package var headTimeout: Duration
    /// From the end of the head to the end of the body.
    package var bodyTimeout: Duration
    /// Between requests, and before the first.
    package var idleTimeout: Duration
    /// From the first write that the kernel did not take whole to the end of what was to be written.
    package var writeTimeout: Duration
    /// Open connections of all loops together; further ones wait in the kernel's queue.
    package var connections: Int
    /// Open connections of one address, for IPv6 of one /64; further ones are closed at once. nil: as many as there may be
    /// at all, because a provider may well be one address.
    package var connectionsPerAddress: Int?
    /// How long requests may be held back before they are answered as overload.
    package var commitWait: Duration

    package init(
        request: RequestLimits = RequestLimits(),
        headTimeout: Duration = .seconds(10),
        bodyTimeout: Duration = .seconds(30),
        idleTimeout: Duration = .seconds(75),
        writeTimeout: Duration = .seconds(30),
        connections: Int = 10_000,
        connectionsPerAddress: Int? = nil,
        commitWait: Duration = .seconds(4)
    ) {
        self.request = request
        self.headTimeout = headTimeout
        self.bodyTimeout = bodyTimeout
        self.idleTimeout = idleTimeout
        self.writeTimeout = writeTimeout
        self.connections = connections
        self.connectionsPerAddress = connectionsPerAddress
        self.commitWait = commitWait
    }

    /// A loop's share of the connections; all shares together are the limit. The first loops get what is left over.
    package func connections(ofLoop index: Int, among loops: Int) -> Int {
        connections / loops + (index < connections % loops ? 1 : 0)
    }

    /// After an error answer or a `Connection: close`: how long what the client still sends is read and thrown away,
    /// so that the kernel does not reset the connection before the client has read the answer.
    static let lingerTimeout = Duration.seconds(2)
    /// And how much of it.
    static let lingerBytes = 8 << 20
    /// At a stop, what was just accepted has so long to send its first byte.
    static let lastChance = Duration.milliseconds(250)
    /// When descriptors have run out, accepting is tried again after this.
    static let acceptPause = Duration.milliseconds(100)
}
