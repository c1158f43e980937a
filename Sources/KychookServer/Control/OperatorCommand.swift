import Foundation
package import KychookConfig
package import KychookModel
package import KychookStore

/// Something that an operator wants changed: done by the running server, or by the command's own process under the
/// same lock when none runs.
package protocol OperatorCommand: Codable, Sendable {
    associatedtype Report: Codable, Sendable
    /// Path on the control socket, without the slash.
    static var path: String { get }
    func run(_ place: Workplace) async throws -> Report
}

/// Where a command does its work.
package struct Workplace: Sendable {
    package let log: EventLog
    /// In force.
    package let configuration: Configuration
    package let clock: WallClock
    /// The sinks at work; nil: no server runs.
    let sinks: SinkGroup?
    /// Those who ask providers; nil: no server runs.
    let providers: ProviderGroup?
    let makeReading: MakeReading

    init(
        log: EventLog,
        configuration: Configuration,
        clock: WallClock,
        sinks: SinkGroup?,
        providers: ProviderGroup? = nil,
        makeReading: @escaping MakeReading = { _, _ in nil }
    ) {
        self.log = log
        self.configuration = configuration
        self.clock = clock
        self.sinks = sinks
        self.providers = providers
        self.makeReading = makeReading
    }

    /// In a command's own process.
    package init(
        log: EventLog,
        configuration: Configuration,
        makeReading: @escaping MakeReading = providerReading
    ) {
        self.init(log: log, configuration: configuration, clock: .system, sinks: nil, makeReading: makeReading)
    }

    /// The sink as it is configured now.
    func sink(named name: String) throws(CommandRefusal) -> SinkConfiguration {
        guard let sink = configuration.sinks.first(where: { $0.name == name }) else {
            throw CommandRefusal("there is no sink \(name) in the configuration: it has \(names)")
        }
        return sink
    }

    /// The sink as the store knows it.
    func record(of name: String, _ reader: EventReader) throws -> SinkRecord {
        let known = try reader.sinks()
        guard let record = known.first(where: { $0.name == name }) else {
            let names = known.map(\.name).joined(separator: ", ")
            throw CommandRefusal("the store knows no sink \(name): it knows \(names.isEmpty ? "none" : names)")
        }
        return record
    }

    private var names: String {
        configuration.sinks.isEmpty ? "none" : configuration.sinks.map(\.name).joined(separator: ", ")
    }
}

/// Why a command does nothing, and what to do instead.
package struct CommandRefusal: Error, Codable, CustomStringConvertible {
    package let error: String
    package var description: String { error }

    init(_ reason: String) {
        error = reason
    }
}

extension OperatorCommand {
    /// Read from the control socket.
    init?(json: [UInt8]) {
        guard let command = try? JSONDecoder().decode(Self.self, from: Data(json)) else { return nil }
        self = command
    }
}

extension Encodable {
    /// Members sorted by name, so that the text depends on the value alone.
    package var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}
