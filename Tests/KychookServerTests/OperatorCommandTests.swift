import Foundation
import KychookConfig
import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

/// The commands of operators, run as a command's own process runs them when no server does.
@Suite(.timeLimit(.minutes(3))) struct OperatorCommandTests {
    // MARK: - Replay

    @Test func `replays what the sink's filter asks for, and says what it left out`() async throws {
        let store = try TestStore()
        for status in ["pending", "approved"] { try await store.append(.status(status, of: "i1")) }
        try await store.append(.status("approved", of: "i2", minutes: 60))
        try store.execute("UPDATE body SET bytes = NULL WHERE sequence = 3")
        let report = try await Self.replay(.received(since: Timestamp.start.milliseconds, until: nil)).run(store.place)
        #expect((report.replayed, report.unwanted, report.deleted) == (1, 1, 1))
        #expect(try report.events == [store.events()[1].event.id.description])
        #expect(try store.queued() == [2])
        #expect(try store.log.makeReader().deliveries(of: 2).first?.operation?.reason == "they asked")
    }

    /// Minutes of the window's ends, both included.
    @Test(arguments: [(0, 2, [1, 2, 3]), (1, 1, [2]), (1, nil, [2, 3]), (3, nil, [])] as [(Int, Int?, [Int64])])
    func `a window takes in both its ends`(since: Int, until: Int?, sequences: [Int64]) async throws {
        let store = try TestStore()
        for minute in 0..<3 { try await store.append(.status("approved", of: "i\(minute)", minutes: minute)) }
        let moment = { (minute: Int) in (Timestamp.start + .minutes(minute)).milliseconds }
        let window = ReplayCommand.Selection.received(since: moment(since), until: until.map(moment))
        let report = try await Self.replay(window).run(store.place)
        #expect(report.replayed == sequences.count)
        #expect(try store.queued() == sequences)
    }

    @Test func `chosen events are replayed in the order of the log`() async throws {
        let store = try TestStore()
        for index in 0..<3 { try await store.append(.status("approved", of: "i\(index)")) }
        let ids = try store.events().map(\.event.id.description)
        _ = try await Self.replay(.events([ids[2], ids[0]])).run(store.place)
        #expect(try store.queued() == [1, 3])
    }

    @Test func `one unknown event and nothing is replayed`() async throws {
        let store = try TestStore()
        try await store.append(.status("approved", of: "i1"))
        let id = try store.events()[0].event.id.description
        await #expect(throws: CommandRefusal.self) {
            try await Self.replay(.events([id, "evt_01HZ8J4M2N5P6Q7R8S9T0V1W2X"])).run(store.place)
        }
        #expect(try store.queued() == [])
    }

    @Test func `a dry run says the same and queues nothing`() async throws {
        let store = try TestStore()
        try await store.append(.status("approved", of: "i1"))
        let selection = ReplayCommand.Selection.received(since: 0, until: nil)
        let report = try await Self.replay(selection, dryRun: true).run(store.place)
        #expect(report.replayed == 1)
        #expect(report.dryRun)
        #expect(try store.dump(["delivery", "operation"]).isEmpty)
    }

    @Test func `a sink that is not configured gets nothing`() async throws {
        let store = try TestStore()
        let command = ReplayCommand(.events([]), to: "unknown", reason: "x", dryRun: false)
        await #expect { try await command.run(store.place) } throws: {
            "\($0)" == "there is no sink unknown in the configuration: it has s"
        }
    }

    @Test func `more events than a page holds are all replayed under one operation`() async throws {
        let store = try TestStore()
        for result in await store.append((0..<1203).map { .status("approved", of: "i\($0)") }) { _ = try result.get() }
        let report = try await Self.replay(.received(since: 0, until: nil)).run(store.place)
        #expect(report.replayed == 1203)
        #expect(report.events.count == 1000)
        #expect(try store.queued() == (1...1203).map(Int64.init))
        #expect(try store.dump(["operation"]).count == 1)
    }

    // MARK: - Redeliver

    @Test func `all that are dead at a sink are queued again, others are not`() async throws {
        let store = try await Self.storeWithDeliveries()
        let report = try await RedeliverCommand(.dead(sink: "s", since: nil), reason: "mended").run(store.place)
        #expect(report.redelivered == 2)
        #expect(try store.queued() == [1, 4])
    }

    @Test func `chosen deliveries are queued again, and those that wait are named`() async throws {
        let store = try await Self.storeWithDeliveries()
        let report = try await RedeliverCommand(.deliveries([1, 2, 3]), reason: nil).run(store.place)
        #expect(report.redelivered == 2)
        #expect(report.waiting == [3])
        #expect(try store.queued() == [1, 2])
    }

    @Test func `one unknown delivery and nothing is queued`() async throws {
        let store = try await Self.storeWithDeliveries()
        await #expect { try await RedeliverCommand(.deliveries([1, 99]), reason: nil).run(store.place) } throws: {
            "\($0)" == "there is no delivery dlv_99: nothing was redelivered"
        }
        #expect(try store.queued() == [])
    }

    // MARK: - Sinks

    @Test func `a pause and a resume say what waits`() async throws {
        let store = try await Self.storeWithDeliveries()
        let paused = try await PauseCommand(sink: "s", pauses: true, reason: "mending").run(store.place)
        #expect((paused.state, paused.waiting) == ("paused", 1))
        #expect(try store.health()?.reason == "mending")
        let resumed = try await PauseCommand(sink: "s", pauses: false).run(store.place)
        #expect(resumed.state == "active")
        #expect(try store.log.makeReader().pendingDeliveries(of: 1).map(\.nextAttempt) == [nil])
    }

    @Test func `a sink that the store does not know cannot be paused, renamed or forgotten`() async throws {
        let store = try await Self.storeWithDeliveries()
        let commands: [any OperatorCommand] = [
            PauseCommand(sink: "x", pauses: true), RenameSinkCommand(old: "x", new: "y"), ForgetSinkCommand(sink: "x"),
        ]
        for command in commands {
            await #expect { _ = try await command.run(store.place) } throws: {
                "\($0)" == "the store knows no sink x: it knows s"
            }
        }
    }

    @Test(arguments: ["", "B b", "a\n", String(repeating: "a", count: 65)])
    func `a sink is not renamed to what no configuration could call it`(name: String) async throws {
        let store = try await Self.storeWithDeliveries()
        await #expect(throws: CommandRefusal.self) { try await RenameSinkCommand(old: "s", new: name).run(store.place) }
        #expect(try store.log.makeReader().sinks().map(\.name) == ["s"])
        _ = try await RenameSinkCommand(old: "s", new: String(repeating: "a", count: 64)).run(store.place)
    }

    @Test func `a configured sink is not forgotten`() async throws {
        let store = try await Self.storeWithDeliveries()
        await #expect(throws: CommandRefusal.self) { try await ForgetSinkCommand(sink: "s").run(store.place) }
        let report = try await RenameSinkCommand(old: "s", new: "former").run(store.place)
        #expect(report.oldIsConfigured)
        let forgotten = try await ForgetSinkCommand(sink: "former").run(store.place)
        #expect((forgotten.deliveries, forgotten.unfinished) == (4, 1))
    }

    @Test func `a test of a sink is one attempt with a marked sample that nobody stores`() async throws {
        let store = try TestStore()
        let folder = TemporaryDirectory()
        let output = folder.path("document")
        let command = ["/bin/sh", "-c", "cat > \(output); exit 3"]
        let place = Workplace(log: store.log, configuration: .with(shell: command))
        let report = try await TestSinkCommand(sink: "s").run(place)
        #expect((report.outcome, report.code, report.reason) == ("retryable", 3, "exited with 3"))
        let document = String(decoding: try Descriptor.open(output, O_RDONLY).readAll(limit: .max), as: UTF8.self)
        #expect(document.contains(#""source":"/sources/kychook","type":"kychook.test""#))
        #expect(document.contains(#""data":{"test":true}"#))
        #expect(try store.events().isEmpty)
        #expect(try store.log.makeReader().sinks().isEmpty)
    }

    // MARK: - Over the socket

    @Test func `every command goes over the control socket and back`() throws {
        let replay = try Self.sent(Self.replay(.received(since: 1, until: 2)))
        #expect(replay.sink == "s" && replay.reason == "they asked")
        #expect(try Self.sent(RedeliverCommand(.dead(sink: "s", since: 5), reason: "r")).reason == "r")
        #expect(try Self.sent(PauseCommand(sink: "s", pauses: true, reason: "r")).pauses)
        #expect(try Self.sent(RenameSinkCommand(old: "a", new: "b")).new == "b")
        #expect(try Self.sent(ForgetSinkCommand(sink: "s")).sink == "s")
        #expect(try Self.sent(TestSinkCommand(sink: "s")).sink == "s")
    }

    // MARK: - Support

    private static func sent<Command: OperatorCommand>(_ command: Command) throws -> Command {
        try #require(Command(json: Array(try command.json.utf8)))
    }

    private static func replay(_ selection: ReplayCommand.Selection, dryRun: Bool = false) -> ReplayCommand {
        ReplayCommand(selection, to: "s", reason: "they asked", dryRun: dryRun)
    }

    /// Of four events: dead, delivered, pending, dead.
    private static func storeWithDeliveries() async throws -> TestStore {
        let store = try TestStore()
        for index in 0..<4 { try await store.append(.status(of: "i\(index)")) }
        let sink = try await store.log.register("s", start: .beginning, now: .start)
        let states: [DeliveryState] = [.dead, .delivered, .pending(next: .start + .hours(9)), .dead]
        let outcomes = states.enumerated().map {
            DeliveryReport.Outcome(sequence: Int64($0) + 1, state: $1, attempts: 1)
        }
        await store.log.record(DeliveryReport(sink: sink.row, cursor: 4, outcomes: outcomes))
        return store
    }
}

extension TestStore {
    /// A workplace without a server, whose one sink wants what is approved.
    fileprivate var place: Workplace {
        Workplace(log: log, configuration: .with(shell: ["/bin/true"]), clock: WallClock { .start }, sinks: nil)
    }

    /// Sequences of an operator's deliveries that wait, in the order of their queue.
    fileprivate func queued() throws -> [Int64] {
        try log.makeReader().operatedDeliveries(of: 1, after: nil, limit: .max).map(\.sequence)
    }
}

extension Configuration {
    fileprivate static func with(shell command: [String]) -> Configuration {
        let sink = SinkConfiguration(
            name: "s",
            filter: .field(.status, in: [.init("approved")]),
            kind: .shell(.init(command: command))
        )
        return Configuration(stateDirectory: "/nowhere", sources: [], sinks: [sink])
    }
}
