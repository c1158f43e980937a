import KychookConfig
import KychookModel
import KychookStore

/// `kychook sinks pause` and `resume`.
package struct PauseCommand: OperatorCommand {
    package static let path = "pause"

    package var sink: String
    /// False: it goes on, and what waits for its next attempt is tried at once.
    package var pauses: Bool
    package var reason: String?

    package init(sink: String, pauses: Bool, reason: String? = nil) {
        self.sink = sink
        self.pauses = pauses
        self.reason = reason
    }

    package struct Report: Codable, Sendable {
        package var sink: String
        package var state: String
        /// Events that it has not been handed.
        package var waiting: Int
    }

    package func run(_ place: Workplace) async throws -> Report {
        let reader = try place.log.makeReader()
        let row = try place.record(of: sink, reader).row
        let health = try await place.log.setPause(pauses, of: sink, reason: reason, now: place.clock.now())
        place.sinks?.look(at: sink, hastens: !pauses)
        let waiting = try reader.sinkStatuses { $0.row == row }.first?.waiting
        return Report(sink: sink, state: (health?.state ?? .active).rawValue, waiting: waiting ?? 0)
    }
}

/// `kychook sinks rename`: cursor and deliveries go with the new name.
package struct RenameSinkCommand: OperatorCommand {
    package static let path = "rename-sink"

    package var old: String
    package var new: String

    package init(old: String, new: String) {
        self.old = old
        self.new = new
    }

    package struct Report: Codable, Sendable {
        /// The configuration in force still has the old name: under it a new sink would begin.
        package var oldIsConfigured: Bool
    }

    package func run(_ place: Workplace) async throws -> Report {
        // No configuration could ever have it.
        if let fault = faultOfName(new, of: "sink") { throw CommandRefusal(fault) }
        switch try await place.log.rename(old, to: new) {
        case .unknown:
            _ = try place.record(of: old, try place.log.makeReader())
        case .taken:
            throw CommandRefusal("there is a sink \(new) already: 'kychook sinks forget \(new)' drops it first")
        case .renamed:
            place.sinks?.rename(old, to: new)
        }
        return Report(oldIsConfigured: place.configuration.sinks.contains { $0.name == old })
    }
}

/// `kychook sinks forget`: drops a sink that left the configuration, with its place and its deliveries.
package struct ForgetSinkCommand: OperatorCommand {
    package static let path = "forget-sink"

    package var sink: String

    package init(sink: String) {
        self.sink = sink
    }

    package struct Report: Codable, Sendable {
        package var deliveries: Int
        /// Of these: not delivered and not dead.
        package var unfinished: Int
    }

    package func run(_ place: Workplace) async throws -> Report {
        let isConfigured = place.configuration.sinks.contains { $0.name == sink }
        guard !isConfigured, !(place.sinks?.isAtWork(sink) ?? false) else {
            throw CommandRefusal("the sink \(sink) is in the configuration: remove it there and reload, then forget it")
        }
        _ = try place.record(of: sink, try place.log.makeReader())
        let dropped = try await place.log.forget(sink)
        return Report(deliveries: dropped?.deliveries ?? 0, unfinished: dropped?.unfinished ?? 0)
    }
}
