import KychookConfig
import KychookLinux
import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

/// Reads by API what webhooks missed.
@Suite(.timeLimit(.minutes(3))) struct ReconcilerTests {
    @Test func `what differs, and who was unknown, become events`() async throws {
        let store = try await Self.store(["same": "in review", "other": "in review", "ended": "approved"])
        let reading = ScriptedReading { _, _ in .failure(.refused("not to be read")) }
        reading.list(.page(["same": "in review", "other": "declined", "ended": "approved", "new": "initiating"]))
        let result = try await Self.reconciler(reading, store).run(dryRun: false)
        #expect((result.read, result.open, result.changed, result.new, result.failed) == (4, 2, 1, 1, 0))
        #expect(result.fault == nil)
        #expect(
            result.differences == [
                .init(identity: "new", before: nil, after: "initiating"),
                .init(identity: "other", before: "in review", after: "declined"),
            ]
        )
        let recorded = try store.events().map(\.event).filter { $0.via == .reconcile }
        #expect(recorded.map(\.interpretation.subject?.id) == ["new", "other"])
        #expect(recorded.map(\.change) == [.first, .changed])
        #expect(recorded.map(\.interpretation.type) == ["identityStatus", "identityStatus"])
    }

    @Test func `a dry run says the same and records nothing`() async throws {
        let store = try await Self.store(["other": "in review"])
        let reading = ScriptedReading()
        reading.list(.page(["other": "declined", "new": "initiating"]))
        let result = try await Self.reconciler(reading, store).run(dryRun: true)
        #expect((result.changed, result.new) == (1, 1))
        #expect(result.differences.map(\.identity) == ["new", "other"])
        #expect(try store.events().count == 1)
    }

    @Test func `open identities that no list had are read one by one, ended ones are not`() async throws {
        let store = try await Self.store(["a": "in review", "b": "approved", "c": "in review", "listed": "in review"])
        let reading = ScriptedReading { id, _ in
            id == "c" ? .failure(.absent) : .success(IdentityView(id: id, status: "approved"))
        }
        reading.list(.page(["listed": "in review"]))
        let result = try await Self.reconciler(reading, store).run(dryRun: false)
        #expect(reading.started.sorted() == ["org/a", "org/c"])
        #expect((result.read, result.changed, result.failed) == (2, 1, 1))
    }

    @Test func `an identity that cannot be read is counted, and hides no other`() async throws {
        let store = try await Self.store(["odd": "in review", "alone": "in review", "last": "in review"])
        let reading = ScriptedReading { id, _ in
            id == "alone" ? .failure(.unreadable("no status")) : .success(IdentityView(id: id, status: "approved"))
        }
        let listed = [IdentityView(id: "empty", status: ""), IdentityView(id: "new", status: "initiating")]
        reading.list(.success(IdentityPage(listed, unreadable: ["odd", nil])))
        let result = try await Self.reconciler(reading, store).run(dryRun: false)
        // One that was in a list is not asked for again.
        #expect(reading.started.sorted() == ["org/alone", "org/last"])
        #expect((result.new, result.changed, result.failed) == (1, 1, 4))
        #expect(result.fault == nil)
    }

    @Test func `lists are read to their last page`() async throws {
        let store = try TestStore()
        let reading = ScriptedReading()
        reading.list(.page(["a": "x"], next: "2"), .page(["b": "x"], next: "3"), .page(["b": "x", "c": "x"]))
        let result = try await Self.reconciler(reading, store).run(dryRun: false)
        #expect(reading.pagesAsked == [nil, "2", "3"])
        #expect(result.new == 3)
    }

    @Test func `a page that names itself as the next one is the last`() async throws {
        let store = try TestStore()
        let reading = ScriptedReading()
        reading.list(.page(["a": "x"], next: "2"), .page(["b": "x"], next: "2"))
        #expect(try await Self.reconciler(reading, store).run(dryRun: false).read == 2)
    }

    @Test func `every organization and each of its enterprises is listed`() async throws {
        let store = try TestStore()
        let reading = ScriptedReading()
        var source = SourceConfiguration.confirmed(["one", "two"])
        source.api?.enterprises = ["x", "y", "z"]
        _ = try await Self.reconciler(reading, store, source).run(dryRun: false)
        #expect(reading.pagesAsked.count == 6)
    }

    @Test(arguments: [
        (1, ReadingFault.unreachable("down"), true), (2, .rateLimited(after: nil), true),
        (3, .unreachable("down"), false), (1, .refused("401"), false), (1, .unreadable("?"), false),
        (1, .absent, false),
    ])
    func `what may pass is tried three times`(faults: Int, fault: ReadingFault, isWhole: Bool) async throws {
        let store = try TestStore()
        let reading = ScriptedReading()
        for _ in 0..<faults { reading.list(.failure(fault)) }
        reading.list(.page(["a": "x"]))
        let result = try await Self.reconciler(reading, store).run(dryRun: false)
        #expect((result.fault == nil) == isWhole)
        #expect(result.new == (isWhole ? 1 : 0))
    }

    @Test func `an alias of the status that is known is no difference`() async throws {
        let store = try await Self.store(["a": "created"])
        let reading = ScriptedReading()
        reading.list(.page(["a": "initiating"]))
        #expect(try await Self.reconciler(reading, store).run(dryRun: true).differences.isEmpty)
        reading.list(.page(["a": "initiating"]))
        #expect(try await Self.reconciler(reading, store).run(dryRun: false).differences.isEmpty)
    }

    // MARK: - By the clock

    @Test func `runs at the start and then by its interval`() async throws {
        let store = try TestStore()
        let (clock, reading) = (MovableClock(), ScriptedReading())
        let keeper = try Self.keeper(reading, store, clock)
        var lists: [Int] = []
        // The last one is a clock that is set back.
        for minutes in [0, 359, 1, 359, 1, -1] {
            clock.advance(by: .minutes(minutes))
            await keeper.turn()
            lists.append(reading.pagesAsked.count)
        }
        #expect(lists == [1, 1, 2, 2, 3, 4])
    }

    @Test func `a reload begins no interval anew, and tells no trouble again`() async throws {
        let store = try TestStore()
        let (clock, reading, told) = (MovableClock(), ScriptedReading(), Locked<[IncomingEvent]>([]))
        reading.say(.success([WebhookView(id: "w", isSuspended: true)]))
        let context = ProviderContext.test(store, clock: clock, tell: { event in told.withLock { $0.append(event) } })
        let first = try SourceKeeper(Self.reconciler(reading, store), context)
        await first.turn()
        let second = try SourceKeeper(Self.reconciler(reading, store), context, memory: await first.memory)
        await second.turn()
        #expect(reading.pagesAsked.count == 1)
        _ = await second.reconcile(dryRun: false)
        #expect(told.withLock { $0.count } == 1)
    }

    @Test func `switched off it runs on command only`() async throws {
        let store = try TestStore()
        let reading = ScriptedReading()
        let source = SourceConfiguration.confirmed(reconcile: nil)
        let keeper = try Self.keeper(reading, store, MovableClock(), source)
        await keeper.turn()
        #expect(reading.pagesAsked.isEmpty)
        #expect(await keeper.reconcile(dryRun: false) != nil)
        #expect(reading.pagesAsked.count == 1)
    }

    @Test func `never runs twice at the same time`() async throws {
        let store = try await Self.store(["a": "in review"])
        let reading = ScriptedReading()
        let keeper = try Self.keeper(reading, store, MovableClock())
        async let first = keeper.reconcile(dryRun: true)
        let request = try await reading.next()
        #expect(await keeper.reconcile(dryRun: true) == nil)
        request.end("in review")
        #expect(await first?.read == 1)
    }

    @Test func `a suspended webhook is an event and a figure`() async throws {
        let store = try TestStore()
        let reading = ScriptedReading()
        reading.say(
            .success([
                WebhookView(id: "w1", isSuspended: true, successiveFailedAttempts: 100),
                WebhookView(id: "w2", successiveFailedAttempts: 3),
            ])
        )
        let statistics = ProviderStatistics()
        let (told, lines) = (Locked<[IncomingEvent]>([]), Locked<[String]>([]))
        let context = ProviderContext.test(
            store,
            clock: MovableClock(),
            statistics: statistics,
            onLog: { line in lines.withLock { $0.append(line) } },
            tell: { event in told.withLock { $0.append(event) } }
        )
        let keeper = try SourceKeeper(Self.reconciler(reading, store), context)
        for _ in 0..<2 { _ = await keeper.reconcile(dryRun: false) }
        let events = told.withLock { $0 }
        #expect(events.map(\.interpretation.type) == ["kychook.source.suspended"])
        #expect(events.map { String(decoding: $0.body, as: UTF8.self) } == [#"{"source":"bitgo","webhook":"w1"}"#])
        let figures = statistics.bySource["bitgo"]
        #expect(figures?.suspendedWebhooks == 1)
        #expect(figures?.successiveFailedAttempts == 100)
        #expect(figures?.reconciliations == 2)
        #expect(lines.withLock { $0.count { $0.contains("deliveries fail") && $0.contains("webhook=w2") } } == 1)
    }

    @Test func `a dry run tells of a suspended webhook, and appends nothing`() async throws {
        let (reading, told) = (ScriptedReading(), Locked<[IncomingEvent]>([]))
        reading.say(.success([WebhookView(id: "w", isSuspended: true)]))
        let store = try TestStore()
        let tell = { @Sendable (event: IncomingEvent) in told.withLock { $0.append(event) } }
        let context = ProviderContext.test(store, clock: MovableClock(), tell: tell)
        let keeper = try SourceKeeper(Self.reconciler(reading, store), context)
        #expect(await keeper.reconcile(dryRun: true)?.webhooks.map(\.id) == ["w"])
        #expect(told.withLock { $0.isEmpty })
        _ = await keeper.reconcile(dryRun: false)
        #expect(told.withLock { $0.count } == 1)
    }

    @Test func `webhooks that cannot be read are a fault, with a server and without`() async throws {
        let reading = ScriptedReading()
        reading.say(.failure(.refused("403")))
        let store = try TestStore()
        let fault = "the webhooks cannot be read: refused: 403"
        let keeper = try Self.keeper(reading, store, MovableClock())
        #expect(await keeper.reconcile(dryRun: false)?.fault == fault)
        let place = Self.place(store, [.confirmed()], reading)
        let report = try await ReconcileCommand(source: nil, dryRun: false).run(place)
        #expect(report.sources.map(\.fault) == [fault])
    }

    @Test func `a silence is an event and a figure`() async throws {
        let store = try await Self.store(["a": "in review", "b": "approved"])
        let (clock, statistics, told) = (MovableClock(), ProviderStatistics(), Locked<[IncomingEvent]>([]))
        let context = ProviderContext.test(
            store,
            clock: clock,
            statistics: statistics,
            lastEvent: .start,
            tell: { event in told.withLock { $0.append(event) } }
        )
        let source = SourceConfiguration.confirmed(reconcile: nil)
        let keeper = try SourceKeeper(Self.reconciler(ScriptedReading(), store, source), context)
        clock.advance(by: .hours(23))
        await keeper.turn()
        #expect(statistics.bySource["bitgo"]?.isSilent == false)
        clock.advance(by: .hours(1))
        for _ in 0..<2 { await keeper.turn() }
        #expect(statistics.bySource["bitgo"]?.isSilent == true)
        let bodies = told.withLock { $0.map { String(decoding: $0.body, as: UTF8.self) } }
        #expect(bodies == [#"{"source":"bitgo","since":"2026-01-18T14:36:40.000Z","open_identities":"1"}"#])
    }

    // MARK: - On command

    @Test(arguments: [nil, "bitgo"])
    func `without a server the command reads by itself`(name: String?) async throws {
        let store = try TestStore()
        let reading = ScriptedReading()
        reading.list(.page(["a": "in review"]))
        let place = Self.place(store, [.confirmed()], reading)
        let report = try await ReconcileCommand(source: name, dryRun: false).run(place)
        #expect(report.sources.map(\.new) == [1])
        #expect(try store.events().map(\.event.via) == [.reconcile])
    }

    @Test func `a source without an API cannot be reconciled`() async throws {
        let store = try TestStore()
        var plain = SourceConfiguration.confirmed()
        plain.api = nil
        let place = Self.place(store, [plain], ScriptedReading())
        for (name, says) in [
            ("bitgo", "the source bitgo has no `api`: add it"),
            ("x", "there is no source x in the configuration: it has bitgo"),
            (nil, "no source has `api` in the configuration: add it to one"),
        ] {
            await #expect { _ = try await ReconcileCommand(source: name, dryRun: false).run(place) } throws: {
                "\($0)" == says
            }
        }
    }

    @Test func `the command goes over the control socket and back`() throws {
        let command = try #require(
            ReconcileCommand(json: Array(try ReconcileCommand(source: "s", dryRun: true).json.utf8))
        )
        #expect(command.source == "s" && command.dryRun)
    }

    // MARK: - Support

    private static func store(_ statuses: KeyValuePairs<String, String>) async throws -> TestStore {
        let store = try TestStore()
        // Long ago, so that they are settled.
        for (id, status) in statuses { try await store.append(.status(status, of: id, minutes: -600)) }
        return store
    }

    private static func reconciler(
        _ reading: ScriptedReading,
        _ store: TestStore,
        _ source: SourceConfiguration = .confirmed()
    ) throws -> Reconciler {
        try Reconciler(source, reading: reading, log: store.log, clock: MovableClock().wallClock)
    }

    private static func keeper(
        _ reading: ScriptedReading,
        _ store: TestStore,
        _ clock: MovableClock,
        _ source: SourceConfiguration = .confirmed()
    ) throws -> SourceKeeper {
        try SourceKeeper(reconciler(reading, store, source), .test(store, clock: clock))
    }

    private static func place(
        _ store: TestStore,
        _ sources: [SourceConfiguration],
        _ reading: ScriptedReading
    ) -> Workplace {
        let configuration = Configuration(stateDirectory: "/nowhere", sources: sources, sinks: [])
        return Workplace(log: store.log, configuration: configuration) { source, _ in
            source.api == nil ? nil : reading
        }
    }
}

extension Result<IdentityPage, ReadingFault> {
    /// A page of these, sorted by their names.
    fileprivate static func page(_ statuses: [String: String], next: String? = nil) -> Self {
        let views = statuses.sorted { $0.key < $1.key }.map { IdentityView(id: $0.key, status: $0.value) }
        return .success(IdentityPage(views, next: next))
    }
}
