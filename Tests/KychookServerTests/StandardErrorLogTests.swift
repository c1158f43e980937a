import KychookConfig
import Logging
import Testing

@testable import KychookServer

@Suite struct StandardErrorLogTests {
    @Test(arguments: [
        ("plain", "plain"), ("two words", #""two words""#), ("a\n2026 error: b", #""a\u000a2026 error: b""#),
        ("\u{1B}[2J", #""\u001b[2J""#), ("\u{9B}2J", #""\u009b2J""#), (#"""#, #""\"""#), ("é", #""é""#),
    ])
    func `a hostile value neither leaves its line nor reaches the terminal`(value: String, written: String) {
        #expect(line(.text, value).hasSuffix(" warning: told reason=\(written)\n"))
        let quoted = written.hasPrefix("\"") ? written : "\"\(written)\""
        #expect(line(.json, value).hasSuffix(#","level":"warning","message":"told","reason":\#(quoted)}"# + "\n"))
    }

    private func line(_ format: LogConfiguration.Format, _ value: String) -> String {
        let log = StandardErrorLog(.init(LogConfiguration(format: format)))
        let event = LogEvent(
            level: .warning,
            message: "told",
            metadata: ["reason": "\(value)"],
            source: nil,
            file: #fileID,
            function: #function,
            line: #line
        )
        return String(decoding: log.line(for: event), as: UTF8.self)
    }
}
