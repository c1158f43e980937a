import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Logging
import Testing

@testable import KychookServer

@Suite(.timeLimit(.minutes(3))) struct ProviderFailuresTests {
    @Test func `a week of failures survives a restart, and ends with its hours`() async throws {
        let (folder, clock) = (TemporaryDirectory(), MovableClock())
        for _ in 0..<3 {
            let store = try TestStore(in: folder)
            let failures = Self.failures(clock, keptIn: store)
            failures.count("bitgo")
            failures.count("other")
            clock.advance(by: .seconds(3600))
            failures.count("bitgo")
            failures.stop()
            store.log.close()
        }
        let store = try TestStore(in: folder)
        let failures = Self.failures(clock, keptIn: store)
        #expect(failures.sums == ["bitgo": 6, "other": 3])
        // The first hour has left the week, and a part of the second.
        clock.advance(by: .seconds(166 * 3600))
        #expect(failures.sums == ["bitgo": 5, "other": 2])
        clock.advance(by: .seconds(10 * 3600))
        #expect(failures.sums == ["bitgo": 0, "other": 0])
    }

    @Test func `hours that left the week leave the store`() async throws {
        let (store, clock) = (try TestStore(), MovableClock())
        let failures = Self.failures(clock, keptIn: store, interval: .zero)
        failures.count("bitgo")
        try await eventually { try Self.kept(store).count == 1 }
        clock.advance(by: .seconds(169 * 3600))
        failures.count("bitgo")
        try await eventually { try Self.kept(store).map(\.hour) == [clock.wallClock.now().hour] }
    }

    @Test func `they are saved some time after they came, and at the end`() async throws {
        let (folder, clock) = (TemporaryDirectory(), MovableClock())
        let store = try TestStore(in: folder)
        let failures = Self.failures(clock, keptIn: store, interval: .seconds(3600))
        for _ in 0..<5 { failures.count("bitgo") }
        #expect(try Self.kept(store).isEmpty)
        failures.stop()
        store.log.close()
        #expect(try EventReader(store.directory).providerFailures(since: 0).map(\.count) == [5])
    }

    @Test func `a failing store delays nothing and loses no count`() async throws {
        let (faults, fault) = AsyncStream.makeStream(of: String.self)
        let (store, clock) = (try TestStore(onFault: { fault.yield($0) }), MovableClock())
        let failures = Self.failures(clock, keptIn: store, interval: .milliseconds(1))
        try store.execute("ALTER TABLE provider_failure RENAME TO away")
        for _ in 0..<5 { failures.count("bitgo") }
        await faults.next()
        for _ in 0..<5 { failures.count("bitgo") }
        #expect(failures.sums == ["bitgo": 10])
        try store.execute("ALTER TABLE away RENAME TO provider_failure")
        try await eventually { try Self.kept(store).map(\.count) == [10] }
    }

    @Test func `a store whose counts cannot be read is used all the same`() throws {
        let store = try TestStore()
        try store.execute("ALTER TABLE provider_failure RENAME TO away")
        let failures = Self.failures(MovableClock(), keptIn: store)
        failures.count("bitgo")
        #expect(failures.sums == ["bitgo": 1])
    }

    /// Failures before the start, and those after it that are told of.
    @Test(arguments: [(0, [50, 90]), (49, [50, 90]), (50, [90]), (89, [90]), (90, []), (100, [])])
    func `the operator is warned once at 50 and once at 90`(before: Int, warnings: [Int]) async throws {
        let (folder, clock) = (TemporaryDirectory(), MovableClock())
        let store = try TestStore(in: folder)
        let first = Self.failures(clock, keptIn: store)
        for _ in 0..<before { first.count("bitgo") }
        first.stop()
        store.log.close()
        let again = try TestStore(in: folder)
        let heard = Locked(0)
        let failures = Self.failures(clock, keptIn: again) { _ in heard.withLock { $0 += 1 } }
        var told: [Int] = []
        for sum in before + 1...130 {
            let count = heard.withLock { $0 }
            failures.count("bitgo")
            if heard.withLock({ $0 }) > count { told.append(sum) }
        }
        #expect(told == warnings)
    }

    @Test func `after the week has passed the next crossing is told again`() throws {
        let (store, clock, heard) = (try TestStore(), MovableClock(), Locked(0))
        let failures = Self.failures(clock, keptIn: store) { _ in heard.withLock { $0 += 1 } }
        for round in 1...2 {
            for _ in 0..<60 { failures.count("bitgo") }
            #expect(heard.withLock { $0 } == round)
            clock.advance(by: .seconds(170 * 3600))
        }
    }

    @Test func `each source has a week of its own`() throws {
        let (store, heard) = (try TestStore(), Locked(0))
        let failures = Self.failures(MovableClock(), keptIn: store) { _ in heard.withLock { $0 += 1 } }
        for source in ["a", "b"] {
            for _ in 0..<49 { failures.count(source) }
        }
        #expect(heard.withLock { $0 } == 0)
        #expect(failures.sums == ["a": 49, "b": 49])
    }

    private static func failures(
        _ clock: MovableClock,
        keptIn store: TestStore,
        interval: Duration = .seconds(3600),
        onLog: @escaping @Sendable (String) -> Void = { _ in }
    ) -> ProviderFailures {
        let logger = Logger(label: "test") { _ in ListenedLog(listener: onLog) }
        let failures = ProviderFailures(clock: clock.wallClock, logger: logger, interval: interval)
        failures.keep(in: store.log)
        return failures
    }

    private static func kept(_ store: TestStore) throws -> [HourOfFailures] {
        try store.log.makeReader().providerFailures(since: 0)
    }
}
