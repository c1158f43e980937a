/// How much the server says of itself on standard error, and in which form.
package struct LogConfiguration: Equatable, Sendable {
    package var level: Level
    package var format: Format

    package init(level: Level = .info, format: Format = .text) {
        self.level = level
        self.format = format
    }

    /// swift-log's levels, by the same names.
    package enum Level: String, CaseIterable, Sendable {
        case trace, debug, info, notice, warning, error, critical
    }

    package enum Format: String, CaseIterable, Sendable {
        case json, text
    }
}

extension Reading {
    func log(_ value: YAMLValue) -> LogConfiguration {
        var log = LogConfiguration()
        guard let mapping = MappingReader(value, named: "`log`", diagnostics: diagnostics) else { return log }
        log.level = mapping.choice("level") ?? log.level
        log.format = mapping.choice("format") ?? log.format
        mapping.finish()
        return log
    }
}
