package import KychookModel

/// What was offered to receivers, attempt by attempt: what a receiver's own records can be checked against. In memory
/// only.
package struct DeliveryLedger: Sendable {
    package struct Line: Sendable {
        package let notification: OutgoingNotification
        /// The very bytes of each attempt.
        package let body: [UInt8]
        package let faults: [Fault]
        package fileprivate(set) var state: State
        package fileprivate(set) var attempts: [Attempt] = []

        /// The receiver was offered the event whole and rightly signed, and answered.
        package var wasOffered: Bool { attempts.contains { $0.form.isGenuine && $0.status != nil } }
        /// The receiver said 200 to what it must not believe.
        package var wasForgedAccepted: Bool { attempts.contains { !$0.form.isGenuine && $0.status == 200 } }
    }

    package enum State: String, Sendable, CaseIterable {
        case waiting
        case delivered
        /// By the fault: never offered.
        case dropped
        /// All attempts failed.
        case exhausted
        /// The webhook was suspended or deleted before.
        case abandoned
    }

    package struct Attempt: Sendable {
        package let at: Timestamp
        package let form: AttemptForm
        package let isCopy: Bool
        /// Of the answer; nil: there was none.
        package let status: Int?
        /// Why there was none.
        package let failure: String?
    }

    /// Older lines are forgotten; the counts stay.
    static let limit = 20_000

    private var lines: [Line] = []
    private var index: [String: Int] = [:]
    private var forgotten = 0
    package private(set) var counts: [State: Int] = [:]
    package private(set) var attempts = 0
    package private(set) var forgedAccepted = 0

    package init() {}

    /// Oldest first.
    package var all: [Line] { lines }

    /// - Returns: false: it has a line already.
    mutating func open(_ message: NotificationMessage, _ treatment: Treatment) -> Bool {
        guard index[message.notification.id] == nil else { return false }
        let state = treatment.has(.drop) ? State.dropped : .waiting
        index[message.notification.id] = forgotten + lines.count
        lines.append(
            Line(notification: message.notification, body: message.body, faults: treatment.faults, state: state)
        )
        counts[state, default: 0] += 1
        guard lines.count > DeliveryLedger.limit else { return true }
        // Many at once: each removal moves all that stay.
        let surplus = DeliveryLedger.limit / 10
        for line in lines.prefix(surplus) { index[line.notification.id] = nil }
        lines.removeFirst(surplus)
        forgotten += surplus
        return true
    }

    mutating func note(_ attempt: Attempt, of notification: String) {
        attempts += 1
        if !attempt.form.isGenuine, attempt.status == 200 { forgedAccepted += 1 }
        guard let place = index[notification] else { return }
        lines[place - forgotten].attempts.append(attempt)
    }

    /// Ends a delivery that waited.
    mutating func close(_ notification: String, _ state: State) {
        counts[.waiting, default: 0] -= 1
        counts[state, default: 0] += 1
        guard let place = index[notification] else { return }
        lines[place - forgotten].state = state
    }
}
