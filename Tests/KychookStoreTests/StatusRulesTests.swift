import KychookModel
import KychookStore
import KychookTesting
import Testing

/// The rules of design section 10, without a database.
@Suite struct StatusRulesTests {
    // MARK: - Copies with a signed key

    @Test func `the same signed key that agrees is a duplicate, whatever the subject's status`() {
        for status in ["in review", "approved"] {
            #expect(judge("in review", known: .keyAgrees, subject: status, hours: 100) == .duplicate(of: 7))
        }
    }

    @Test(arguments: [("approved", StatusChange.changed), ("in review", .unchanged)])
    func `the same signed key that differs is stored and marked`(status: String, change: StatusChange) {
        #expect(judge(status, known: .keyDiffers, subject: "in review") == .store(change, keyReused: true))
    }

    @Test func `a reused key does not turn a late status into a new one`() {
        let verdict = judge(
            "approved",
            at: .at(-1),
            known: .keyDiffers,
            subject: SubjectState(status: "in review", newest: .at(0))
        )
        #expect(verdict == .store(.late, keyReused: true))
    }

    // MARK: - Copies by their bytes

    @Test(arguments: ["in review", "approved"])
    func `the same bytes with the same key header are a duplicate`(subject: String) {
        #expect(judge("in review", known: .bodyAndHeader, subject: subject, hours: 1000) == .duplicate(of: 7))
    }

    @Test(arguments: [0, 7, 8, 1000])
    func `the same bytes are a duplicate while the subject still has their status`(hours: Int) {
        #expect(judge("in review", known: .body, subject: "in review", hours: hours) == .duplicate(of: 7))
    }

