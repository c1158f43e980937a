/// A place in the configuration's text, both counted from 1; columns count Unicode scalars, as editors do.
package struct TextPosition: Hashable, Comparable, Sendable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: TextPosition, right: TextPosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// One thing to change in a configuration, with its place. Never holds a secret.
package struct ConfigurationProblem: Equatable, Sendable {
    package var file: String
    /// nil when the file could not be read at all.
    package var position: TextPosition?
    /// A lower-case sentence that says what to change.
    package var message: String

    package init(file: String, position: TextPosition? = nil, message: String) {
        self.file = file
        self.position = position
        self.message = message
    }
}

extension ConfigurationProblem: CustomStringConvertible {
    /// `kychook.yaml:3:7: …`, the form in which editors and compilers find a place.
    package var description: String {
        guard let position else { return "\(file): \(message)" }
        return "\(file):\(position.line):\(position.column): \(message)"
    }
}

/// Everything that is wrong with one configuration, in the order of the text; at least one problem.
package struct ConfigurationErrors: Error, Equatable, CustomStringConvertible {
    package var problems: [ConfigurationProblem]

    package init(problems: [ConfigurationProblem]) {
        self.problems = problems
    }

    /// One problem a line.
    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
