import Foundation
import KychookConfig
import KychookLinux
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

/// Who asks providers, over reloads.
@Suite(.timeLimit(.minutes(3))) struct ProviderGroupTests {
    @Test(arguments: [false, true])
    func `where the store cannot be read, the provider is asked as soon as it can`(isReload: Bool) async throws {
        let store = try TestStore()
        try await store.append(.asking("in review"))
        let reading = ScriptedReading()
        let (lines, line) = AsyncStream.makeStream(of: String.self)
        let group = Self.group(store, { _, _ in reading }, { line.yield($0) })
        if isReload {
            group.start([Self.source])
            _ = try await reading.next()
        }
        let (path, elsewhere) = (store.directory.database, store.directory.database + ".moved")
        try FileManager.default.moveItem(atPath: path, toPath: elsewhere)
        if isReload { group.replace(with: [Self.source]) } else { group.start([Self.source]) }
        for await line in lines where line.hasPrefix("asking providers fails") { break }
        try FileManager.default.moveItem(atPath: elsewhere, toPath: path)
        try await reading.next().end("in review")
        try await eventually { try store.log.makeReader().openConfirmations().isEmpty }
        await group.stop()
    }

    @Test func `an API is asked after a reload by one who knows how it was asked before`() async throws {
        let store = try TestStore()
        let readings = [ScriptedReading(), ScriptedReading(), ScriptedReading()]
        let former = Locked<[ScriptedReading?]>([])
        let group = Self.group(
            store,
            { _, reading in
                former.withLock { known in
                    known.append(reading as? ScriptedReading)
                    return readings[known.count - 1]
                }
            }
        )
        group.start([Self.source])
        for count in 2...3 {
            group.replace(with: [Self.source])
            try await eventually { former.withLock { $0.count == count } }
        }
        await group.stop()
        let known = former.withLock { $0 }
        #expect(known[0] == nil && known[1] === readings[0] && known[2] === readings[1])
    }

    private static let source = SourceConfiguration.confirmed(reconcile: nil)

    private static func group(
        _ store: TestStore,
        _ makeReading: @escaping MakeReading,
        _ tell: @escaping @Sendable (String) -> Void = { _ in }
    ) -> ProviderGroup {
        ProviderGroup(makeReading: makeReading) { .test(store, clock: MovableClock(), statistics: $0, onLog: tell) }
    }
}
