import Foundation
import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

@Suite(.timeLimit(.minutes(3))) struct LogDispatcherTests {
    @Test func `writes exactly one line for each event, in order`() async throws {
        let store = try await Self.store(events: 30)
        let running = try await RunningLog(on: store)
        try await eventually { running.lines().count == 30 }
        await running.stop()
        #expect(try running.ids() == store.events().map(\.event.id.description))
        #expect(try store.cursor() == 30)
    }

    @Test func `writes more events than one batch takes`() async throws {
        let store = try TestStore()
        for result in await store.append((0..<2500).map { .status(of: "i\($0)") }) { _ = try result.get() }
        let running = try await RunningLog(on: store)
        try await eventually { running.lines().count == 2500 }
        await running.stop()
        #expect(try running.ids() == store.events().map(\.event.id.description))
    }

    @Test func `writes events that are larger than a batch together`() async throws {
        let store = try TestStore()
        for index in 0..<5 {
            let body = #"{"pad":"\#(String(repeating: "x", count: 600_000))"}"#
            try await store.append(.status(of: "i\(index)", body: body + String(repeating: " ", count: index)))
        }
        let running = try await RunningLog(on: store)
        try await eventually { running.lines().count == 5 }
        await running.stop()
        #expect(try running.ids() == store.events().map(\.event.id.description))
    }

    @Test func `writes what comes later`() async throws {
        let store = try await Self.store(events: 1)
        let running = try await RunningLog(on: store)
        try await eventually { running.lines().count == 1 }
        try await store.append(.status(of: "later"))
        running.dispatcher.wake()
        try await eventually { running.lines().count == 2 }
        await running.stop()
    }

    @Test func `a sink that was of another kind goes on as a log, with what it left unfinished first`() async throws {
        let store = try await Self.store(events: 5)
        let record = try await store.log.register("s", start: .beginning, now: .start)
        await store.log.record(
            DeliveryReport(
                sink: record.row,
                cursor: 2,
                outcomes: [
                    .init(sequence: 1, state: .delivered, attempts: 1),
                    .init(sequence: 2, state: .pending(next: .start + .hours(9)), attempts: 3),
                    .init(sequence: 4, state: .delivered, attempts: 1),
                ]
            )
        )
        let running = try await RunningLog(on: store)
        try await eventually { running.lines().count == 3 }
        await running.stop()
        let ids = try store.events().map(\.event.id.description)
        #expect(try running.ids() == [ids[1], ids[2], ids[4]])
        #expect(!running.lines().contains { String(decoding: $0, as: UTF8.self).contains(#""replay":true"#) })
        #expect(try store.deliveryStates() == ["delivered", "delivered", "-", "delivered", "-"])
    }

    @Test func `a line is recorded only after it is in the file`() async throws {
        let store = try await Self.store(events: 3)
        let running = try await RunningLog(on: store)
        try await eventually { try store.cursor() == 3 }
        #expect(running.lines().count == 3)
        await running.stop()
    }

    @Test func `only what passes the filter is written, and the cursor passes the rest`() async throws {
        let store = try await Self.store(events: 4)
        let running = try await RunningLog(on: store, filter: .field(.subject, in: [.init("identity/i2")]))
        try await eventually { running.lines().count == 1 }
        await running.stop()
        #expect(try running.ids() == [store.events()[2].event.id.description])
        #expect(try store.cursor() == 4)
    }

    @Test(arguments: [(SinkConfiguration.Log.BodyDetail.full, true), (.none, false)])
    func `holds the body only if it shall`(detail: SinkConfiguration.Log.BodyDetail, holdsData: Bool) async throws {
        let store = try await Self.store(events: 1)
        let running = try await RunningLog(on: store, body: detail)
        try await eventually { running.lines().count == 1 }
        await running.stop()
        #expect(try running.members()[0].keys.contains("data") == holdsData)
    }

    @Test func `a restart between writing and recording doubles nothing`() async throws {
        let store = try await Self.store(events: 20)
        let running = try await RunningLog(on: store)
        try await eventually { try store.cursor() == 20 }
        await running.stop()
        // As if the process had died before the cursor of all but the first five was recorded.
        try store.execute("UPDATE sink SET cursor = 5")
        try await store.append(.status(of: "new"))
        let again = try await RunningLog(on: store)
        try await eventually { try store.cursor() == 21 }
        await again.stop()
        #expect(try again.ids() == store.events().map(\.event.id.description))
    }

    /// Only a batch's worth of lines is looked at: a second death must find what the first left no further back.
    @Test func `what a restart finds written is recorded before anything is written behind it`() async throws {
        let store = try await Self.store(events: 20)
        let running = try await RunningLog(on: store)
        try await eventually { try store.cursor() == 20 }
        await running.stop()
        try store.execute(
            """
            UPDATE sink SET cursor = 5;
            CREATE TABLE noted (cursor INTEGER NOT NULL);
            CREATE TRIGGER note AFTER UPDATE OF cursor ON sink WHEN NEW.cursor > OLD.cursor
            BEGIN INSERT INTO noted VALUES (NEW.cursor); END;
            """
        )
        try await store.append(.status(of: "new"))
        let again = try await RunningLog(on: store)
        try await eventually { try store.cursor() == 21 }
        await again.stop()
        #expect(try store.dump(["noted"]).map { $0.filter(\.isNumber) } == ["20", "21"])
        #expect(try again.ids() == store.events().map(\.event.id.description))
    }

    @Test func `a torn last line is written anew after a restart`() async throws {
        let store = try await Self.store(events: 3)
        let running = try await RunningLog(on: store)
        try await eventually { try store.cursor() == 3 }
        await running.stop()
        try store.execute("UPDATE sink SET cursor = 0")
        let bytes = try Descriptor.open(running.path, O_RDONLY).readAll(limit: .max)
        try Descriptor.open(running.path, O_WRONLY | O_TRUNC).writeAll(Array(bytes.dropLast(20)))
        let again = try await RunningLog(on: store)
        try await eventually { try store.cursor() == 3 }
        await again.stop()
        #expect(try again.ids() == store.events().map(\.event.id.description))
    }

    @Test func `the cursor decides, not the file`() async throws {
        let store = try await Self.store(events: 3)
        let running = try await RunningLog(on: store)
        try await eventually { try store.cursor() == 3 }
        await running.stop()
        try FileManager.default.removeItem(atPath: running.path)
        try await store.append(.status(of: "new"))
        let again = try await RunningLog(on: store)
        try await eventually { try store.cursor() == 4 }
        await again.stop()
        #expect(try again.ids() == [store.events()[3].event.id.description])
    }

    @Test func `a file that fails loses nothing, and is written when it works again`() async throws {
        let store = try await Self.store(events: 5)
        let path = store.folder.path("events.jsonl")
        try makeDirectory(path)
        let (faults, fault) = AsyncStream.makeStream(of: String.self)
        let running = try await RunningLog(on: store, onLog: { fault.yield($0) })
        #expect(await faults.next()?.hasPrefix("sink fails") == true)
        #expect(try store.cursor() == 0)
        try FileManager.default.removeItem(atPath: path)
        try await eventually { try store.cursor() == 5 }
        await running.stop()
        #expect(try running.ids() == store.events().map(\.event.id.description))
    }

    @Test func `what a failing file did not take is written after a stop`() async throws {
        let store = try await Self.store(events: 2)
        let (faults, fault) = AsyncStream.makeStream(of: String.self)
        let running = try await RunningLog(on: store, onLog: { fault.yield($0) })
        try await eventually { try store.cursor() == 2 }
        // From here on every batch is collected and then refused.
        try FileManager.default.moveItem(atPath: running.path, toPath: running.path + ".1")
        try makeDirectory(running.path)
        try await store.append(.status(of: "new"))
        running.dispatcher.wake()
        #expect(await faults.next()?.hasPrefix("sink fails") == true)
        await running.stop()
        #expect(try store.cursor() == 2)
        try FileManager.default.removeItem(atPath: running.path)
        let again = try await RunningLog(on: store)
        try await eventually { try store.cursor() == 3 }
        await again.stop()
        #expect(try again.ids() == [store.events()[2].event.id.description])
    }

    @Test func `a file that was moved away is made anew when told to reopen`() async throws {
        let store = try await Self.store(events: 2)
        let running = try await RunningLog(on: store)
        try await eventually { try store.cursor() == 2 }
        try FileManager.default.moveItem(atPath: running.path, toPath: running.path + ".1")
        running.dispatcher.reopen()
        try await store.append(.status(of: "new"))
        running.dispatcher.wake()
        try await eventually { try store.cursor() == 3 }
        await running.stop()
        #expect(try running.ids() == [store.events()[2].event.id.description])
    }

    @Test func `a dispatcher that has ended can be stopped again`() async throws {
        let running = try await RunningLog(on: Self.store(events: 0))
        await running.stop()
        await running.stop()
    }

    @Test(arguments: [(1, 100), (2, 200), (3, 400), (7, 6400), (8, 10_000), (9, 10_000), (1000, 10_000)])
    func `pauses longer after each failure, up to ten seconds`(failures: Int, milliseconds: Int) {
        #expect(LogDispatcher.pause(afterFailures: failures) == .milliseconds(milliseconds))
    }

    private static func store(events: Int) async throws -> TestStore {
        let store = try TestStore()
        for index in 0..<events { try await store.append(.status(of: "i\(index)")) }
        return store
    }
}

