import KychookModel

/// When which attempt is made. A value without a clock; times are the sandbox's.
struct DeliverySchedule {
    /// One notification on its way.
    struct Delivery: Sendable {
        let message: NotificationMessage
        let treatment: Treatment
        /// Rises with each that is added.
        let ordinal: Int
        /// Attempts that have been made, copies not counted.
        var attempts = 0

        var id: String { message.notification.id }
        var form: AttemptForm { attempts == 0 ? treatment.firstForm : .genuine }
    }

    /// An attempt that is to be made now.
    struct Attempt: Sendable {
        let delivery: Delivery
        let form: AttemptForm
        /// Sent beside the real one; what becomes of it decides nothing.
        let isCopy: Bool
        let isLast: Bool
    }

    private struct Entry {
        var due: Timestamp
        let delivery: Delivery
        let isCopy: Bool
        var isHeldBack = false

        func isHeldBack(of webhook: String) -> Bool {
            isHeldBack && delivery.message.notification.webhook == webhook
        }
    }

    /// So long a notification waits for another one to overtake it.
    static let holdLimit = Duration.seconds(300)

    private let waits: [Duration]
    /// Soonest first; of the same moment, what was entered first.
    private var entries: [Entry] = []
    private var additions = 0
    /// The webhooks of which a notification is held back.
    private var holding: Set<String> = []

    init(waits: [Duration]) {
        self.waits = waits
    }

    var nextDue: Timestamp? { entries.first?.due }
    var count: Int { entries.count }

    mutating func add(_ message: NotificationMessage, _ treatment: Treatment, now: Timestamp) {
        let webhook = message.notification.webhook
        // One at a time: the next one overtakes it, also if that one was to be held back itself.
        let isHeldBack = treatment.has(.reorder) && holding.insert(webhook).inserted
        additions += 1
        let delivery = Delivery(message: message, treatment: treatment, ordinal: additions)
        let due = now + treatment.delay + (isHeldBack ? DeliverySchedule.holdLimit : .zero)
        insert(Entry(due: due, delivery: delivery, isCopy: false, isHeldBack: isHeldBack))
        if treatment.has(.duplicate) {
            insert(Entry(due: due, delivery: delivery, isCopy: true, isHeldBack: isHeldBack))
        }
    }

    /// The next attempt that is due by then.
    mutating func takeNext(by now: Timestamp) -> Attempt? {
        guard let first = entries.first, first.due <= now else { return nil }
        entries.removeFirst()
        if first.isHeldBack { holding.remove(first.delivery.message.notification.webhook) }
        return Attempt(
            delivery: first.delivery,
            form: first.delivery.form,
            isCopy: first.isCopy,
            isLast: first.delivery.attempts == waits.count
        )
    }

    /// What follows an attempt.
    enum Sequel: Equatable {
        case retry(at: Timestamp)
        case delivered
        /// All attempts have failed.
        case exhausted
        /// It was a copy.
        case nothing
    }

    /// - Parameter status: of the answer; nil: there was none.
    mutating func settle(_ attempt: Attempt, status: Int?, now: Timestamp) -> Sequel {
        release(overtakenBy: attempt.delivery, now: now)
        guard !attempt.isCopy else { return .nothing }
        // 200 alone counts (developers.bitgo.com/guides/webhooks/overview).
        if status == 200, attempt.form.isGenuine { return .delivered }
        guard !attempt.isLast else { return .exhausted }
        var delivery = attempt.delivery
        let due = now + waits[delivery.attempts]
        delivery.attempts += 1
        insert(Entry(due: due, delivery: delivery, isCopy: false))
        return .retry(at: due)
    }

    /// A later notification of the webhook was offered: what waited for that may go.
    private mutating func release(overtakenBy delivery: Delivery, now: Timestamp) {
        let webhook = delivery.message.notification.webhook
        // Thousands may be on their way: they are looked through only where it can be of use.
        guard holding.contains(webhook) else { return }
        let isReleased = { (entry: Entry) in
            entry.isHeldBack(of: webhook) && entry.delivery.ordinal < delivery.ordinal
        }
        let released = entries.filter(isReleased)
        guard !released.isEmpty else { return }
        holding.remove(webhook)
        entries.removeAll(where: isReleased)
        for var entry in released {
            entry.isHeldBack = false
            entry.due = min(entry.due, now)
            insert(entry)
        }
    }

    private mutating func insert(_ entry: Entry) {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].due <= entry.due { low = middle + 1 } else { high = middle }
        }
        entries.insert(entry, at: low)
    }
}
