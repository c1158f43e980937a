import KychookBitGo
package import KychookClient
import KychookLinux
import KychookModel

/// Sends a sandbox's notifications, on a thread of its own, and moves the world on when something is due in it.
///
/// It promises no order, as the provider does not: attempts run side by side, and each is made again by itself. When
/// attempts are due is kept in memory only: after a restart from a file, whatever was not settled begins again with
/// the first attempt.
package final class SandboxSender: Sendable {
    private let sandbox: Sandbox
    private let clock: SandboxClock
    private let settings: SenderSettings
    private let seed: UInt64
    private let bell: Bell
    private let client: HTTPClient
    private let onFault: @Sendable (String) -> Void
    private let state: Monitor<State>
    private let thread = Locked<Thread?>(nil)
    /// Not the concurrency pool, which others in the same process may hold up.
    private let attempts = ExecutorThread(named: "sandbox-http")

    private struct State {
        var plan: FaultPlan
        var schedule: DeliverySchedule
        var ledger = DeliveryLedger()
        var underWay: [Int: Task<Void, Never>?] = [:]
        var started = 0
        var isStopped = false
    }

    /// - Parameters:
    ///   - clock: the sandbox's own.
    ///   - bell: rung by the sandbox's `onWork`.
    ///   - client: shared with whoever likes.
    ///   - onFault: told when the world's state cannot be saved; it is tried again every second.
    package init(
        _ sandbox: Sandbox,
        clock: SandboxClock,
        bell: Bell,
        settings: SenderSettings = SenderSettings(),
        plan: FaultPlan = FaultPlan(),
        seed: UInt64,
        client: HTTPClient = HTTPClient(),
        onFault: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.sandbox = sandbox
        self.clock = clock
        self.settings = settings
        self.seed = seed
        self.bell = bell
        self.client = client
        self.onFault = onFault
        state = Monitor(State(plan: plan, schedule: DeliverySchedule(waits: settings.waits)))
    }

    package func start() {
        thread.withLock { $0 = Thread(named: "sandbox-sender") { [self] in run() } }
    }

    /// Makes no further attempt and cuts those under way, which count as never made. Waits for the thread's end.
    package func stop() {
        state.update { $0.isStopped = true }
        bell.ring()
        // Nothing begins any more once this has ended.
        thread.withLock { $0.take() }?.join()
        let tasks = state.withLock { $0.underWay.values.compactMap(\.self) }
        for task in tasks { task.cancel() }
        // What is cut ends in microseconds; a broken attempt on a socket of its own is nobody's to wait for.
        _ = state.wait(until: .now() + .seconds(5)) { $0.underWay.values.allSatisfy { $0 == nil } ? true : nil }
        attempts.stop()
    }

    package var plan: FaultPlan {
        get { state.withLock { $0.plan } }
        set { state.withLock { $0.plan = newValue } }
    }

    package var ledger: DeliveryLedger { state.withLock { $0.ledger } }

    /// Notifications that are neither delivered nor given up; 0: nothing will be sent unless something happens.
    package var pending: Int {
        // The world first: what it does not have any more is in the ledger.
        let unsent = sandbox.look { $0.hasUnsentNotifications } ? 1 : 0
        return state.withLock { $0.ledger.counts[.waiting, default: 0] } + unsent
    }

    /// Blocks until the deliveries satisfy a condition; nil when they do not by then.
    func deliveries(
        by deadline: MonotonicTime,
        where condition: (DeliveryLedger) -> Bool
    ) -> DeliveryLedger? {
        state.wait(until: deadline) { condition($0.ledger) ? $0.ledger : nil }
    }

    // MARK: - The thread

    private func run() {
        while !state.withLock({ $0.isStopped }) {
            do throws(WorldStoreError) {
                bell.wait(until: try turn())
            } catch {
                onFault(error.description)
                bell.wait(until: .now() + .seconds(1))
            }
        }
    }

    /// Takes what is new, starts what is due, and says when the next thing is; nil: nothing waits.
    private func turn() throws(WorldStoreError) -> MonotonicTime? {
        let now = try takeNew()
        while let (number, attempt) = takeDue(by: now) { try begin(attempt, number) }
        let nextDue = sandbox.look { $0.nextDue }
        let nextAttempt = state.withLock { state in
            // With no room, the end of an attempt rings.
            state.underWay.count < settings.attemptsInFlight ? state.schedule.nextDue : nil
        }
        return [nextDue, nextAttempt].compactMap(\.self).min().map { clock.real(of: $0) }
    }

    /// In one step with the world: at no moment is a notification in neither of the two.
    private func takeNew() throws(WorldStoreError) -> Timestamp {
        try sandbox.change { world, now in
            for notification in world.takeNotifications() where !enter(notification, now) {
                world.abandon(notification.id, at: now)
            }
            return now
        }
    }

    /// - Returns: false: it is dropped.
    private func enter(_ notification: OutgoingNotification, _ now: Timestamp) -> Bool {
        var isDropped = false
        state.update { state in
            let treatment = state.plan.treatment(of: notification.id, seed: seed)
            let message = NotificationMessage(notification, treatment, settings)
            isDropped = treatment.has(.drop)
            // It comes a second time when the world could not be saved.
            guard state.ledger.open(message, treatment) else { return }
            if !isDropped { state.schedule.add(message, treatment, now: now) }
        }
        return !isDropped
    }

    private func takeDue(by now: Timestamp) -> (Int, DeliverySchedule.Attempt)? {
        state.withLock { state in
            guard !state.isStopped, state.underWay.count < settings.attemptsInFlight,
                let attempt = state.schedule.takeNext(by: now)
            else { return nil }
            state.started += 1
            state.underWay[state.started] = .some(nil)
            return (state.started, attempt)
        }
    }

    // MARK: - One attempt

    private func begin(_ attempt: DeliverySchedule.Attempt, _ number: Int) throws(WorldStoreError) {
        let notification = attempt.delivery.message.notification
        let (isDeliverable, secrets) = sandbox.look {
            ($0.isDeliverable(notification), $0.secrets(of: notification.owner))
        }
        guard isDeliverable else { return try abandon(attempt, number) }
        let fields = attempt.delivery.message.fields(attempt.form, secrets)
        switch attempt.form {
        case .genuine, .oldSecret, .wrongSignature, .noSignature: send(attempt, fields, number)
        case .cutBody: send(.cut, attempt, fields, number)
        case .connectionReset: send(.reset, attempt, fields, number)
        case .slow: send(.slow, attempt, fields, number)
        }
    }

    private func send(_ attempt: DeliverySchedule.Attempt, _ fields: [ClientRequest.Field], _ number: Int) {
        var request = ClientRequest(
            .post,
            attempt.delivery.message.notification.url,
            headers: fields,
            body: attempt.delivery.message.body,
            limits: .init(total: settings.timeout, connect: settings.timeout, answerInBytes: 1024),
            // Receivers under test are on this machine.
            allowsPrivateTargets: true,
            tls: .init(certificateAuthorities: settings.certificateAuthorities)
        )
        // Otherwise one attempt could become two without anybody's knowing.
        request.usesFreshConnection = true
        let task = Task(executorPreference: attempts) { [self, request] in
            let at = clock.now()
            do throws(ClientError) {
                finish(attempt, number, at, status: try await client.send(request).status, failure: nil)
            } catch {
                finish(attempt, number, at, status: nil, failure: error.description)
            }
        }
        state.withLock { state in
            if state.underWay[number] != nil { state.underWay[number] = .some(task) }
        }
    }

    private func send(
        _ kind: RawAttempt.Kind,
        _ attempt: DeliverySchedule.Attempt,
        _ fields: [ClientRequest.Field],
        _ number: Int
    ) {
        let raw = RawAttempt(
            kind: kind,
            url: attempt.delivery.message.notification.url,
            fields: fields,
            body: attempt.delivery.message.body,
            timeout: settings.timeout
        )
        Thread(named: "sandbox-raw") { [self] in
            let at = clock.now()
            switch raw.perform() {
            case .success(let status): finish(attempt, number, at, status: status, failure: nil)
            case .failure(let failure): finish(attempt, number, at, status: nil, failure: failure.description)
            }
        }
        .detach()
    }

    /// Any thread: notes what became of an attempt, and what follows.
    private func finish(
        _ attempt: DeliverySchedule.Attempt,
        _ number: Int,
        _ at: Timestamp,
        status: Int?,
        failure: String?
    ) {
        var isStopped = false
        state.update { state in
            isStopped = state.isStopped
            if isStopped { state.underWay[number] = nil }
        }
        guard !isStopped else { return }
        // First the world, so that who finds the delivery ended finds the webhook's counters as they are then.
        if !attempt.isCopy, attempt.form.isGenuine || status != 200 { record(attempt, status) }
        state.update { state in
            let now = clock.now()
            let id = attempt.delivery.id
            state.ledger.note(
                .init(at: at, form: attempt.form, isCopy: attempt.isCopy, status: status, failure: failure),
                of: id
            )
            switch state.schedule.settle(attempt, status: status, now: now) {
            case .retry, .nothing: break
            case .delivered: state.ledger.close(id, .delivered)
            case .exhausted: state.ledger.close(id, .exhausted)
            }
            state.underWay[number] = nil
        }
        bell.ring()
    }

    private func record(_ attempt: DeliverySchedule.Attempt, _ status: Int?) {
        let outcome = status.map(Attempt.Outcome.answered) ?? .failed
        do throws(WorldStoreError) {
            try sandbox.change { world, now in
                world.record(attempt: Attempt(of: attempt.delivery.id, outcome, isLast: attempt.isLast), at: now)
            }
        } catch {
            onFault(error.description)
        }
    }

    private func abandon(_ attempt: DeliverySchedule.Attempt, _ number: Int) throws(WorldStoreError) {
        state.update { state in
            state.underWay[number] = nil
            if !attempt.isCopy { state.ledger.close(attempt.delivery.id, .abandoned) }
        }
        try sandbox.change { world, now in world.abandon(attempt.delivery.id, at: now) }
    }
}
