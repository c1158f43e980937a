import KychookHTTP
import KychookInterpret
import KychookModel
import KychookNet
import KychookStore
import Logging

/// What a running server does for commands of the same user, over `control.sock`.
///
/// Reached only through a socket of mode 0600 in a directory of mode 0700: whoever can connect may command.
final class ControlHandler: RequestHandler {
    private let log: EventLog
    private let sources: SourceTable
    private let statistics: IngestStatistics

    init(log: EventLog, sources: SourceTable, statistics: IngestStatistics) {
        self.log = log
        self.sources = sources
        self.statistics = statistics
    }

    func handle(_ request: borrowing Request, _ exchange: Exchange) -> Disposition {
        let path = request.path.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        let body = request.body.withUnsafeBufferPointer { Array($0) }
        switch (request.method, path) {
        case (.get, "/status"):
            return .respond(status())
        case (.post, "/reinterpret"):
            guard let command = ReinterpretCommand(json: body) else {
                return .respond(Response(status: 400, error: "not a reinterpret command"))
            }
            let (log, entries) = (log, sources.current)
            Task.detached {
                do {
                    exchange.respond(Response(status: 200, text: try await command.run(log, entries).json))
                } catch {
                    exchange.respond(Response(status: 500, error: "\(error)"))
                }
            }
            return .later
        default:
            return .respond(Answers.notFound)
        }
    }

    private func status() -> Response {
        let counts = [("uncommitted_events", log.depth)] + statistics.summary.map { ($0.name, $0.count) }
        let failures = statistics.providerFailures.sums.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        let members = counts.map { ($0.0, "\($0.1)") } + [("provider_failures_7d", object(failures))]
        return Response(status: 200, text: object(members))
    }

    /// Of values that are JSON already.
    private func object(_ members: [(String, String)]) -> String {
        var text: [UInt8] = []
        for (name, value) in members {
            text.append(UInt8(ascii: text.isEmpty ? "{" : ","))
            text.appendJSONString(name)
            text += Array(":\(value)".utf8)
        }
        return text.isEmpty ? "{}" : String(decoding: text, as: UTF8.self) + "}"
    }
}

extension Response {
    init(status: Int, error: String) {
        var body = Array(#"{"error":"#.utf8)
        body.appendJSONString(error)
        self.init(status: status, text: String(decoding: body + [UInt8(ascii: "}")], as: UTF8.self))
    }
}
