import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Logging
import Testing

@testable import KychookServer

@Suite(.timeLimit(.minutes(3))) struct ReadinessTests {
    @Test func `with a store that works it is ready`() throws {
        let store = try TestStore()
        #expect(Self.readiness(store).obstacle == nil)
    }

    @Test(arguments: [(Int64(0), nil), (.max, .diskNearlyFull)] as [(Int64, Readiness.Obstacle?)])
    func `below the floor of free space it is not`(floor: Int64, obstacle: Readiness.Obstacle?) throws {
        let store = try TestStore(limits: .init(freeSpaceFloor: floor))
        let readiness = Self.readiness(store)
        #expect(readiness.obstacle == obstacle)
        store.log.update(.init(freeSpaceFloor: 0))
        #expect(readiness.obstacle == nil)
    }

    @Test func `once it stops it is not, whatever else`() throws {
        let store = try TestStore(limits: .init(freeSpaceFloor: .max))
        let readiness = Self.readiness(store)
        readiness.stop()
        #expect(readiness.obstacle == .stopping)
    }

    @Test func `after a fault it is not until something is committed, for which it asks itself`() async throws {
        let faults = FaultLog(Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let store = try TestStore(
            limits: .init(commitWait: .milliseconds(1), freeSpaceFloor: 0),
            onFault: { faults.note($0) },
            onRecovery: { faults.cleared() }
        )
        let readiness = Readiness(log: store.log, faults: faults)
        let sink = try await store.log.register("s", start: .beginning, now: .start)
        // Whatever is to be committed from here on finds no table for it.
        try store.execute("ALTER TABLE sink RENAME TO away")
        store.log.record(DeliveryReport(sink: sink.row, cursor: 1)) {}
        try await eventually { readiness.obstacle == .storeFailing }
        try store.execute("ALTER TABLE away RENAME TO sink")
        try await eventually { readiness.obstacle == nil }
    }

    @Test func `a fault and its end are each told once`() {
        let lines = Locked<[String]>([])
        let faults = FaultLog(Logger(label: "test") { _ in ListenedLog { line in lines.withLock { $0.append(line) } } })
        for _ in 0..<3 { faults.note("disk full") }
        #expect(faults.isFailing)
        faults.note("disk gone")
        faults.cleared()
        #expect(!faults.isFailing)
        #expect(lines.withLock { $0.count } == 3)
    }

    private static func readiness(_ store: TestStore) -> Readiness {
        Readiness(log: store.log, faults: FaultLog(Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    }
}
