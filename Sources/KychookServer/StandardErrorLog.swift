import Glibc
package import KychookConfig
import KychookLinux
import KychookModel
package import Logging

/// Writes swift-log's lines to standard error, as text for people or as JSON for machines.
///
/// One write(2) a line, so that lines of several threads do not mix; control characters are escaped, so that no value
/// from outside can begin a line of its own (requirement P6).
package struct StandardErrorLog: LogHandler {
    /// What a reload may change, shared by all handlers.
    package final class Settings: Sendable {
        private let state: Locked<LogConfiguration>

        package init(_ configuration: LogConfiguration) {
            state = Locked(configuration)
        }

        package var current: LogConfiguration { state.withLock { $0 } }

        package func update(_ configuration: LogConfiguration) {
            state.withLock { $0 = configuration }
        }
    }

    package var metadata: Logger.Metadata = [:]
    private let settings: Settings
    private let clock: WallClock

    package init(_ settings: Settings) {
        self.settings = settings
        clock = .system
    }

    /// Follows the settings; a handler has no level of its own.
    package var logLevel: Logger.Level {
        get { Logger.Level(rawValue: settings.current.level.rawValue) ?? .info }
        set { _ = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        line(for: event).withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    func line(for event: LogEvent) -> [UInt8] {
        let values = metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
        return switch settings.current.format {
        case .text: text(event.level, event.message, values)
        case .json: json(event.level, event.message, values)
        }
    }

    private func text(
        _ level: Logger.Level,
        _ message: Logger.Message,
        _ values: [(key: String, value: Logger.Metadata.Value)]
    ) -> [UInt8] {
        var line = Array("\(clock.now()) \(level.rawValue): \(message)".utf8)
        for (key, value) in values {
            line += Array(" \(key)=".utf8)
            let text = value.description
            if text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }) {
                line += Array(text.utf8)
            } else {
                line.appendJSONString(text)
            }
        }
        return line + [UInt8(ascii: "\n")]
    }

    private func json(
        _ level: Logger.Level,
        _ message: Logger.Message,
        _ values: [(key: String, value: Logger.Metadata.Value)]
    ) -> [UInt8] {
        let head: [(String, JSONMember?)] = [
            ("time", .text("\(clock.now())")), ("level", .text(level.rawValue)), ("message", .text("\(message)")),
        ]
        return [UInt8](jsonObject: head + values.map { ($0.key, .text("\($0.value)")) }) + [UInt8(ascii: "\n")]
    }
}
