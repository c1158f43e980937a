import Foundation
import KychookConfig
import KychookServer
import KychookStore

extension ConfigurationOption {
    /// Has a command done by the running server, or, where none runs, by this process under the same lock.
    func execute<Command: OperatorCommand>(_ command: Command) throws -> Command.Report {
        let configuration = try load().parsed.configuration
        let directory = StateDirectory(path: configuration.stateDirectory)
        let server = ControlClient(socket: directory.controlSocket)
        if let answer = try server.post("/\(Command.path)", Array(try command.json.utf8)) {
            return try report(of: command, answer)
        }
        try directory.make()
        let lock = try directory.acquireLock(owner: "kychook \(Command.path)")
        defer { withExtendedLifetime(lock) {} }
        let log = try EventLog(directory, EventLog.Options())
        defer { log.close() }
        let place = Workplace(log: log, configuration: configuration)
        return try waitFor { try await command.run(place) }
    }

    private func report<Command: OperatorCommand>(
        of command: Command,
        _ answer: ControlClient.Answer
    ) throws -> Command.Report {
        let body = Data(answer.body)
        guard answer.status == 200 else {
            let refusal = try? JSONDecoder().decode(CommandRefusal.self, from: body)
            if answer.status == 409, let refusal { throw refusal }
            let reason = refusal?.error ?? "it answered \(answer.status)"
            throw failure(.unavailable, "the running server could not do it: \(reason)")
        }
        return try JSONDecoder().decode(Command.Report.self, from: body)
    }
}
