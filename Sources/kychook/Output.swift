import ArgumentParser
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

    /// JSON of string and number members, for objects that are no events.
    static func object(_ members: [(String, JSONMember?)]) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        for case (let name, let value?) in members {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            bytes.appendJSONString(name)
            bytes.append(UInt8(ascii: ":"))
            switch value {
            case .text(let text): bytes.appendJSONString(text)
            case .raw(let json): bytes += json.utf8
            }
        }
        return String(decoding: bytes + [UInt8(ascii: "}")], as: UTF8.self)
    }

    enum JSONMember {
        case text(String)
        /// A number, an object or an array, already JSON.
        case raw(String)

        init?(_ text: String?) {
            guard let text else { return nil }
            self = .text(text)
        }
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

/// A moment on the command line: RFC 3339, a date, or how long ago (`90s 30m 12h 7d`).
struct Moment: ExpressibleByArgument {
    let timestamp: Timestamp

    init?(argument: String) {
        if let timestamp = Timestamp(rfc3339: argument) ?? Timestamp(rfc3339: "\(argument)T00:00:00Z") {
            self.timestamp = timestamp
        } else if let age = Age(argument: argument) {
            timestamp = WallClock.system.now() - age.duration
        } else {
            return nil
        }
    }
}

/// A length of time on the command line: `90s 30m 12h 7d`.
struct Age: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let unit = argument.last, let scale = ["s": 1, "m": 60, "h": 3600, "d": 86_400][unit],
            let count = Int(argument.dropLast()), (0...1_000_000).contains(count)
        else { return nil }
        duration = .seconds(count * scale)
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

/// Of a list's `-n`: SQLite takes a negative limit for none.
func checkCount(_ count: Int) throws {
    guard count >= 0 else { throw ValidationError("-n is 0 or more") }
}

/// The conditions that `tail` and `events list` share.
struct EventConditions: ParsableArguments {
    @Option(help: "Only this type, by the provider's name.")
    var type: String?

    @Option(help: "Only this status.")
    var status: String?

    @Option(help: "Only this subject: [SOURCE/][KIND/]ID.")
    var identity: String?

    func query(limit: Int, since: Timestamp? = nil, until: Timestamp? = nil) -> EventQuery {
        EventQuery(
            type: type,
            status: status,
            subject: identity.map(SubjectReference.init),
            since: since,
            until: until,
            limit: limit
        )
    }
}
