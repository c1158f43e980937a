import Foundation
import KychookConfig
import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Logging
import Testing

@testable import KychookServer

@Suite(.timeLimit(.minutes(3))) struct SinkGroupTests {
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

    @Test func `a sink that cannot start at a reload starts when the store works again`() async throws {
        let store = try TestStore()
        let (lines, line) = AsyncStream.makeStream(of: String.self)
        let group = Self.group(store) { line.yield($0) }
        try await group.start(Self.configuration(store, sinks: ["one"]))
        try await store.append(.status(of: "i1"))
        group.wake()
        try await eventually { try store.cursor() == 1 }
        let lock = try ForeignLock(store.directory)
        await group.replace(with: Self.configuration(store, sinks: ["one"]))
        for await line in lines where line.hasPrefix("sink cannot start yet") { break }
        try lock.release()
        try await store.append(.status(of: "i2"))
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

    @Test func `a dropped sink is told of with what waits there, at the reload and at the next start`() async throws {
        let store = try TestStore()
        let told = Locked<[String]>([])
        let group = Self.group(store) { line in told.withLock { $0.append(line) } }
        try await group.start(Self.configuration(store, sinks: ["one"]))
        _ = try await store.log.setPause(true, of: "one", reason: nil, now: .start)
        group.look(at: "one")
        await group.replace(with: Self.configuration(store, sinks: []))
        await group.stop()
        for index in 0..<3 { try await store.append(.status(of: "i\(index)")) }
        let next = Self.group(store) { line in told.withLock { $0.append(line) } }
        try await next.start(Self.configuration(store, sinks: []))
        await next.stop()
        let lines = told.withLock { $0.filter { $0.contains("keeps its place") } }
        #expect(lines.map { $0.contains("waiting=0") } == [true, false])
        #expect(lines.last?.contains("sink=one waiting=3") == true)
    }

    @Test func `a sink that was renamed while at work goes on under its new name, and never twice`() async throws {
        let store = try TestStore()
        let group = Self.group(store)
        try await group.start(Self.configuration(store, sinks: ["old"]))
        try await store.append(.status(of: "i1"))
        group.wake()
        try await eventually { try store.cursor() == 1 }
        #expect(try await store.log.rename("old", to: "new") == .renamed)
        group.rename("old", to: "new")
        #expect(group.isAtWork("new"))
        #expect(!group.isAtWork("old"))
        await group.replace(with: Self.configuration(store, sinks: ["new"]))
        try await store.append(.status(of: "i2"))
        group.wake()
        try await eventually { try store.cursor() == 2 }
        await group.stop()
        #expect(try store.log.makeReader().sinks().map(\.name) == ["new"])
        // The second may still reach the dispatcher that the reload ends.
        let lines = ["old.jsonl", "new.jsonl"].flatMap { name in
            let bytes = try? Descriptor.open(store.folder.path(name), O_RDONLY).readAll(limit: .max)
            return (bytes ?? []).split(separator: 0x0A)
        }
        #expect(lines.count == 2)
        #expect(Set(lines).count == 2)
    }

    @Test func `a log sink that an operator paused writes nothing until it is resumed`() async throws {
        let store = try TestStore()
        let group = Self.group(store)
        try await group.start(Self.configuration(store, sinks: ["one"]))
        _ = try await store.log.setPause(true, of: "one", reason: "mending", now: .start)
        group.look(at: "one")
        await group.stop()
        try await store.append(.status(of: "i1"))
        let next = Self.group(store)
        try await next.start(Self.configuration(store, sinks: ["one"]))
        next.wake()
        #expect(try store.cursor() == 0)
        _ = try await store.log.setPause(false, of: "one", reason: nil, now: .start)
        next.look(at: "one")
        try await eventually { try store.cursor() == 1 }
        await next.stop()
    }

    @Test func `stopping twice, and cutting afterwards, does no harm`() async throws {
        let store = try TestStore()
        let group = Self.group(store)
        try await group.start(Self.configuration(store, sinks: ["one", "two"]))
        await group.stop()
        group.cancel()
        await group.stop()
    }

    private static func group(
        _ store: TestStore,
        onLog: @escaping @Sendable (String) -> Void = { _ in }
    ) -> SinkGroup {
        SinkGroup(
            log: store.log,
            clock: WallClock { .start },
            logger: Logger(label: "test") { _ in ListenedLog(listener: onLog) }
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