    @Test(arguments: [0, 7, 8, 1000])
    func `the same bytes after the subject moved on are repeated`(hours: Int) {
        #expect(
            judge("in review", known: .body, subject: "approved", hours: hours) == .store(.repeated, keyReused: false)
        )
    }

    @Test(arguments: ["in review", "awaiting signature", "unheard of"])
    func `repeated bytes move the status where the source says so`(subject: String) {
        let verdict = judge("initiating", known: .body, subject: subject, rules: .applyingRepeats)
        #expect(verdict == .store(.changed, keyReused: false))
    }

    @Test(arguments: ["approved", "declined"])
    func `repeated bytes never leave a final status`(subject: String) {
        let verdict = judge("initiating", known: .body, subject: subject, rules: .applyingRepeats)
        #expect(verdict == .store(.repeated, keyReused: false))
    }

    @Test func `repeated bytes with an older time are late even where repeats apply`() {
        let verdict = judge(
            "initiating",
            at: .at(-1),
            known: .body,
            subject: SubjectState(status: "in review", newest: .at(0)),
            rules: .applyingRepeats
        )
        #expect(verdict == .store(.late, keyReused: false))
    }

    static let eightHours = 8 * 3_600_000

    @Test(arguments: [
        (-eightHours - 1, false), (-eightHours, false), (1 - eightHours, true), (-1, true), (0, true),
        (eightHours - 1, true), (eightHours, false), (eightHours + 1, false),
    ])
    func `bytes without a status are duplicates for 8 hours`(milliseconds: Int, isDuplicate: Bool) {
        let received = Timestamp.start + .milliseconds(milliseconds)
        let known = KnownCopy(bond: .body, sequence: 7, received: .start)
        let judged = StatusVerdict.judge(
            Interpretation(type: "transfer"),
            received: received,
            known: known,
            subject: nil,
            rules: .bitgo
        )
        #expect(judged == (isDuplicate ? .duplicate(of: 7) : .store(StatusChange.none, keyReused: false)))
    }

    @Test func `known bytes for a subject without a status are its first`() {
        // Its earlier event was given to another subject by a reinterpretation.
        #expect(judge("in review", known: .body, subject: SubjectState?.none) == .store(.first, keyReused: false))
    }

    // MARK: - Events that are no copies

    @Test func `the first status of a subject is its first`() {
        #expect(judge("in review", subject: SubjectState?.none) == .store(.first, keyReused: false))
    }

    @Test(arguments: [("in review", StatusChange.unchanged), ("approved", .changed), ("In Review", .changed)])
    func `another status is a change`(status: String, change: StatusChange) {
        #expect(judge(status, subject: "in review") == .store(change, keyReused: false))
    }

    @Test func `an event without a subject changes nothing`() {
        let judged = StatusVerdict.judge(
            Interpretation(type: "transfer", status: "approved"),
            received: .start,
            known: nil,
            subject: nil,
            rules: .bitgo
        )
        #expect(judged == .store(.none, keyReused: false))
    }

    static let times: [(time: ProviderTime?, change: StatusChange)] = [
        (.at(-1), .late), (.at(0), .changed), (.at(1), .changed), (nil, .changed),
        (.at(-1, field: "/createdAt"), .changed), (.at(-1, field: "/data/updatedAt"), .changed),
    ]

    @Test(arguments: times)
    func `only an older time of the same field is late`(time: ProviderTime?, change: StatusChange) {
        let verdict = judge("approved", at: time, subject: SubjectState(status: "in review", newest: .at(0)))
        #expect(verdict == .store(change, keyReused: false))
    }

    @Test func `without a known time nothing is late`() {
        #expect(judge("approved", at: .at(-1000), subject: "in review") == .store(.changed, keyReused: false))
    }

    @Test func `an older time is late also with the status that the subject has`() {
        let verdict = judge("in review", at: .at(-1), subject: SubjectState(status: "in review", newest: .at(0)))
        #expect(verdict == .store(.late, keyReused: false))
    }

    // MARK: - Times ahead

    @Test(arguments: [(299, true), (300, true), (301, false)])
    func `a time more than five minutes ahead is no time`(seconds: Int, isUsed: Bool) {
        let incoming = interpretation("approved", .at(seconds))
        let used = StatusVerdict.usableTime(incoming, received: .start)
        #expect(used == (isUsed ? .at(seconds) : nil))
    }

    @Test func `a time too far ahead neither makes late nor is remembered`() {
        let incoming = interpretation("approved", .at(301))
        let subject = SubjectState(status: "in review", newest: .at(1000))
        #expect(StatusVerdict.change(incoming, received: .start, subject: subject) == .changed)
        let after = StatusVerdict.apply(.changed, of: incoming, received: .start, to: subject)
        #expect(after == SubjectState(status: "approved", newest: .at(1000)))
    }

    // MARK: - The subject afterwards

    @Test(arguments: [StatusChange.first, .changed, .unchanged])
    func `a status in time becomes the subject's, with its time`(change: StatusChange) {
        let before = SubjectState(status: "in review", newest: .at(0))
        let after = StatusVerdict.apply(change, of: interpretation("approved", .at(5)), received: .start, to: before)
        #expect(after == SubjectState(status: "approved", newest: .at(5)))
    }

    @Test func `an event without a time leaves the newest one`() {
        let before = SubjectState(status: "in review", newest: .at(0))
        let after = StatusVerdict.apply(.changed, of: interpretation("approved", nil), received: .start, to: before)
        #expect(after == SubjectState(status: "approved", newest: .at(0)))
    }

    @Test func `an unconfirmed event gives a subject that was unknown its place, and no status`() {
        let after = StatusVerdict.apply(.unconfirmed, of: interpretation("approved", .at(5)), received: .start, to: nil)
        #expect(after == SubjectState(status: nil))
    }

    @Test func `the status after unconfirmed ones is the first`() {
        #expect(judge("approved", subject: SubjectState(status: nil)) == .store(.first, keyReused: false))
    }

    @Test(arguments: [(7, StatusVerdict.duplicate(of: 7)), (8, .store(.repeated, keyReused: false))])
    func `the bytes of the newest event that waits are a duplicate`(asking: Int, verdict: StatusVerdict) {
        let subject = SubjectState(status: "approved", asking: Int64(asking))
        #expect(judge("in review", known: .body, subject: subject) == verdict)
    }

    @Test(arguments: [StatusChange.late, .repeated, .unconfirmed, .none])
    func `every other change leaves the subject as it is`(change: StatusChange) {
        let before = SubjectState(status: "in review", newest: .at(0))
        let after = StatusVerdict.apply(change, of: interpretation("approved", .at(5)), received: .start, to: before)
        #expect(after == before)
        guard change != .unconfirmed else { return }
        #expect(StatusVerdict.apply(change, of: interpretation("approved", .at(5)), received: .start, to: nil) == nil)
    }

    // MARK: - Support

    typealias ProviderTime = Interpretation.ProviderTime

    private func interpretation(_ status: String, _ time: ProviderTime?) -> Interpretation {
        Interpretation(
            type: "identityStatus",
            subject: Subject(kind: .identity, id: "i1"),
            status: status,
            time: time
        )
    }

    private func judge(
        _ status: String,
        at time: ProviderTime? = nil,
        known: KnownCopy.Bond? = nil,
        subject: SubjectState?,
        hours: Int = 0,
        rules: SourceRules = .bitgo
    ) -> StatusVerdict {
        StatusVerdict.judge(
            interpretation(status, time),
            received: .start + .hours(hours),
            known: known.map { KnownCopy(bond: $0, sequence: 7, received: .start) },
            subject: subject,
            rules: rules
        )
    }

    private func judge(
        _ status: String,
        at time: ProviderTime? = nil,
        known: KnownCopy.Bond? = nil,
        subject: String,
        hours: Int = 0,
        rules: SourceRules = .bitgo
    ) -> StatusVerdict {
        judge(status, at: time, known: known, subject: SubjectState(status: subject), hours: hours, rules: rules)
    }
}
