import KychookBitGo
import KychookModel

/// One thing from the API as it is printed: a JSON object, or lines for a terminal.
struct BitGoRecord {
    private(set) var members: [JSONValue.Member] = []

    /// - Parameter value: nil: the member is left out.
    mutating func add(_ name: String, _ value: JSONValue?) {
        if let value { members.append(.init(name, value)) }
    }

    mutating func add(_ name: String, _ text: String?) {
        add(name, text.map(JSONValue.text))
    }

    func print(asJSON: Bool) {
        guard !asJSON else {
            Swift.print(String(decoding: JSONValue.object(members).bytes, as: UTF8.self))
            return
        }
        for member in members { Swift.print("\(member.name): \(member.value.cell)") }
    }

    /// A JSON object a line, or a table of some members.
    static func print(_ records: [BitGoRecord], columns: [String], asJSON: Bool) {
        guard !asJSON else {
            for record in records { record.print(asJSON: true) }
            return
        }
        let rows = records.map { record in
            columns.map { name in record.members.first { $0.name == name }?.value.cell ?? "" }
        }
        Output.table(columns.map { $0.uppercased() }, rows)
    }
}

extension JSONValue {
    /// For a terminal.
    fileprivate var cell: String {
        switch self {
        case .text(let text): printable(text)
        case .array(let values): values.map(\.cell).joined(separator: ", ")
        case .null, .boolean, .integer, .number, .object: printable(String(decoding: bytes, as: UTF8.self))
        }
    }

    init<Known>(_ words: [Open<Known>]) {
        self = .array(words.map { .text($0.text) })
    }
}

/// Shows personal values, or that there are some.
struct PersonalView {
    let isOpen: Bool

    func text(_ value: Personal<String>?) -> JSONValue? {
        show(value) { .text($0) }
    }

    func json(_ value: Personal<JSONValue>?) -> JSONValue? {
        show(value) { $0 }
    }

    func word<Known>(_ value: Personal<Open<Known>>?) -> JSONValue? {
        show(value) { .text($0.text) }
    }

    func flag(_ value: Personal<LooseFlag>?) -> JSONValue? {
        show(value) { $0.json }
    }

    private func show<Value>(_ value: Personal<Value>?, _ convert: (Value) -> JSONValue) -> JSONValue? {
        value.map { isOpen ? convert($0.revealed) : .text(Secret.mask) }
    }
}

extension LooseFlag {
    var json: JSONValue {
        switch self {
        case .known(let value): .boolean(value)
        case .other(let text): .text(text)
        }
    }
}
