import GRDB
import GRDBSQLite
import KychookLinux
import KychookModel
import KychookTesting
import Testing

@testable import KychookStore

/// What the store promises while it cannot keep anything, and before it answers.
@Suite(.timeLimit(.minutes(3))) struct WriterFaultTests {
    // MARK: - Answers

    @Test func `an answer comes after the commit`() async throws {
        let seen = Locked<[Int64?]>([])
        let folder = TemporaryDirectory()
        // The store must be there before another connection can read it.
        try TestStore(in: folder).log.close()
        let reader = try EventReader(StateDirectory(path: folder.path))
        let store = try TestStore(
            in: folder,
            beforeAnswers: { answers in
                let newest = try? reader.newestSequence()
                seen.withLock { $0 += answers.map { _ in newest } }
            }
        )
        for index in 1...3 { try await store.append(.status(of: "i\(index)")) }
        #expect(seen.withLock { $0 } == [1, 2, 3])
    }

    @Test func `an event that may not wait at all is still tried`() async throws {
        let store = try TestStore(limits: EventLog.Limits(commitWait: .zero, freeSpaceFloor: 0))
        #expect(try await store.append(.status(of: "i1"))?.sequence == 1)
    }

    @Test func `who follows the log hears of the newest sequence of each commit`() async throws {
        let (commits, heard) = AsyncStream.makeStream(of: Int64.self)
        let store = try TestStore(onCommit: { heard.yield($0) })
        try await store.append(.status(of: "i1"))
        // A duplicate is no news.
        try await store.append(.status(of: "i1"))
        try await store.append(.status(of: "i2"))
        var iterator = commits.makeAsyncIterator()
        #expect(await iterator.next() == 1)
        #expect(await iterator.next() == 2)
    }

    @Test func `all that waits is committed together`() async throws {
        let batches = Locked<[Int]>([])
        let (faults, fault) = AsyncStream.makeStream(of: String.self)
        let store = try TestStore(
            beforeAnswers: { answers in batches.withLock { $0.append(answers.count) } },
            onFault: { fault.yield($0) }
        )
        try await store.append(.status(of: "first"))
        let lock = try ForeignLock(store.directory)
        async let results = store.append((0..<100).map { .status(of: "i\($0)") })
        await faults.next()
        try await store.waitForDepth(100)
        try lock.release()
        #expect(await results.allSatisfy { (try? $0.get()) != nil })
        #expect(batches.withLock { $0 } == [1, 100])
    }

    @Test func `an operator's change that the disk refuses fails in the store's own words`() async throws {
        let store = try TestStore()
        let full = SQLiteFailure(code: 13, text: "database or disk is full")
        let reason = "\(full): make room on its disk"
        await #expect(throws: StoreError.unavailable(path: store.directory.database, reason: reason)) {
            try await store.log.perform { _ -> Void in throw full }
        }
    }

    /// Whether one of our own statements or one of GRDB's meets the fault.
    @Test(
        arguments: [
            SQLiteFailure(code: SQLITE_IOERR, text: "disk I/O error"), DatabaseError(resultCode: .SQLITE_IOERR),
        ] as [any Error]
    )
    func `an operator's change that meets a fault of the store makes it known`(failure: any Error) async throws {
        let (faults, fault) = AsyncStream.makeStream(of: String.self)
        let (recoveries, recovery) = AsyncStream.makeStream(of: Void.self)
        let store = try TestStore(onFault: { fault.yield($0) }, onRecovery: { recovery.yield() })
        await #expect(throws: StoreError.self) { try await store.log.perform { _ -> Void in throw failure } }
        // One that changes nothing, so that there is a word in any case.
        try await store.append(.status())
        fault.finish()
        recovery.finish()
        #expect(await faults.reduce(0) { count, _ in count + 1 } == 1)
        #expect(await recoveries.reduce(0) { count, _ in count + 1 } == 1)
    }

    @Test func `a disk below the floor is told of at once, before any event, and its recovery with the next one`()
        async throws
    {
        let told = Monitor<[Bool]>([])
        let limits = EventLog.Limits(freeSpaceFloor: .max)
        let store = try TestStore(limits: limits, onSpace: { hasSpace in told.update { $0.append(hasSpace) } })
        #expect(told.wait(until: .now() + .seconds(60)) { $0.isEmpty ? nil : $0 } == [false])
        store.log.update(.init(commitWait: .seconds(600), freeSpaceFloor: 0))
        try await store.append(.status())
        #expect(told.withLock { $0 } == [false, true])
    }

    // MARK: - The bound

    @Test func `beyond the bound an event is refused, and there is news when there is room again`() async throws {
        let (rooms, room) = AsyncStream.makeStream(of: Void.self)
        let (faults, fault) = AsyncStream.makeStream(of: String.self)
        let store = try TestStore(
            limits: .init(capacity: 2, commitWait: .seconds(600), freeSpaceFloor: 0),
            onRoom: { room.yield() },
            onFault: { fault.yield($0) }
        )
        let lock = try ForeignLock(store.directory)
        #expect(store.log.submit(.status(of: "i1"), ticket: 1))
        await faults.next()
        #expect(store.log.submit(.status(of: "i2"), ticket: 2))
        #expect(!store.log.submit(.status(of: "i3"), ticket: 3))
        #expect(store.log.depth == 2)
        try lock.release()
        await rooms.next()
        #expect(try await store.append(.status(of: "i4")) != nil)
        #expect(Set(try store.events().compactMap(\.event.interpretation.subject?.id)) == ["i1", "i2", "i4"])
    }

    @Test func `a raised bound lets more in at once`() async throws {
        let store = try TestStore(limits: .init(capacity: 0, freeSpaceFloor: 0))
        #expect(!store.log.submit(.status(), ticket: 1))
        store.log.update(.init(capacity: 1, commitWait: .seconds(600), freeSpaceFloor: 0))
        #expect(try await store.append(.status()) != nil)
    }

    // MARK: - A locked database

    @Test func `a locked database holds the answer, and the event is kept once it is free`() async throws {
        let (faults, fault) = AsyncStream.makeStream(of: String.self)
        let store = try TestStore(onFault: { fault.yield($0) })
        let lock = try ForeignLock(store.directory)
        async let stored = store.append(.status())
        await faults.next()
        #expect(store.log.depth == 1)
        try lock.release()
        #expect(try await stored?.sequence == 1)
    }

    @Test func `after commit_wait a locked database is a failure, and then it works again alone`() async throws {
        let store = try TestStore(limits: .init(commitWait: .milliseconds(1), freeSpaceFloor: 0))
        let lock = try ForeignLock(store.directory)
        await #expect(throws: AppendFailure.storeFailing) { try await store.append(.status(of: "i1")) }
        try lock.release()
        store.log.update(.init(commitWait: .seconds(600), freeSpaceFloor: 0))
        #expect(try await store.append(.status(of: "i2"))?.sequence == 1)
        #expect(try store.events().count == 1)
    }

    @Test func `a delivery report waits for a locked database and is not lost`() async throws {
        let (faults, fault) = AsyncStream.makeStream(of: String.self)
        let store = try TestStore(
            limits: .init(commitWait: .milliseconds(1), freeSpaceFloor: 0),
            onFault: { fault.yield($0) }
        )
        let sink = try await store.log.register("s", start: .beginning, now: .start)
        let lock = try ForeignLock(store.directory)
        async let recorded: Void = store.log.record(DeliveryReport(sink: sink.row, cursor: 9))
        await faults.next()
        try lock.release()
        await recorded
        #expect(try store.log.makeReader().sinks().map(\.cursor) == [9])
    }

    // MARK: - Free space

    @Test func `below the floor no event is taken, and deliveries are still recorded`() async throws {
        let limits = EventLog.Limits(commitWait: .milliseconds(1), freeSpaceFloor: .max)
        let store = try TestStore(limits: limits)
        let sink = try await store.log.register("s", start: .beginning, now: .start)
        await #expect(throws: AppendFailure.diskNearlyFull) { try await store.append(.status()) }
        await store.log.record(DeliveryReport(sink: sink.row, cursor: 3))
        #expect(try store.log.makeReader().sinks().map(\.cursor) == [3])
        #expect(try store.events().isEmpty)
    }

    @Test func `an event waits for space as long as commit_wait`() async throws {
        let store = try TestStore(limits: .init(commitWait: .seconds(600), freeSpaceFloor: .max))
        async let stored = store.append(.status())
        try await store.waitForDepth(1)
        store.log.update(.init(commitWait: .seconds(600), freeSpaceFloor: 0))
        #expect(try await stored?.sequence == 1)
    }

    // MARK: - The end

    @Test func `closing writes what is queued`() async throws {
        let folder = TemporaryDirectory()
        let answered = Locked(0)
        let store = try TestStore(in: folder, beforeAnswers: { answers in answered.withLock { $0 += answers.count } })
        for index in 0..<100 { #expect(store.log.submit(.status(of: "i\(index)"), ticket: index)) }
        store.log.close()
        #expect(answered.withLock { $0 } == 100)
        #expect(try EventReader(store.directory).newestSequence() == 100)
    }

    @Test func `after closing nothing is taken, and nobody waits for ever`() async throws {
        let store = try TestStore()
        store.log.close()
        #expect(!store.log.submit(.status(), ticket: 1))
        await store.log.record(DeliveryReport(sink: 1, cursor: 1))
        await #expect(throws: StoreError.self) {
            try await store.log.register("s", start: .now, now: .start)
        }
    }

    @Test func `closing while the database is locked answers what it cannot keep`() async throws {
        let (faults, fault) = AsyncStream.makeStream(of: String.self)
        let store = try TestStore(
            limits: .init(commitWait: .seconds(600), freeSpaceFloor: 0),
            onFault: { fault.yield($0) }
        )
        let lock = try ForeignLock(store.directory)
        async let result = store.submit(.status())
        await faults.next()
        store.log.close()
        #expect(await result == .failure(.stopping))
        try lock.release()
    }

    @Test func `an operator's change that cannot be made any more is answered too`() async throws {
        let (faults, fault) = AsyncStream.makeStream(of: String.self)
        let store = try TestStore(
            limits: .init(commitWait: .seconds(600), freeSpaceFloor: 0),
            onFault: { fault.yield($0) }
        )
        let lock = try ForeignLock(store.directory)
        async let result = store.submit(.status())
        await faults.next()
        async let record = store.log.register("s", start: .now, now: .start)
        store.log.close()
        #expect(await result == .failure(.stopping))
        #expect(await (try? record) == nil)
        try lock.release()
    }
}

extension TestStore {
    /// Until so many events wait for their commit.
    func waitForDepth(_ depth: Int) async throws {
        while log.depth < depth { await Task.yield() }
    }
}

extension AsyncStream {
    /// The next element, for streams that one test listens to once.
    @discardableResult func next() async -> Element? {
        for await element in self { return element }
        return nil
    }
}
