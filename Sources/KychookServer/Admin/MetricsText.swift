import KychookModel

/// Writes Prometheus' text exposition format, version 0.0.4.
struct MetricsText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    enum Kind: String {
        case counter, gauge
    }

    struct Sample {
        var labels: KeyValuePairs<StaticString, String> = [:]
        var value: Double
    }

    private(set) var text = ""

    /// All samples of one metric; one without samples is left out.
    mutating func add(_ name: StaticString, _ kind: Kind, _ help: StaticString, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        addHead(name, kind.rawValue, help)
        for sample in samples { addLine("\(name)", sample.labels.map { ("\($0.key)", $0.value) }, sample.value) }
    }

    mutating func add(_ name: StaticString, _ kind: Kind, _ help: StaticString, _ value: Double) {
        add(name, kind, help, [Sample(value: value)])
    }

    mutating func add(_ name: StaticString, _ help: StaticString, _ histogram: Histogram) {
        addHead(name, "histogram", help)
        var count = 0
        for (bound, here) in zip(histogram.bounds + [.infinity], histogram.counts) {
            count += here
            addLine("\(name)_bucket", [("le", MetricsText.number(bound))], Double(count))
        }
        addLine("\(name)_sum", [], histogram.sum)
        addLine("\(name)_count", [], Double(count))
    }

    private mutating func addHead(_ name: StaticString, _ kind: String, _ help: StaticString) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    private mutating func addLine(_ name: String, _ labels: [(String, String)], _ value: Double) {
        let list = labels.map { "\($0.0)=\"\(MetricsText.escaped($0.1))\"" }.joined(separator: ",")
        text += "\(name)\(list.isEmpty ? "" : "{\(list)}") \(MetricsText.number(value))\n"
    }

    /// What could end a label's value or its line is escaped; nothing else may be.
    private static func escaped(_ value: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": escaped.append(contentsOf: "\\\\".unicodeScalars)
            case "\"": escaped.append(contentsOf: "\\\"".unicodeScalars)
            case "\n": escaped.append(contentsOf: "\\n".unicodeScalars)
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }

    private static func number(_ value: Double) -> String {
        if value == .infinity { return "+Inf" }
        return Int64(exactly: value).map(String.init) ?? value.description
    }
}
