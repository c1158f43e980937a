/// Sinks of a server under test, in YAML.
///
/// Each starts at the beginning: what a measurement stored before the server's first start is delivered as well.
enum SinkText {
    static func log(_ name: String = "events", to path: String) -> String {
        "\(name): { log: { path: \"\(path)\" }, start: beginning }"
    }

    /// - Parameters:
    ///   - timeout: of one attempt.
    ///   - more: further keys of the sink.
    static func http(_ name: String, to url: String, timeout: String = "10s", _ more: String...) -> String {
        sink(name, "http: { url: \"\(url)\", timeout: \(timeout), allow_private: true }", more)
    }

    static func shell(_ name: String, _ command: [String], _ more: String...) -> String {
        sink(name, shell(command), more)
    }

    /// A hook that appends its document to a file: one program and one write, so that whole lines stand in the file even
    /// when several run at once, or the server is killed under them.
    static func appending(_ name: String, to path: String, _ more: String...) -> String {
        let words = ["/bin/dd", "status=none", "bs=1M", "oflag=append", "conv=notrunc", "of=\(path)"]
        return sink(name, shell(words), more)
    }

    private static func shell(_ command: [String]) -> String {
        "shell: { command: [\(command.map { "\"\($0)\"" }.joined(separator: ", "))] }"
    }

    private static func sink(_ name: String, _ kind: String, _ more: [String]) -> String {
        "\(name): { \(([kind, "start: beginning"] + more).joined(separator: ", ")) }"
    }
}
