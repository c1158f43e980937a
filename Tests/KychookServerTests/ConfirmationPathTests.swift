import KychookBitGo
import KychookConfig
import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

/// A whole server beside a provider's API over real connections.
@Suite(.timeLimit(.minutes(3))) struct ConfirmationPathTests {
    @Test func `a webhook's word is kept at once and moves the status when the API confirms it`() async throws {
        let double = BitGoDouble()
        double.add(BitGoDouble.Identity("i1", "approved"))
        try await WatchedServer.run(source: try Self.asking(double, reconcile: nil)) { running in
            #expect(try running.post(WatchedServer.body("i1")).status == 200)
            let reader = try EventReader(running.directory)
            try await eventually { try reader.newestSequence() == 2 }
            let events = try reader.events(after: 0, limit: 9, withBodies: false).map(\.event)
            #expect(events.map(\.via) == [.webhook, .api])
            #expect(events.map(\.change) == [.unconfirmed, .first])
            #expect(try reader.subjects(limit: 9).map(\.status) == ["approved"])
            // Counted once the answer of the commit has come.
            try await eventually {
                try running.metrics().contains(#"kychook_confirmations_moved_total{source="bitgo"} 1"#)
            }
            #expect(try running.metrics().contains(#"kychook_confirmations_open{source="bitgo"} 0"#))
        }
    }

    @Test func `the start finds whom no webhook told of`() async throws {
        let double = BitGoDouble()
        double.add(BitGoDouble.Identity("i1", "in review"))
        try await WatchedServer.run(source: try Self.asking(double, reconcile: .hours(6))) { running in
            let reader = try EventReader(running.directory)
            try await eventually { try reader.newestSequence() == 1 }
            #expect(try reader.event(sequence: 1)?.event.via == .reconcile)
            try await eventually {
                try running.metrics().contains(#"kychook_reconcile_differences_total{source="bitgo"} 1"#)
            }
        }
    }

    @Test func `a reload that takes the API away settles what waits`() async throws {
        let double = BitGoDouble()
        double.script(.silence)
        try await WatchedServer.run(source: try Self.asking(double, reconcile: nil)) { running in
            #expect(try running.post(WatchedServer.body("i1")).status == 200)
            try await eventually { !double.requests.isEmpty }
            var configuration = running.configuration
            configuration.sources[0].api = nil
            configuration.sources[0].confirm = .never
            _ = try await onThread { [configuration] in running.server.reload(configuration) }
            let reader = try EventReader(running.directory)
            try await eventually { try reader.newestSequence() == 2 }
            #expect(try reader.event(sequence: 2)?.event.via == .timeout)
        }
    }

    @Test func `an event that is repaired is confirmed by the API too`() async throws {
        let double = BitGoDouble()
        double.add(BitGoDouble.Identity("i1", "approved"))
        try await WatchedServer.run(source: try Self.asking(double, reconcile: nil)) { running in
            #expect(try running.post(#"{"type":"identityStatus","person":"i1","identityStatus":"x"}"#).status == 200)
            var configuration = running.configuration
            configuration.sources[0].preset.fields.subject[.identity] = [.body(JSONPointer(tokens: ["person"]))]
            _ = try await onThread { [configuration] in running.server.reload(configuration) }
            let command = ReinterpretCommand(since: .start, source: nil, dryRun: false)
            let socket = ControlClient(socket: running.directory.controlSocket)
            let answer = try socket.post("/\(ReinterpretCommand.path)", Array(try command.json.utf8))
            #expect(answer?.status == 200)
            let reader = try EventReader(running.directory)
            try await eventually { try reader.newestSequence() == 2 }
            let events = try reader.events(after: 0, limit: 9, withBodies: false).map(\.event)
            #expect(events.map(\.via) == [.webhook, .api])
            #expect(events.map(\.change) == [.unconfirmed, .first])
        }
    }

    /// Makes a source ask the double.
    private static func asking(
        _ double: BitGoDouble,
        reconcile: Duration?
    ) throws -> (inout SourceConfiguration) -> Void {
        let api = APIConfiguration(
            baseURL: try BitGoBaseURL(double.url),
            token: Secret(bytes: Array(BitGoDouble.token.utf8)),
            organizations: [BitGoDouble.organization],
            rate: 100,
            reconcile: reconcile
        )
        return { source in
            source.api = api
            source.confirm = .always
        }
    }
}
