import KychookConfig
import KychookLinux
import KychookModel
import KychookStore
import Logging

/// Looks after one source with an API: reconciles it and looks at its webhooks by the clock or on command, and notices
/// when it falls silent.
actor SourceKeeper {
    private let reconciler: Reconciler
    private let context: ProviderContext
    private let reader: EventReader
    private let logger: Logger
    private(set) var memory: Memory
    private var isRunning = false

    /// What a reload hands on: it ends no spell of trouble, and begins no interval.
    struct Memory: Sendable {
        fileprivate var watch: SourceWatch
        fileprivate var lastRun: Timestamp?
        /// How the provider was asked.
        let reading: any ProviderReading
    }

    /// Between one look at the clock and the next; silences and intervals are counted in hours.
    private static let step = Duration.minutes(1)

    private var source: SourceConfiguration { reconciler.source }

    init(
        _ reconciler: Reconciler,
        _ context: ProviderContext,
        memory: Memory? = nil
    ) throws(StoreError) {
        self.reconciler = reconciler
        self.context = context
        reader = try context.log.makeReader()
        self.memory = Memory(
            watch: memory?.watch ?? SourceWatch(from: context.clock.now()),
            lastRun: memory?.lastRun,
            reading: reconciler.reading
        )
        var logger = context.logger
        logger[metadataKey: "source"] = "\(reconciler.source.name)"
        self.logger = logger
    }

    /// Until the task is cancelled. The first reconciliation is at once: it finds what came while nobody listened.
    func run() async {
        while !Task.isCancelled {
            await turn()
            try? await Task.sleep(for: SourceKeeper.step)
        }
    }

    /// What is due now.
    func turn() async {
        let now = context.clock.now()
        // A last run that is yet to come: the clock was set back.
        if let interval = source.api?.reconcile, memory.lastRun.map({ now - $0 >= interval || now < $0 }) ?? true {
            memory.lastRun = now
            _ = await reconcile(dryRun: false)
        }
        noteSilence(now: context.clock.now())
    }

    /// - Returns: nil: one is under way already.
    func reconcile(dryRun: Bool) async -> SourceReconciliation? {
        guard !isRunning else { return nil }
        isRunning = true
        defer { isRunning = false }
        var result = await reconciler.run(dryRun: dryRun)
        if !dryRun, !Task.isCancelled { tell(of: result) }
        do throws(ReadingFault) {
            let webhooks = try await reconciler.readWebhooks(into: &result)
            // What is told becomes an event, and a dry run appends none.
            if !dryRun { note(webhooks) }
        } catch {
            if !Task.isCancelled {
                logger.warning("the provider's webhooks cannot be read", metadata: ["reason": "\(error.reason)"])
            }
        }
        return result
    }

    private func tell(of result: SourceReconciliation) {
        context.statistics.count(result, at: context.clock.now())
        let counts: Logger.Metadata = [
            "read": "\(result.read)", "open": "\(result.open)", "changed": "\(result.changed)",
            "new": "\(result.new)", "failed": "\(result.failed)",
        ]
        if let fault = result.fault {
            logger.warning("reconciliation broke off", metadata: counts.merging(["reason": "\(fault)"]) { $1 })
        } else {
            logger.info("reconciled", metadata: counts)
        }
    }

    // MARK: - Webhooks

    private func note(_ webhooks: [WebhookView]) {
        context.statistics.update(source.name) { figures in
            figures.suspendedWebhooks = webhooks.count { $0.isSuspended }
            figures.successiveFailedAttempts = webhooks.map(\.successiveFailedAttempts).max() ?? 0
        }
        let findings = memory.watch.note(webhooks)
        for webhook in findings.suspended {
            logger.error(
                "the provider has suspended a webhook: delete it there and create it again",
                metadata: ["webhook": "\(webhook.id)"]
            )
            context.tell { $0.sourceSuspended(self.source.name, webhook, at: $1) }
        }
        for webhook in findings.failing {
            logger.warning(
                "the provider's deliveries fail: it suspends a webhook after 100 in a week",
                metadata: ["webhook": "\(webhook.id)", "in_a_row": "\(webhook.successiveFailedAttempts)"]
            )
        }
    }

    // MARK: - Silence

    private func noteSilence(now: Timestamp) {
        guard let limit = source.api?.silence else { return }
        do throws(StoreError) {
            let silence = try memory.watch.note(
                lastEvent: context.lastEvent(source.name),
                now: now,
                limit: limit
            ) { () throws(StoreError) in
                try reader.countOpenIdentities(of: source.name, finalStatuses: source.preset.finalStatuses)
            }
            let isSilent = memory.watch.isSilent
            context.statistics.update(source.name) { $0.isSilent = isSilent }
            guard let silence else { return }
            logger.error(
                "nothing has come from the provider for long, though identities are open: is its webhook still there?",
                metadata: ["since": "\(silence.since)", "open": "\(silence.openIdentities)"]
            )
            context.tell { notices, now in
                notices.sourceSilent(
                    self.source.name,
                    since: silence.since,
                    openIdentities: silence.openIdentities,
                    at: now
                )
            }
        } catch {
            logger.warning("open identities cannot be counted", metadata: ["reason": "\(error)"])
        }
    }
}
