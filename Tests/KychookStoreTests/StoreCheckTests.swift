import KychookLinux
import KychookModel
import KychookTesting
import Testing

@testable import KychookStore

/// Requirement R7: the full check beside the running server.
@Suite(.timeLimit(.minutes(3))) struct StoreCheckTests {
    @Test func `a store in use is sound`() async throws {
        let store = try TestStore()
        for result in await store.append((0..<500).map({ .status(of: "i\($0)") })) { _ = try result.get() }
        #expect(store.log.makeCheck().run() == .sound)
    }

    @Test(arguments: [("event_of_subject", "event"), ("fingerprint", "fingerprint"), ("body", "body")])
    func `damage is found, and in which table`(page: String, table: String) async throws {
        let folder = TemporaryDirectory()
        let first = try TestStore(in: folder)
        for result in await first.append((0..<500).map({ .status(of: "i\($0)") })) { _ = try result.get() }
        first.log.close()
        try damage(page, of: first.directory)
        let store = try TestStore(in: folder)
        guard case .damaged(table, let finding) = store.log.makeCheck().run() else {
            Issue.record("nothing found, or elsewhere")
            return
        }
        #expect(!finding.isEmpty)
    }

    @Test(arguments: [(-1, false), (0, true), (1, true)])
    func `it gives way to a log that has become long, and goes on when it is short`(
        difference: Int,
        givesWay: Bool
    ) async throws {
        let store = try TestStore()
        let check = store.log.makeCheck(.init(tries: 2, pause: .zero))
        check.logHasGrown(to: StoreCheck.longestLog + difference)
        let verdict = check.run()
        if givesWay {
            guard case .incomplete(let tables) = verdict else {
                Issue.record("\(verdict)")
                return
            }
            #expect(tables.contains("event") && tables.contains("body"))
        } else {
            #expect(verdict == .sound)
        }
        check.logHasGrown(to: 0)
        #expect(check.run() == .sound)
    }

    @Test func `it hears of the log's length with each commit`() async throws {
        let store = try TestStore()
        let check = store.log.makeCheck(.init(tries: 2, pause: .milliseconds(1)))
        check.logHasGrown(to: StoreCheck.longestLog)
        // The next commit tells of its real length.
        try await store.append(.status())
        #expect(check.run() == .sound)
    }

    @Test func `a stop ends it at any moment`() async throws {
        let store = try TestStore()
        for result in await store.append((0..<500).map({ .status(of: "i\($0)") })) { _ = try result.get() }
        for round in 0..<50 {
            let check = store.log.makeCheck(.init(tries: 1000, pause: .seconds(600)))
            // Every other one waits for a log that stays long.
            check.logHasGrown(to: round.isMultiple(of: 2) ? StoreCheck.longestLog : 0)
            let verdicts = Handover<StoreCheck.Verdict>()
            let thread = Thread(named: "check") { verdicts.put(check.run()) }
            for _ in 0..<round { await Task.yield() }
            check.stop(deadline: .seconds(20))
            thread.join()
            let verdict = try #require(verdicts.take())
            #expect(verdict == .stopped || verdict == .sound && !round.isMultiple(of: 2), "\(verdict)")
        }
    }

    @Test func `commits go on while it runs, and no page of the log is held back`() async throws {
        let store = try TestStore()
        let check = store.log.makeCheck()
        let verdicts = Handover<StoreCheck.Verdict>()
        let thread = Thread(named: "check") { verdicts.put(check.run()) }
        for round in 0..<20 {
            for result in await store.append((0..<50).map({ .status(of: "\(round)-\($0)") })) { _ = try result.get() }
        }
        thread.join()
        #expect(verdicts.take() == .sound)
        #expect(try store.events().count == 1000)
    }
}