/// A log dispatcher at work on a store, with its file in the store's directory.
struct RunningLog {
    let dispatcher: LogDispatcher
    let task: Task<Void, Never>
    let path: String

    init(
        on store: TestStore,
        filter: SinkFilter = .everything,
        body: SinkConfiguration.Log.BodyDetail = .full,
        onLog: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws {
        path = store.folder.path("events.jsonl")
        let file = SinkConfiguration.Log(path: path, body: body)
        let configuration = SinkConfiguration(name: "s", filter: filter, kind: .log(file))
        let record = try await store.log.register("s", start: .beginning, now: .start)
        let dispatcher = try LogDispatcher(file, configuration, record: record, context: .test(store, onLog: onLog))
        self.dispatcher = dispatcher
        task = Task { await dispatcher.run() }
    }

    func stop() async {
        dispatcher.stop()
        await task.value
    }

    /// Whole lines; none while there is no file.
    ///
    /// Not with `Data(contentsOf:)`, which leaks a page when the file is empty, as LeakSanitizer sees.
    func lines() -> [Data] {
        guard let bytes = try? Descriptor.open(path, O_RDONLY).readAll(limit: .max), bytes.last == 0x0A else {
            return []
        }
        return bytes.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false).map { Data($0) }
    }

    func members() throws -> [[String: Any]] {
        try lines().map { try #require(JSONSerialization.jsonObject(with: $0) as? [String: Any]) }
    }

    func ids() throws -> [String] {
        try members().map { try #require($0["id"] as? String) }
    }
}
