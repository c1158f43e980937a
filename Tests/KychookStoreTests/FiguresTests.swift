import GRDB
import KychookLinux
import KychookModel
import KychookTesting
import Testing

@testable import KychookStore

/// What the store tells of itself.
@Suite(.timeLimit(.minutes(3))) struct FiguresTests {
    @Test func `each commit is measured with its events`() async throws {
        let (faults, fault) = AsyncStream.makeStream(of: String.self)
        let store = try TestStore(onFault: { fault.yield($0) })
        try await store.append(.status(of: "first"))
        let lock = try ForeignLock(store.directory)
        async let results = store.append((0..<20).map { .status(of: "i\($0)") })
        await faults.next()
        try await store.waitForDepth(20)
        try lock.release()
        #expect(await results.count == 20)
        let figures = store.log.commitFigures
        // Up to 1, 2, 5, 10, 20.
        #expect(figures.events.counts.prefix(5) == [1, 0, 0, 0, 1])
        #expect(figures.events.sum == 21)
        #expect(figures.seconds.count == 2)
        #expect(figures.seconds.sum > 0)
    }

    @Test func `a commit without events counts by its duration alone`() async throws {
        let store = try TestStore()
        await store.log.record(DeliveryReport(sink: 1, cursor: 1))
        #expect(store.log.commitFigures.events.count == 0)
        #expect(store.log.commitFigures.seconds.count == 1)
    }

    @Test func `the log's size is what lies on the disk`() async throws {
        let store = try TestStore()
        let before = store.log.writeAheadLogSize
        try await store.append(.status())
        #expect(store.log.writeAheadLogSize > before)
    }

    @Test(arguments: [(Int64(0), true), (.max, false)])
    func `there is space above the floor`(floor: Int64, hasSpace: Bool) throws {
        let store = try TestStore(limits: .init(freeSpaceFloor: floor))
        #expect(store.log.hasSpace == hasSpace)
    }

    // MARK: - Faults and recovery

    @Test func `a store that failed is tried out, and is found to work again without an event`() async throws {
        let (faults, fault) = AsyncStream.makeStream(of: String.self)
        let (recoveries, recovery) = AsyncStream.makeStream(of: Void.self)
        let store = try TestStore(onFault: { fault.yield($0) }, onRecovery: { recovery.yield() })
        let lock = try ForeignLock(store.directory)
        await #expect(throws: (any Error).self) { try await store.log.register("s", start: .now, now: .start) }
        await faults.next()
        try lock.release()
        store.log.tryOut()
        await recoveries.next()
        #expect(try store.events().isEmpty)
    }

    @Test func `trying out writes, and writes nothing new`() async throws {
        let store = try TestStore()
        try await store.append(.status())
        let before = store.log.writeAheadLogSize
        for _ in 0..<3 { store.log.tryOut() }
        try await store.log.perform { _ in }
        #expect(store.log.writeAheadLogSize > before)
        #expect(try store.events().count == 1)
    }

    @Test func `an operator's change that meets the store's fault tells of it`() async throws {
        let (faults, fault) = AsyncStream.makeStream(of: String.self)
        let (recoveries, recovery) = AsyncStream.makeStream(of: Void.self)
        let store = try TestStore(onFault: { fault.yield($0) }, onRecovery: { recovery.yield() })
        let lock = try ForeignLock(store.directory)
        await #expect(throws: (any Error).self) { try await store.log.register("s", start: .now, now: .start) }
        await faults.next()
        try lock.release()
        try await store.append(.status())
        await recoveries.next()
    }

    @Test func `a change that fails for its own sake is no fault of the store`() async throws {
        let faults = Locked(0)
        let store = try TestStore(onFault: { _ in faults.withLock { $0 += 1 } })
        await #expect(throws: (any Error).self) {
            try await store.log.perform { database in
                try database.execute(sql: "INSERT INTO sink (name, cursor, added) VALUES (NULL, 0, 0)")
            }
        }
        try await store.append(.status())
        #expect(faults.withLock { $0 } == 0)
    }

    // MARK: - Answers other than 200

    @Test func `hours of failures are kept, replaced and dropped`() async throws {
        let store = try TestStore()
        await Self.record([.init(source: "a", hour: 9, count: 1), .init(source: "a", hour: 10, count: 2)], store)
        await Self.record([.init(source: "a", hour: 10, count: 5), .init(source: "b", hour: 10, count: 1)], store)
        let reader = try store.log.makeReader()
        #expect(try reader.providerFailures(since: 10).map(\.count).sorted() == [1, 5])
        #expect(try reader.providerFailures(since: 9).count == 3)
        await Self.record([], droppingBefore: 10, store)
        #expect(try reader.providerFailures(since: 0).map(\.hour) == [10, 10])
    }

    @Test func `failures that can be kept no more are told so`() async throws {
        let store = try TestStore()
        store.log.close()
        #expect(await !Self.record([], store))
    }

    @discardableResult private static func record(
        _ hours: [HourOfFailures],
        droppingBefore oldest: Int64 = 0,
        _ store: TestStore
    ) async -> Bool {
        await withCheckedContinuation { continuation in
            store.log.record(hours, droppingBefore: oldest) { continuation.resume(returning: $0) }
        }
    }

    // MARK: - The newest events

    @Test func `when a source was heard of last is found however long ago it was`() async throws {
        let store = try TestStore()
        let silent = SourceRules(name: "silent", typePrefix: "")
        try await store.append(.status(of: "old", minutes: 1, rules: silent))
        // As if so many events had come and been erased.
        try store.execute("UPDATE newest SET event = 45000")
        store.log.close()
        let later = try TestStore(in: store.folder)
        try await later.append(.status(of: "new", minutes: 2))
        try await later.append(.status(of: "newer", minutes: 3))
        let reader = try later.log.makeReader()
        let (silence, news) = (Timestamp.start + .minutes(1), Timestamp.start + .minutes(3))
        let both = ["silent", "bitgo", "never"]
        #expect(try reader.lastEvents(of: both) { false } == ["silent": silence, "bitgo": news])
        #expect(try reader.lastEvents(of: ["bitgo"]) { false } == ["bitgo": news])
        #expect(try reader.lastEvents(of: both) { true } == [:])
    }

    @Test func `the newest event counts, not one from a clock that was ahead`() async throws {
        let store = try TestStore()
        try await store.append(.status(of: "ahead", minutes: 9))
        try await store.append(.status(of: "newest", minutes: 2))
        let found = try store.log.makeReader().lastEvents(of: ["bitgo"]) { false }
        #expect(found == ["bitgo": .start + .minutes(2)])
    }

    @Test func `an event that the provider did not send does not count`() async throws {
        let store = try TestStore()
        try await store.append(.status())
        try store.execute("UPDATE event SET via = 'api'")
        #expect(try store.log.makeReader().lastEvents(of: ["bitgo"]) { false } == [:])
    }
}
