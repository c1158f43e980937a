import KychookConfig
import KychookLinux
import KychookModel

/// How the process's descriptors are shared out: connections get what everything else leaves.
///
/// The rest must never run out: where it does, hooks fail, names cannot be looked up, and libdispatch, which hooks need,
/// ends the process.
struct DescriptorBudget: Equatable {
    /// For all but the connections of the provider.
    let reserve: Int
    /// What of that a server can go without at its start: an HTTP attempt that finds none is made again, and seldom are
    /// all under way at once.
    private let spare: Int
    /// As many as are configured.
    let connections: Int

    /// A server with fewer is none, unless it is told to have fewer.
    static let fewestConnections = 16

    init(_ configuration: Configuration, loops: Int) {
        connections = configuration.limits.connections
        let sinks = configuration.sinks.map { DescriptorBudget.count($0.kind, attempts: $0.maxInFlight) }
        let spares = configuration.sinks.map { sink in
            guard case .http = sink.kind else { return 0 }
            return DescriptorBudget.httpAttempt * (sink.maxInFlight - 1)
        }
        let sources = 8 * configuration.sources.count { $0.api != nil }
        let admin = configuration.admin == nil ? 0 : AdminListener.connections + 16
        reserve = DescriptorBudget.base + 4 * loops + sinks.reduce(0, +) + sources + admin
        spare = spares.reduce(0, +)
    }

    /// Standard streams, lock, database, checkpoints, the check, listeners, control socket, and what libraries open.
    private static let base = 64

    /// A connection and a name lookup.
    private static let httpAttempt = 3

    /// A reader of the store, a thread's signal, and so many attempts at once.
    private static func count(_ sink: SinkConfiguration.Kind, attempts: Int) -> Int {
        switch sink {
        case .log, .stdout: 12
        // Input, output and process of each; one that starts takes twice as many for a moment.
        case .shell: 14 + 6 * attempts
        case .http: 12 + httpAttempt * attempts
        }
    }

    /// All that could be used.
    var wanted: Int { reserve + connections }

    private var fewestConnections: Int { min(connections, DescriptorBudget.fewestConnections) }

    /// The fewest with which a server may start.
    var required: Int { reserve - spare + fewestConnections }

    /// How many connections there may be under a limit: those without which a server is none at least.
    func connections(under limit: Int) -> Int {
        max(fewestConnections, min(connections, limit - reserve))
    }

    /// - Throws: where the limit leaves too few.
    func check(_ limit: Int) throws(DescriptorShortage) {
        if limit < required { throw DescriptorShortage(limit: limit, required: required) }
    }
}

/// The process may not open what its configuration needs.
package struct DescriptorShortage: Error, Equatable, CustomStringConvertible {
    package let limit: Int
    package let required: Int

    package var description: String {
        "this process may have \(limit) files open, and its configuration needs at least \(required): "
            + "raise the limit (LimitNOFILE= in the unit, ulimit -n in a shell), or configure fewer attempts at once"
    }
}
