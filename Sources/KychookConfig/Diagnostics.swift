/// Collects what is wrong with one file, so that all of it is reported at once.
package final class Diagnostics {
    package let file: String
    private(set) var errors: [ConfigurationProblem] = []
    private(set) var warnings: [ConfigurationProblem] = []
    private var suppressed = 0

    /// A file that is not a configuration at all would otherwise give one error a line.
    static let errorLimit = 100

    package init(file: String) {
        self.file = file
    }

    package func error(_ message: String, at position: TextPosition?) {
        guard errors.count < Diagnostics.errorLimit else {
            suppressed += 1
            return
        }
        errors.append(ConfigurationProblem(file: file, position: position, message: message))
    }

    func warn(_ message: String, at position: TextPosition?) {
        guard warnings.count < Diagnostics.errorLimit else { return }
        warnings.append(ConfigurationProblem(file: file, position: position, message: message))
    }

    /// Throws when anything was reported as an error.
    package func throwErrors() throws(ConfigurationErrors) {
        guard !errors.isEmpty else { return }
        var problems = errors.inTextOrder
        if suppressed > 0 {
            problems.append(ConfigurationProblem(file: file, message: "\(suppressed) more errors are not shown"))
        }
        throw ConfigurationErrors(problems: problems)
    }
}

extension [ConfigurationProblem] {
    /// Sorted by place; problems without a place come first, equal places keep their order.
    var inTextOrder: [ConfigurationProblem] {
        let start = TextPosition(line: 0, column: 0)
        return enumerated()
            .sorted { ($0.element.position ?? start, $0.offset) < ($1.element.position ?? start, $1.offset) }
            .map(\.element)
    }
}

/// A value of the file for an error text: short, on one line, in double quotes.
package func quoted(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(64).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : String($0) }
    return "\"\(shown.joined())\(text.unicodeScalars.count > 64 ? "…" : "")\""
}

/// `a, b or c`
package func alternatives(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return "\(words.dropLast().joined(separator: ", ")) or \(last)"
}
