import KychookHTTP
import KychookLinux
import KychookModel
import KychookNet
import KychookStore

/// What a running server does for commands of the same user, over `control.sock`.
///
/// Reached only through a socket of mode 0600 in a directory of mode 0700: whoever can connect may command.
final class ControlHandler: RequestHandler {
    private let place: @Sendable () -> Workplace
    private let statistics: IngestStatistics
    private let reload: @Sendable () -> (@Sendable () -> ReloadReport)?
    /// A sink reads its operations in their order: what one adds after a later one has begun it would pass over.
    private let operations = Turns()

    init(
        place: @escaping @Sendable () -> Workplace,
        statistics: IngestStatistics,
        reload: @escaping @Sendable () -> (@Sendable () -> ReloadReport)?
    ) {
        self.place = place
        self.statistics = statistics
        self.reload = reload
    }

    func handle(_ request: borrowing Request, _ exchange: Exchange) -> Disposition {
        let path = request.path.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        let body = request.body.withUnsafeBufferPointer { Array($0) }
        switch (request.method, path) {
        case (.get, "/status"): return .respond(status())
        case (.post, "/\(ReinterpretCommand.path)"): return run(ReinterpretCommand.self, body, exchange)
        case (.post, "/\(ReconcileCommand.path)"): return run(ReconcileCommand.self, body, exchange)
        case (.post, "/\(RedeliverCommand.path)"): return run(RedeliverCommand.self, body, exchange, operations)
        case (.post, "/\(ReplayCommand.path)"): return run(ReplayCommand.self, body, exchange, operations)
        case (.post, "/\(PauseCommand.path)"): return run(PauseCommand.self, body, exchange)
        case (.post, "/\(RenameSinkCommand.path)"): return run(RenameSinkCommand.self, body, exchange)
        case (.post, "/\(ForgetSinkCommand.path)"): return run(ForgetSinkCommand.self, body, exchange)
        case (.post, "/\(TestSinkCommand.path)"): return run(TestSinkCommand.self, body, exchange)
        case (.post, "/\(ReloadReport.path)"): return reload(exchange)
        default: return .respond(Answers.notFound)
        }
    }

    private func run<Command: OperatorCommand>(
        _: Command.Type,
        _ body: [UInt8],
        _ exchange: Exchange,
        _ turns: Turns? = nil
    ) -> Disposition {
        guard let command = Command(json: body) else {
            let reason = "not a \(Command.path) command: is the server of this version?"
            return .respond(Response(status: 400, error: reason))
        }
        let place = place
        Task.detached {
            do {
                let run = { @Sendable in try await command.run(place()) }
                let report = if let turns { try await turns.take(run) } else { try await run() }
                exchange.respond(Response(status: 200, text: try report.json))
            } catch let refusal as CommandRefusal {
                exchange.respond(Response(status: 409, error: refusal.error))
            } catch {
                exchange.respond(Response(status: 500, error: "\(error)"))
            }
        }
        return .later
    }

    private func reload(_ exchange: Exchange) -> Disposition {
        guard let reload = reload() else {
            return .respond(Response(status: 503, error: "the server is starting or stopping: try again"))
        }
        // A reload waits for the sinks' tasks, so it must not hold one of the threads that they may need.
        Thread(named: "reload") {
            do {
                exchange.respond(Response(status: 200, text: try reload().json))
            } catch {
                exchange.respond(Response(status: 500, error: "\(error)"))
            }
        }
        .detach()
        return .later
    }

    private func status() -> Response {
        let counts = [("uncommitted_events", place().log.depth)] + statistics.summary.map { ($0.name, $0.count) }
        let failures = statistics.providerFailures.sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return Response(status: 200, text: object(counts, ("provider_failures_7d", .raw(object(failures)))))
    }

    private func object(_ counts: [(String, Int)], _ others: (String, JSONMember?)...) -> String {
        let members: [(String, JSONMember?)] = counts.map { ($0.0, .raw("\($0.1)")) }
        return String(decoding: [UInt8](jsonObject: members + others), as: UTF8.self)
    }
}

extension Response {
    init(status: Int, error: String) {
        let body = [UInt8](jsonObject: [("error", .text(error))])
        self.init(status: status, text: String(decoding: body, as: UTF8.self))
    }
}
