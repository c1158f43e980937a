import Glibc
import KychookConfig
import KychookLinux
import KychookModel
import Testing

/// A fault that a test expects: where, and a part of what is said.
struct Fault: Sendable, CustomTestStringConvertible {
    let text: String
    let line: Int
    let column: Int
    let says: String

    init(_ text: String, _ line: Int, _ column: Int, _ says: String) {
        self.text = text
        self.line = line
        self.column = column
        self.says = says
    }

    var testDescription: String { text }
}

/// Files in memory, by absolute path.
func surroundings(
    variables: [String: String] = ["SECRET": "sandbox-secret-0001"],
    files: [String: Surroundings.FileContents] = [:],
    missingPrograms: Set<String> = []
) -> Surroundings {
    Surroundings(
        variables: variables,
        workingDirectory: "/etc/kychook",
        readFile: { path, limit in
            guard var contents = files[path] else {
                return .failure(SystemError(call: "open", subject: path, code: ENOENT))
            }
            contents.bytes = Array(contents.bytes.prefix(limit))
            return .success(contents)
        },
        whyNotExecutable: { missingPrograms.contains($0) ? "No such file or directory" : nil }
    )
}

func file(_ text: String, permissions: UInt32 = 0o600) -> Surroundings.FileContents {
    Surroundings.FileContents(bytes: Array(text.utf8), permissions: permissions)
}

func parse(_ text: String, in surroundings: Surroundings = surroundings()) throws -> ParsedConfiguration {
    try Configuration.parse(Array(text.utf8), file: "kychook.yaml", surroundings: surroundings)
}

/// What is wrong with a configuration; empty when nothing is.
func problems(_ text: String, in surroundings: Surroundings = surroundings()) -> [ConfigurationProblem] {
    problems(Array(text.utf8), in: surroundings)
}

func problems(_ bytes: [UInt8], in surroundings: Surroundings = surroundings()) -> [ConfigurationProblem] {
    do throws(ConfigurationErrors) {
        _ = try Configuration.parse(bytes, file: "kychook.yaml", surroundings: surroundings)
        return []
    } catch {
        return error.problems
    }
}

/// Expects exactly one problem, at the place.
func expect(
    _ fault: Fault,
    among problems: [ConfigurationProblem],
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(problems.count == 1, "\(problems)", sourceLocation: sourceLocation)
    guard let problem = problems.first else { return }
    let position = TextPosition(line: fault.line, column: fault.column)
    #expect(problem.file == "kychook.yaml", sourceLocation: sourceLocation)
    #expect(problem.position == position, "\(problem)", sourceLocation: sourceLocation)
    #expect(problem.message.contains(fault.says), "\(problem)", sourceLocation: sourceLocation)
}

/// What a test's own section needs around it to be a configuration.
enum Rest {
    static let source = """
        sources:
          bitgo: { provider: bitgo, path: /webhooks/bitgo, secrets: [ { env: SECRET } ] }

        """
    static let sink = """
        sinks: { events: { log: { path: /var/log/events.jsonl } } }

        """
    static let state = "state_dir: /var/lib/kychook\n"
}

/// The lines stand first, so that their numbers are those of the file.
func configuration(_ top: String) -> String {
    top + "\n" + Rest.state + Rest.source + Rest.sink
}

/// The lines are those of a source `own`: the first one is line 3, and each begins at column 5.
func configuration(source: String) -> String {
    "sources:\n  own:\n" + indented(source) + Rest.state + Rest.sink
}

/// The lines are those of a sink `own`: the first one is line 3, and each begins at column 5.
func configuration(sink: String) -> String {
    "sinks:\n  own:\n" + indented(sink) + Rest.state + Rest.source
}

private func indented(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)\n" }.joined()
}

/// `provider`, `path` and `secrets` of a source, three lines.
let plainSource = """
    provider: bitgo
    path: /webhooks/own
    secrets: [ { env: SECRET } ]

    """

func sink(_ text: String, in surroundings: Surroundings = surroundings()) throws -> SinkConfiguration {
    try #require(try parse(configuration(sink: text), in: surroundings).configuration.sinks.first)
}

func source(_ text: String, in surroundings: Surroundings = surroundings()) throws -> SourceConfiguration {
    try #require(try parse(configuration(source: text), in: surroundings).configuration.sources.first)
}
