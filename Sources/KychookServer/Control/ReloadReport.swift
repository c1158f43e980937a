import Foundation

/// What became of a reload: by SIGHUP, or by the command `reload` on the control socket.
package struct ReloadReport: Codable, Equatable, Sendable {
    package static let path = "reload"

    /// The configuration that was read.
    package var file: String
    /// Why it was not taken; empty: it is in force.
    package var problems: [String]
    /// Keys that differ but need a restart.
    package var needsRestart: [String]

    package init(file: String, problems: [String] = [], needsRestart: [String] = []) {
        self.file = file
        self.problems = problems
        self.needsRestart = needsRestart
    }
}

extension ControlClient {
    /// Has the running server read its configuration again.
    /// - Returns: nil when no server runs.
    package func reload() throws -> ReloadReport? {
        guard let answer = try post("/\(ReloadReport.path)", []) else { return nil }
        guard answer.status == 200 else {
            throw CommandRefusal("the running server did not reload: it answered \(answer.status)")
        }
        return try JSONDecoder().decode(ReloadReport.self, from: Data(answer.body))
    }
}
