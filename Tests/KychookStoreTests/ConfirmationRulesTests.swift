import KychookModel
import KychookStore
import KychookTesting
import Testing

/// What asks for a read by API, and what an answer does, without a database.
@Suite struct ConfirmationRulesTests {
    // MARK: - Who asks

    typealias Judged = (rule: ConfirmationRule, change: StatusChange, status: String, keyReused: Bool, then: Demand)

    static let demands: [Judged] = [
        (.never, .first, "in review", false, Demand(.first, asks: false)),
        (.never, .late, "in review", false, Demand(.late, asks: false)),
        (.never, .changed, "unheard of", true, Demand(.changed, asks: false)),
        (.onConflict, .first, "in review", false, Demand(.first, asks: false)),
        (.onConflict, .changed, "approved", false, Demand(.changed, asks: false)),
        (.onConflict, .unchanged, "approved", false, Demand(.unchanged, asks: false)),
        (.onConflict, .late, "in review", false, Demand(.late, asks: true)),
        (.onConflict, .repeated, "in review", false, Demand(.repeated, asks: true)),
        (.onConflict, .changed, "approved", true, Demand(.unconfirmed, asks: true)),
        (.onConflict, .late, "approved", true, Demand(.late, asks: true)),
        (.onConflict, .changed, "unheard of", false, Demand(.unconfirmed, asks: true)),
        (.onConflict, .changed, "created", false, Demand(.changed, asks: false)),
        (.always, .first, "in review", false, Demand(.unconfirmed, asks: true)),
        (.always, .changed, "approved", false, Demand(.unconfirmed, asks: true)),
        (.always, .unchanged, "approved", false, Demand(.unconfirmed, asks: true)),
        (.always, .late, "approved", false, Demand(.late, asks: true)),
        (.always, .repeated, "approved", false, Demand(.repeated, asks: true)),
        (.always, .none, "approved", false, Demand(.none, asks: false)),
    ]

    @Test(arguments: demands)
    func `the rule says what waits for the API and what asks it`(
        rule: ConfirmationRule,
        change: StatusChange,
        status: String,
        keyReused: Bool,
        then: Demand
    ) {
        let demand = Self.rules(rule).demand(change, of: Self.interpretation(status), keyReused: keyReused)
        #expect(demand == then)
    }

    @Test(arguments: [Subject.Kind.user, .enterprise, nil])
    func `only identities are confirmed`(kind: Subject.Kind?) {
        var interpretation = Self.interpretation("approved")
        interpretation.subject = kind.map { Subject(kind: $0, id: "x") }
        #expect(Self.rules(.always).demand(.first, of: interpretation, keyReused: true) == Demand(.first, asks: false))
    }

    @Test func `without a list of statuses none is unknown`() {
        var rules = Self.rules(.onConflict)
        rules.knownStatuses = []
        let demand = rules.demand(.changed, of: Self.interpretation("unheard of"), keyReused: false)
        #expect(demand == Demand(.changed, asks: false))
    }

    // MARK: - What an answer does

    typealias Verdict = ConfirmationVerdict
    typealias Answer = ConfirmationVerdict.Answer

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let state: ConfirmationState
        let answer: Answer?
        var isLast = false
        let verdict: Verdict

