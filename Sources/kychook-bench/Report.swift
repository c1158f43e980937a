import KychookModel

/// The figures of one run, in the order in which they were added.
struct Report {
    private enum Value {
        case number(Double, digits: Int, unit: String)
        case text(String)
    }

    /// What a figure has to reach.
    enum Bar {
        case atLeast(Double), atMost(Double)
    }

    private var figures: [(name: String, value: Value)] = []
    /// Whether every figure reached its bar.
    private(set) var isMet = true

    /// - Parameters:
    ///   - name: the key in JSON; words joined by `_`, the unit last.
    ///   - unit: shown to people only.
    mutating func add(_ name: String, _ number: Double, digits: Int = 0, _ unit: String = "") {
        figures.append((name, .number(number, digits: digits, unit: unit)))
    }

    mutating func add(_ name: String, _ number: Int, _ unit: String = "") {
        add(name, Double(number), unit)
    }

    mutating func add(_ name: String, _ text: String) {
        figures.append((name, .text(text)))
    }

    /// A figure, and for people whether it reaches its bar.
    mutating func add(_ name: String, _ number: Double, digits: Int = 0, bar: Bar) {
        let (words, limit, reached) =
            switch bar {
            case .atLeast(let limit): ("at least", limit, number >= limit)
            case .atMost(let limit): ("at most", limit, number <= limit)
            }
        add(name, number, digits: digits, "(\(words) \(decimal(limit, digits: digits)): \(reached ? "met" : "MISSED"))")
        isMet = isMet && reached
    }

    /// A count of faults: none are allowed.
    mutating func add(faults name: String, _ count: Int) {
        add(name, Double(count), count == 0 ? "" : "(FAULTS)")
        isMet = isMet && count == 0
    }

    /// A line a figure, names and numbers in columns.
    var text: String {
        let width = figures.map(\.name.count).max() ?? 0
        return figures.map { name, value in
            let padding = String(repeating: " ", count: width - name.count + 2)
            switch value {
            case .number(let number, let digits, let unit):
                return name + padding + decimal(number, digits: digits) + (unit.isEmpty ? "" : " \(unit)")
            case .text(let text):
                return name + padding + text
            }
        }
        .joined(separator: "\n")
    }

    /// One flat object on one line.
    var json: String {
        let members = figures.map { name, value -> (String, JSONMember?) in
            switch value {
            case .number(let number, let digits, _): (name, .raw(decimal(number, digits: digits)))
            case .text(let text): (name, .text(text))
            }
        }
        return String(decoding: [UInt8](jsonObject: members), as: UTF8.self)
    }
}

/// Fixed-point text; a number that is none (a ratio over nothing) counts as 0.
func decimal(_ number: Double, digits: Int) -> String {
    guard number.isFinite else { return "0" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((number.magnitude * scale).rounded())
    let sign = number < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(scaled)" }
    let fraction = String(scaled % Int(scale))
    return "\(sign)\(scaled / Int(scale)).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
}

/// The middle of some measurements; 0 of none.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
