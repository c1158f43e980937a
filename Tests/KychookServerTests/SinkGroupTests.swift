import KychookConfig
import KychookModel
import KychookStore
import KychookTesting
import Logging
import Testing

@testable import KychookServer

@Suite(.timeLimit(.minutes(1))) struct SinkGroupTests {
    @Test func `a sink that a reload adds has its place in the log when the reload is over`() async throws {
        let store = try TestStore()
        let group = Self.group(store)
        try await group.start(Self.configuration(store, sinks: ["one"]))
        try await store.append(.status(of: "i1"))
        await group.replace(with: Self.configuration(store, sinks: ["one", "two"]))
        #expect(try store.log.makeReader().sinks().map(\.name) == ["one", "two"])
        #expect(try store.log.makeReader().sinks().last?.cursor == 1)
        await group.stop()
    }

    @Test func `a sink that a reload keeps goes on where it stood`() async throws {
        let store = try TestStore()
        let group = Self.group(store)
        try await group.start(Self.configuration(store, sinks: ["one"]))
        try await store.append(.status(of: "i1"))
        group.wake()
        try await eventually { try store.cursor() == 1 }
        await group.replace(with: Self.configuration(store, sinks: ["one"]))
        try await store.append(.status(of: "i2"))
        // The new dispatcher may start after the old one has heard of it: it looks by itself.
        group.wake()
        try await eventually { try store.cursor() == 2 }
        await group.stop()
    }

    @Test func `a sink that a reload drops keeps its place in the log`() async throws {
        let store = try TestStore()
        let group = Self.group(store)
        try await group.start(Self.configuration(store, sinks: ["one"]))
        await group.replace(with: Self.configuration(store, sinks: []))
        await group.stop()
        #expect(try store.log.makeReader().sinks().map(\.name) == ["one"])
    }

    @Test func `stopping twice, and cutting afterwards, does no harm`() async throws {
        let store = try TestStore()
        let group = Self.group(store)
        try await group.start(Self.configuration(store, sinks: ["one", "two"]))
        await group.stop()
        group.cancel()
        await group.stop()
    }

    private static func group(_ store: TestStore) -> SinkGroup {
        SinkGroup(
            log: store.log,
            clock: WallClock { .start },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private static func configuration(_ store: TestStore, sinks: [String]) -> Configuration {
        Configuration(
            listen: [],
            stateDirectory: store.directory.path,
            sources: [],
            sinks: sinks.map { name in
                SinkConfiguration(name: name, kind: .log(.init(path: store.folder.path("\(name).jsonl"))))
            }
        )
    }
}
