import KychookModel
import Testing

private let groups = StatusGroups([
    (
        "one",
        SourcePreset(
            scheme: SignatureScheme(header: "s", encoding: .hex),
            fields: FieldMap(),
            typePrefix: "",
            types: [
                EventType("status", subject: .identity, groups: ["new": .received, "done": .final, "stopped": .final]),
                EventType("other", subject: .identity, groups: ["done": .closing, "seen": .inReview]),
                EventType("state", subject: .user, groups: ["done": .closing]),
                EventType("plain", subject: .enterprise, statuses: ["done"]),
            ]
        )
    )
])

private func event(
    _ status: String?,
    after minutes: Int = 0,
    change: StatusChange = .changed,
    from previous: String? = nil,
    kind: Subject.Kind = .identity,
    source: String = "one"
) -> Event {
    Event(
        sequence: 1,
        id: EventID(high: 1, low: 1),
        received: Timestamp(milliseconds: 0) + .seconds(60 * minutes),
        source: source,
        interpretation: Interpretation(type: "status", subject: Subject(kind: kind, id: "i"), status: status),
        change: change,
        previousStatus: previous,
        keyReused: false,
        via: .webhook
    )
}

@Suite struct StatusGroupTests {
    @Test(
        arguments: [
            (.received, .checking, false), (.received, .final, false), (.checking, .needsCustomer, false),
            (.needsCustomer, .checking, false), (.inReview, .needsCustomer, false), (.inReview, .inReview, false),
            (.readyToSign, .closing, false), (.closing, .final, false),
            (.checking, .received, true), (.needsCustomer, .received, true), (.inReview, .checking, true),
            (.readyToSign, .needsCustomer, true), (.readyToSign, .inReview, true), (.closing, .readyToSign, true),
            (.final, .final, true), (.final, .closing, true), (.final, .received, true),
        ] as [(StatusGroup, StatusGroup, Bool)]
    )
    func `a move is odd out of final and back`(old: StatusGroup, new: StatusGroup, isOdd: Bool) {
        #expect(StatusGroup.isOddMove(from: old, to: new) == isOdd)
    }

    @Test func `a group is found by source, kind and status`() {
        #expect(groups.group(of: event("new")) == .received)
        #expect(groups.group(of: event("seen")) == .inReview)
        #expect(groups.group(of: event("done")) == .final)
        #expect(groups.group(of: event("done", kind: .user)) == .closing)
        #expect(groups.group(of: event("done", kind: .enterprise)) == nil)
        #expect(groups.group(of: event("done", source: "two")) == nil)
        #expect(groups.group(of: event("NEW")) == nil)
        #expect(groups.group(of: event(nil)) == nil)
    }

    @Test func `the statuses of a group are listed by source and kind`() {
        #expect(groups.statuses(in: .final).map(\.statuses) == [["done", "stopped"]])
        #expect(groups.statuses(in: .closing).map(\.kind) == [.user])
        #expect(groups.statuses(in: .readyToSign).isEmpty)
        #expect(StatusGroups().isEmpty && !groups.isEmpty)
    }

    @Test func `a filter asks for groups, and says why it does not match`() {
        func mismatch(_ wanted: Set<StatusGroup>, _ event: Event) -> String? {
            SinkFilter.group(in: wanted, of: groups).mismatch(event) { _ in nil }
        }
        #expect(mismatch([.final, .closing], event("done")) == nil)
        #expect(mismatch([.received], event("done")) == "status_group is final")
        #expect(mismatch([.received], event("odd one")) == "\"odd one\" is in no status_group")
        #expect(mismatch([.received], event(nil)) == "status_group is missing: it has no status")
    }
}

@Suite struct StatusTimelineTests {
    @Test func `a status lasts until the next move, the last one until now`() {
        let events = [
            event("new", after: 0, change: .first), event("new", after: 1, change: .unchanged),
            event("seen", after: 5, from: "new"), event("new", after: 6, change: .late, from: "seen"),
            event("done", after: 9, from: "seen"),
        ]
        let now = Timestamp(milliseconds: 0) + .seconds(60 * 20)
        let steps = StatusTimeline(events, groups: groups, now: now).steps
        #expect(steps.map(\.event) == events)
        #expect(steps.map(\.lasted) == [.seconds(300), nil, .seconds(240), nil, .seconds(660)])
        #expect(steps.map(\.until) == [events[2].received, nil, events[4].received, nil, nil])
        #expect(steps.map(\.group) == [.received, .received, .inReview, .received, .final])
        #expect(steps.map(\.isOdd) == [false, false, false, false, false])
    }

    @Test func `a clock that went back makes no negative length`() {
        let events = [event("new", after: 5, change: .first), event("seen", after: 3, from: "new")]
        let steps = StatusTimeline(events, groups: groups, now: Timestamp(milliseconds: 0)).steps
        #expect(steps.map(\.lasted) == [.zero, .zero])
    }

    @Test(
        arguments: [
            ("new", "done", .changed, false), ("seen", "new", .changed, true), ("stopped", "done", .changed, true),
            ("done", "new", .late, false), ("done", "new", .repeated, false), ("done", "unknown", .changed, false),
            ("unknown", "new", .changed, false),
        ] as [(String, String, StatusChange, Bool)]
    )
    func `only a move between known groups can be odd`(
        previous: String,
        status: String,
        change: StatusChange,
        isOdd: Bool
    ) {
        let steps = StatusTimeline(
            [event(status, change: change, from: previous)],
            groups: groups,
            now: Timestamp(milliseconds: 0)
        )
        .steps
        #expect(steps.map(\.isOdd) == [isOdd])
    }
}
