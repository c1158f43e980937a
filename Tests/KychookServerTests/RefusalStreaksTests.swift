import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import KychookVerify
import Logging
import Testing

@testable import KychookServer

/// When a source is said to refuse everything.
@Suite struct RefusalStreaksTests {
    @Test(arguments: [(RefusalStreaks.limit - 1, 0), (RefusalStreaks.limit, 1), (RefusalStreaks.limit * 5, 1)])
    func `a streak is told of once, when it is long enough`(refusals: Int, told: Int) {
        var streaks = RefusalStreaks()
        let count = (0..<refusals).count { _ in streaks.refused("bitgo") }
        #expect(count == told)
    }

    @Test func `a genuine request ends it, and the next one is told of again`() {
        var streaks = RefusalStreaks()
        for _ in 0..<2 {
            let early = (1..<RefusalStreaks.limit).count { _ in streaks.refused("bitgo") }
            let ofOther = streaks.refused("other")
            let last = streaks.refused("bitgo")
            #expect((early, ofOther, last) == (0, false, true))
            streaks.accepted("bitgo")
        }
    }

    @Test func `the statistics tell of it with the source and the reason`() {
        let told = Locked<[String]>([])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let statistics = IngestStatistics(
            providerFailures: ProviderFailures(clock: .system, logger: logger),
            logger: logger
        ) { source, refusal in told.withLock { $0.append("\(source) \(refusal.rawValue)") } }
        for _ in 1..<RefusalStreaks.limit { statistics.count(Refusal.mismatch, source: "bitgo", client: { "" }) }
        statistics.count(.success(.duplicate), source: "bitgo")
        for _ in 1...RefusalStreaks.limit {
            statistics.count(Refusal.missingSignature, source: "bitgo", client: { "" })
        }
        #expect(told.withLock { $0 } == ["bitgo missing_signature"])
    }
}
