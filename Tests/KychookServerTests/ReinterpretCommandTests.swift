import Foundation
import KychookBitGo
import KychookConfig
import KychookCrypto
import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

@Suite struct ReinterpretCommandTests {
    @Test(arguments: [nil, "bitgo"], [true, false])
    func `goes over the control socket and back`(source: String?, dryRun: Bool) throws {
        let command = ReinterpretCommand(since: .start, source: source, dryRun: dryRun)
        let read = try #require(ReinterpretCommand(json: Array(try command.json.utf8)))
        #expect(read.since == Timestamp.start.milliseconds)
        #expect(read.source == source)
        #expect(read.dryRun == dryRun)
    }

    @Test(arguments: ["", "{}", "[]", #"{"since":"now","dryRun":true}"#, "no json"])
    func `anything else is no command`(text: String) {
        #expect(ReinterpretCommand(json: Array(text.utf8)) == nil)
    }

    @Test func `corrected fields give an event its subject and its status`() async throws {
        let store = try TestStore()
        try await store.append(Self.unread(#"{"type":"identityStatus","person":"i1","phase":"approved"}"#))
        let report = try await Self.run(store, Self.corrected)
        #expect(report.examined == 1)
        #expect(report.changed.map(\.before) == ["uninterpreted no_subject"])
        #expect(report.changed.map(\.after) == ["identityStatus identity/i1 approved"])
        #expect(report.changed.map(\.change) == ["first"])
        #expect(try report.changed.map(\.event) == [store.events()[0].event.id.description])
        #expect(try store.log.makeReader().subjects(limit: 10).map(\.status) == ["approved"])
        #expect(
            try JSONDecoder().decode(ReinterpretReport.self, from: Data(report.json.utf8)).changed.map(\.after)
                == report.changed.map(\.after)
        )
    }

    @Test func `a dry run only reports`() async throws {
        let store = try TestStore()
        try await store.append(Self.unread(#"{"type":"identityStatus","person":"i1","phase":"approved"}"#))
        let report = try await Self.run(store, Self.corrected, dryRun: true)
        #expect(report.dryRun)
        #expect(report.changed.map(\.after) == ["identityStatus identity/i1 approved"])
        #expect(try store.log.makeReader().subjects(limit: 10).isEmpty)
    }

    @Test func `remembers the type that the url named`() async throws {
        let store = try TestStore()
        try await store.append(Self.unread(#"{"person":"i1","phase":"approved"}"#, urlType: "identityStatus"))
        try await store.append(Self.unread(#"{"person":"i2","phase":"approved"}"#))
        let report = try await Self.run(store, Self.corrected)
        #expect(report.changed.map(\.after).contains("identityStatus identity/i1 approved"))
        #expect(try store.events().map(\.event.interpretation.problem) == [nil, .noType])
    }

    @Test func `a key from a signed header is kept`() async throws {
        let store = try TestStore()
        try await store.append(Self.unread(#"{"type":"identityStatus","person":"i1","phase":"x"}"#, key: "msg_1"))
        let preset = Self.corrected { $0.key = [.header("webhook-id")] }
        _ = try await Self.run(store, preset)
        #expect(try store.events().map(\.event.interpretation.key) == ["msg_1"])
    }

    @Test func `an event of a source that left the configuration is left alone`() async throws {
        let store = try TestStore()
        try await store.append(Self.unread(#"{"type":"identityStatus","person":"i1","phase":"x"}"#))
        let command = ReinterpretCommand(since: .start, source: nil, dryRun: false)
        let report = try await command.run(store.log, [], now: .start)
        #expect(report.examined == 1)
        #expect(report.changed.isEmpty)
    }

    // MARK: - Support

    private static let corrected = corrected { _ in }

    private static func corrected(_ change: (inout FieldMap) -> Void) -> SourcePreset {
        var preset = SourcePreset.bitgo
        preset.fields.subject[.identity] = [.body(JSONPointer(tokens: ["person"]))]
        preset.fields.statusByKind[.identity] = [.body(JSONPointer(tokens: ["phase"]))]
        change(&preset.fields)
        return preset
    }

    private static func run(
        _ store: TestStore,
        _ preset: SourcePreset,
        dryRun: Bool = false
    ) async throws -> ReinterpretReport {
        let source = SourceConfiguration(
            name: "bitgo",
            provider: .bitgo,
            path: "/webhooks/bitgo",
            secrets: [Secret(bytes: [1])],
            preset: preset
        )
        let command = ReinterpretCommand(since: .start, source: nil, dryRun: dryRun)
        return try await command.run(store.log, [SourceEntry(source)], now: .start)
    }

    private static func unread(_ body: String, urlType: String? = nil, key: String? = nil) -> IncomingEvent {
        var hasher = Hasher()
        return IncomingEvent(
            source: .bitgo,
            received: .start,
            interpretation: Interpretation(type: "uninterpreted", problem: .noSubject, key: key),
            urlType: urlType,
            body: Array(body.utf8),
            headers: KeptHeaders(),
            secretIndex: 0,
            hasher: &hasher
        )
    }
}
