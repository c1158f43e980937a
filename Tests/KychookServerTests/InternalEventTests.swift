import KychookModel
import KychookStore
import KychookTesting
import Testing

@testable import KychookServer

/// Who gets the events that kychook tells of itself.
@Suite struct InternalEventTests {
    /// Filters, and whether they ask for a dead delivery of the sink `crm`.
    @Test(arguments: [
        (SinkFilter.everything, false),
        (.field(.type, in: [.init("*")]), false),
        (.field(.type, in: [.init("k*")]), false),
        (.not(.field(.type, in: [.init("identityStatus")])), false),
        (.not(.field(.type, in: [.init("kychook.delivery.dead")])), false),
        (.field(.source, in: [.init("kychook")]), false),
        (.via(in: [.internal]), false),
        (.field(.type, in: [.init("kychook.sink.open")]), false),
        (.field(.type, in: [.init("kychook.delivery.dead")]), true),
        (.field(.type, in: [.init("identityStatus"), .init("kychook.*")]), true),
        (.any([.field(.status, in: [.init("x")]), .field(.type, in: [.init("kychook.*")])]), true),
        (
            .all([.field(.type, in: [.init("kychook.*")]), .body(JSONPointer(tokens: ["status"]), in: [.init("x")])]),
            false
        ),
    ])
    func `a sink gets one only where its filter names the type`(filter: SinkFilter, gets: Bool) throws {
        let (event, body) = try Self.dead(at: "crm")
        #expect(EventMatcher(filter, sink: "alarm").matches(event, body: body) == gets)
        #expect(Notices(for: [.asking(filter)]).makes(.deliveryDead) == filter.names(.deliveryDead))
    }

    @Test func `a sink gets none about itself`() throws {
        let (event, body) = try Self.dead(at: "crm")
        let filter = SinkFilter.field(.type, in: [.init("kychook.*")])
        #expect(EventMatcher(filter, sink: "crm").mismatch(event, body: body) == "it is about this sink")
    }

    @Test func `a provider's type of that name is an ordinary type`() throws {
        var (event, body) = try Self.dead(at: "crm")
        event.source = "bitgo"
        #expect(EventMatcher(.everything, sink: "crm").matches(event, body: body))
    }

    @Test func `nothing is told about the delivery of such an event`() throws {
        let (event, _) = try Self.dead(at: "crm")
        let notices = Notices(for: [.asking(.field(.type, in: [.init("kychook.*")]))])
        #expect(notices.deliveryDead(event, sink: "crm", attempts: 1, reason: nil, at: .start) == nil)
    }

    @Test func `names from the configuration and reasons stand in it as JSON`() throws {
        let notices = Notices(for: [.asking(.field(.type, in: [.init("kychook.*")]))])
        let told = try #require(notices.sourceRefusing("a\"b", reason: "line\nend", at: .start))
        #expect(
            String(decoding: told.body, as: UTF8.self)
                == #"{"source":"a\"b","reason":"line\u000aend","count":"10"}"#
        )
    }

    @Test func `a trouble that lasts over a restart has the key that it had before`() throws {
        let notices = Notices(for: [.asking(.field(.type, in: [.init("kychook.*")]))])
        func suspended(_ lastAttempt: Timestamp?, at now: Timestamp) -> String? {
            let webhook = WebhookView(id: "w", isSuspended: true, lastAttempt: lastAttempt)
            return notices.sourceSuspended("s", webhook, at: now)?.interpretation.key
        }
        let later = Timestamp.start + .hours(9)
        #expect(suspended(.start, at: .start) == suspended(.start, at: later))
        #expect(suspended(.start, at: later) != suspended(later, at: later))
        // One told twice is better than one that is not told.
        #expect(suspended(nil, at: .start) != suspended(nil, at: later))
        func silent(at now: Timestamp) -> String? {
            notices.sourceSilent("s", since: .start, openIdentities: 1, at: now)?.interpretation.key
        }
        #expect(silent(at: .start) == silent(at: later))
    }

    /// As it is read from the store.
    private static func dead(at sink: String) throws -> (Event, [UInt8]) {
        let notices = Notices(for: [.asking(.field(.type, in: [.init("kychook.*")]))])
        let about = Delivery.sample().event
        let told = try #require(notices.deliveryDead(about, sink: sink, attempts: 8, reason: "down", at: .start))
        let event = Event(
            sequence: 2,
            id: about.id,
            received: .start,
            source: told.source.name,
            interpretation: told.interpretation,
            change: .none,
            previousStatus: nil,
            keyReused: false,
            via: told.via
        )
        return (event, told.body)
    }
}

extension Notices {
    fileprivate func makes(_ type: InternalEvent) -> Bool {
        switch type {
        case .deliveryDead:
            deliveryDead(Delivery.sample().event, sink: "s", attempts: 1, reason: nil, at: .start) != nil
        case .sinkOpen: sinkOpen("s", SinkHealth(), at: .start) != nil
        case .sourceRefusing: sourceRefusing("s", reason: "", at: .start) != nil
        case .sourceSilent: sourceSilent("s", since: .start, openIdentities: 1, at: .start) != nil
        case .sourceSuspended: sourceSuspended("s", WebhookView(id: "w"), at: .start) != nil
        }
    }
}

extension SinkConfiguration {
    fileprivate static func asking(_ filter: SinkFilter) -> SinkConfiguration {
        SinkConfiguration(name: "alarm", filter: filter, kind: .shell(.init(command: ["/bin/true"])))
    }
}
