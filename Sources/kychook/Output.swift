import KychookInterpret
import KychookModel
import KychookStore

/// How events and subjects are shown: a line for people, a document a line for machines.
enum Output {
    /// A table with columns as wide as their widest cell.
    static func table(_ header: [String], _ rows: [[String]]) {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        for row in [header] + rows {
            let cells = zip(row, widths).map { $0.0 + String(repeating: " ", count: $0.1 - $0.0.count) }
            print(cells.joined(separator: "  ").trimmingTrailingBlanks)
        }
    }

    static func document(_ stored: StoredEvent) -> String {
        let document = CloudEvent.document(
            for: stored.event,
            body: stored.body?.bytes,
            typePrefix: stored.typePrefix
        )
        return String(decoding: document, as: UTF8.self)
    }

    /// One line of `tail` and `events list`.
    static func line(_ stored: StoredEvent) -> String {
        let event = stored.event
        let interpretation = event.interpretation
        var words = [event.received.description, event.id.description, "\(event.source)/\(interpretation.type)"]
        if let problem = interpretation.problem { words.append("(\(problem.rawValue))") }
        if let subject = interpretation.subject { words.append(printable(subject.description)) }
        if let status = interpretation.status { words.append("\"\(printable(status))\"") }
        if event.change != .none { words.append(event.change.rawValue) }
        if event.keyReused { words.append("key-reused") }
        if event.ignoresTime { words.append("time-ignored") }
        if event.via != .webhook { words.append("via-\(event.via.rawValue)") }
        return words.joined(separator: "  ")
    }

    /// A JSON object on a line, for what is no event.
    static func object(_ members: [(String, JSONMember?)]) -> String {
        String(decoding: [UInt8](jsonObject: members), as: UTF8.self)
    }

    static func array(_ elements: [String]) -> String {
        "[\(elements.joined(separator: ","))]"
    }
}

/// What a terminal may be shown: nothing that could move its cursor or change its colours.
func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.isVisible ? $0 : "\u{FFFD}" }))
}

extension Unicode.Scalar.Properties {
    fileprivate var isVisible: Bool {
        switch generalCategory {
        case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

extension String {
    fileprivate var trimmingTrailingBlanks: String {
        guard let last = lastIndex(where: { $0 != " " }) else { return "" }
        return String(self[...last])
    }
}

extension Duration {
    /// For people, in the two largest units: `2d 3h`, `4m 2s`, `250ms`.
    var coarse: String {
        let seconds = milliseconds / 1000
        guard seconds > 0 else { return "\(milliseconds)ms" }
        let parts = [
            ("d", seconds / 86_400), ("h", seconds / 3600 % 24), ("m", seconds / 60 % 60), ("s", seconds % 60),
        ]
        return parts.drop { $0.1 == 0 }.prefix(2).filter { $0.1 > 0 }.map { "\($0.1)\($0.0)" }.joined(separator: " ")
    }
}