        init(_ name: String, _ state: ConfirmationState, _ answer: Answer?, isLast: Bool = false, _ verdict: Verdict) {
            (testDescription, self.state, self.answer) = (name, state, answer)
            (self.isLast, self.verdict) = (isLast, verdict)
        }
    }

    /// A webhook's event 5 says "approved"; before it event 3 had set "in review".
    static func waiting(
        _ status: String? = "in review",
        setBy setter: ConfirmationState.Setter? = .init(sequence: 3, via: .webhook),
        word: String = "approved",
        at time: Timestamp? = nil,
        knownUpdate: Timestamp? = nil
    ) -> ConfirmationState {
        ConfirmationState(
            status: status,
            setter: status == nil ? nil : setter,
            knownUpdate: knownUpdate,
            open: .init(sequence: 5, word: .init(sequence: 5, status: word, time: time))
        )
    }

    static func at(_ seconds: Int) -> Timestamp { .start + .seconds(seconds) }

    static let cases = [
        Case("the same word", waiting(), Answer("approved"), Verdict(.answer, .settled)),
        Case(
            "the same word for a subject without a status",
            waiting(nil),
            Answer("approved"),
            Verdict(.answer, .settled)
        ),
        Case("the word that holds already", waiting("approved"), Answer("approved"), Verdict(.nothing, .settled)),
        Case("what is known", waiting(), Answer("in review"), Verdict(.nothing, .later)),
        Case("what is known, to the end", waiting(), Answer("in review"), isLast: true, Verdict(.nothing, .settled)),
        Case("another status", waiting(), Answer("awaiting signature"), Verdict(.answer, .later)),
        Case("another first status", waiting(nil), Answer("initiating"), Verdict(.answer, .later)),
        Case("another status at the end", waiting(), Answer("initiating"), isLast: true, Verdict(.answer, .settled)),
        Case(
            "a final status, after which nothing comes",
            waiting(word: "in review"),
            Answer("declined"),
            Verdict(.answer, .settled)
        ),
        Case(
            "another status, newer than the webhook",
            waiting(at: at(10)),
            Answer("signature submitted", updated: at(10)),
            Verdict(.answer, .settled)
        ),
        Case(
            "another status, older than the webhook",
            waiting(at: at(10)),
            Answer("signature submitted", updated: at(9)),
            Verdict(.nothing, .later)
        ),
        Case(
            "older than the webhook to the end",
            waiting(at: at(10)),
            Answer("in review", updated: at(9)),
            isLast: true,
            Verdict(.word, .settled)
        ),
        Case(
            "what is known, newer than the webhook",
            waiting(at: at(10)),
            Answer("in review", updated: at(11)),
            Verdict(.nothing, .settled)
        ),
        Case(
            "older than what the API said before",
            waiting(knownUpdate: at(10)),
            Answer("initiating", updated: at(9)),
            Verdict(.nothing, .later)
        ),
        Case(
            "older than what the API said before, to the end",
            waiting(knownUpdate: at(10)),
            Answer("initiating", updated: at(9)),
            isLast: true,
            Verdict(.word, .settled)
        ),
        Case("no answer", waiting(), nil, Verdict(.nothing, .later)),
        Case("no answer to the end", waiting(), nil, isLast: true, Verdict(.word, .settled)),
        Case("no answer to the end, first status", waiting(nil), nil, isLast: true, Verdict(.word, .settled)),
        Case("no answer, and the word holds", waiting("approved"), nil, isLast: true, Verdict(.nothing, .settled)),
        Case(
            "no answer, after the API said otherwise",
            waiting(setBy: .init(sequence: 6, via: .api)),
            nil,
            isLast: true,
            Verdict(.nothing, .settled)
        ),
        Case(
            "no answer, after the API said something older",
            waiting(setBy: .init(sequence: 6, via: .api), at: at(10), knownUpdate: at(9)),
            nil,
            isLast: true,
            Verdict(.word, .settled)
        ),
        Case(
            "the API catches up",
            waiting(setBy: .init(sequence: 6, via: .api), knownUpdate: at(9)),
            Answer("approved", updated: at(10)),
            Verdict(.answer, .settled)
        ),
        Case(
            "no answer, after another webhook moved the status",
            waiting(setBy: .init(sequence: 6, via: .webhook)),
            nil,
            isLast: true,
            Verdict(.nothing, .settled)
        ),
    ]

    @Test(arguments: cases)
    func `an unconfirmed word meets`(_ given: Case) {
        let verdict = Verdict.confirm(
            given.state,
            by: given.answer,
            upTo: 9,
            isLast: given.isLast,
            finalStatuses: ["approved", "declined"]
        )
        #expect(verdict == given.verdict)
    }

    /// Event 3 set "approved"; event 5 was late or repeated.
    static func asked(time: Timestamp? = nil, knownUpdate: Timestamp? = nil) -> ConfirmationState {
        ConfirmationState(
            status: "approved",
            setter: .init(sequence: 3, via: .webhook, time: time),
            knownUpdate: knownUpdate,
            open: .init(sequence: 5)
        )
    }

    static let withoutWord = [
        Case("what is known", asked(), Answer("approved"), Verdict(.nothing, .settled)),
        Case("another status", asked(), Answer("in review"), Verdict(.answer, .settled)),
        Case("older than known", asked(time: at(9)), Answer("in review", updated: at(8)), Verdict(.nothing, .later)),
        Case(
            "older than the API's last",
            asked(knownUpdate: at(9)),
            Answer("in review", updated: at(8)),
            isLast: true,
            Verdict(.nothing, .settled)
        ),
        Case("no answer", asked(), nil, Verdict(.nothing, .later)),
        Case("no answer to the end", asked(), nil, isLast: true, Verdict(.nothing, .settled)),
    ]

    @Test(arguments: withoutWord)
    func `a late or repeated event meets`(_ given: Case) {
        let verdict = Verdict.confirm(given.state, by: given.answer, upTo: 9, isLast: given.isLast, finalStatuses: [])
        #expect(verdict == given.verdict)
    }

    @Test(arguments: [(4, Verdict.Rest.atOnce), (5, .settled), (6, .settled)])
    func `an answer from before the newest asking event is not used`(upTo: Int, rest: Verdict.Rest) {
        let verdict = Verdict.confirm(
            Self.waiting(),
            by: Answer("approved"),
            upTo: Int64(upTo),
            isLast: true,
            finalStatuses: []
        )
        #expect(verdict.rest == rest)
        #expect(verdict.move == (rest == .atOnce ? .nothing : .answer))
    }

    @Test(arguments: [(6, Verdict.Rest.atOnce), (7, .settled)])
    func `an answer from before the status moved is not used`(upTo: Int, rest: Verdict.Rest) {
        let state = Self.waiting(setBy: .init(sequence: 7, via: .webhook))
        let verdict = Verdict.confirm(
            state,
            by: Answer("in review"),
            upTo: Int64(upTo),
            isLast: false,
            finalStatuses: []
        )
        #expect(verdict == Verdict(.nothing, rest))
    }

    @Test func `an answer that nobody waits for does nothing`() {
        let state = ConfirmationState(status: "in review", setter: .init(sequence: 3, via: .webhook))
        let verdict = Verdict.confirm(state, by: Answer("approved"), upTo: 9, isLast: true, finalStatuses: [])
        #expect(verdict == Verdict(.nothing, .settled))
    }

    @Test(arguments: [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (1_000_000, 60)])
    func `pauses double from a second to a minute`(tries: Int, seconds: Int) {
        #expect(Verdict.pause(afterTries: tries) == .seconds(seconds))
    }

    // MARK: - Reconciliation

    static let readings: [(name: String, state: ConfirmationState, answer: Answer, moves: Bool)] = [
        ("never heard of", ConfirmationState(), Answer("in review"), true),
        ("the same", settled(), Answer("in review"), false),
        ("another", settled(), Answer("approved"), true),
        ("not older than the API's last", settled(knownUpdate: at(5)), Answer("approved", updated: at(5)), true),
        ("older than the API's last", settled(knownUpdate: at(5)), Answer("approved", updated: at(4)), false),
        ("older than the webhook", settled(time: at(5)), Answer("approved", updated: at(4)), false),
        ("waits for confirmation", waiting(), Answer("approved"), false),
        ("moved while it was read", settled(sequence: 10), Answer("approved"), false),
        ("moved at the beginning of the read", settled(sequence: 9), Answer("approved"), true),
        ("a webhook's status not yet settled", settled(seconds: 1), Answer("approved"), false),
        ("a webhook's status from a clock that was a little ahead", settled(seconds: 599), Answer("approved"), false),
        ("a webhook's status from a clock that was far ahead", settled(seconds: 600), Answer("approved"), true),
        ("an API's status just now", settled(via: .api, seconds: 1), Answer("approved"), true),
    ]

    static func settled(
        sequence: Int64 = 3,
        via: Via = .webhook,
        seconds: Int = 0,
        time: Timestamp? = nil,
        knownUpdate: Timestamp? = nil
    ) -> ConfirmationState {
        ConfirmationState(
            status: "in review",
            setter: .init(sequence: sequence, via: via, received: at(seconds), time: time),
            knownUpdate: knownUpdate
        )
    }

    @Test(arguments: readings)
    func `a reconciliation records what differs for certain`(
        name: String,
        state: ConfirmationState,
        answer: Answer,
        moves: Bool
    ) {
        let move = Verdict.reconcile(state, by: answer, upTo: 9, now: Self.at(300), settling: .minutes(5))
        #expect(move == (moves ? .answer : .nothing), "\(name)")
    }

    // MARK: - Support

    private static func rules(_ rule: ConfirmationRule) -> SourceRules {
        var rules = SourceRules.bitgo
        rules.confirm = rule
        rules.knownStatuses = ["in review", "approved", "created"]
        return rules
    }

    private static func interpretation(_ status: String) -> Interpretation {
        Interpretation(type: "identityStatus", subject: Subject(kind: .identity, id: "i1"), status: status)
    }
}
