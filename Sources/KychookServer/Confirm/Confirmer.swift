import KychookConfig
import KychookLinux
import KychookModel
import KychookStore
import Logging

/// Reads by API what a source's webhooks left unconfirmed, identity by identity, until the store calls each settled.
///
/// What waits stands in the store alone, so that a restart goes on where this one ended. Two reads of one identity never
/// run at the same time.
actor Confirmer {
    private let source: SourceConfiguration
    private let reading: (any ProviderReading)?
    private let log: EventLog
    private let reader: EventReader
    private let clock: WallClock
    private let statistics: ProviderStatistics
    private let signal = Signal()
    private let isStopping = Locked(false)
    private var reasons: ReasonLog
    private var underWay: Set<Int64> = []
    private var alarm: Task<Void, Never>?
    /// After a read or a write of the store that failed.
    private var hasFailed = false

    /// Reads at the same time.
    static let width = 4

    /// - Parameter reading: nil: the source has no API any more, and what waits is settled without.
    init(
        _ source: SourceConfiguration,
        reading: (any ProviderReading)?,
        _ context: ProviderContext
    ) throws(StoreError) {
        self.source = source
        self.reading = reading
        log = context.log
        clock = context.clock
        statistics = context.statistics
        reader = try context.log.makeReader()
        var logger = context.logger
        logger[metadataKey: "source"] = "\(source.name)"
        reasons = ReasonLog(logger, about: "confirmation by API")
    }

    /// There may be something to read. From any thread.
    nonisolated func wake() {
        signal.send()
    }

    /// Starts no further read. From any thread; reads under way end with the task's cancellation.
    nonisolated func stop() {
        isStopping.withLock { $0 = true }
        signal.send()
    }

    /// Reads until stopped, and returns when nothing is under way.
    func run() async {
        await withDiscardingTaskGroup { group in
            while true {
                let stops = isStopping.withLock { $0 }
                if stops && underWay.isEmpty { break }
                if stops { group.cancelAll() } else { startDue(in: &group) }
                await signal.wait()
            }
        }
        alarm?.cancel()
    }

    private func startDue(in group: inout DiscardingTaskGroup) {
        let now = clock.now()
        guard !hasFailed else {
            hasFailed = false
            setAlarm(at: now + .seconds(1), now: now)
            return
        }
        var next: Timestamp?
        do {
            // Those under way are at the front too: they are due as long as they are.
            let (waiting, newest) = try reader.confirmations(of: source.name, limit: Confirmer.width * 2)
            for item in waiting where !underWay.contains(item.row) {
                // None is put off for longer than that: the clock was set back.
                let isPlausible = item.next - now <= source.confirmWithin
                guard item.next <= now || !isPlausible else {
                    next = item.next
                    break
                }
                guard underWay.count < Confirmer.width else { break }
                underWay.insert(item.row)
                group.addTask { await self.confirm(item, upTo: newest) }
            }
        } catch {
            reasons.note("cannot read what is to be confirmed: \(error)")
            next = now + .seconds(1)
        }
        setAlarm(at: next, now: now)
    }

    private func setAlarm(at next: Timestamp?, now: Timestamp) {
        alarm?.cancel()
        alarm = next.map { next in
            Task { [signal] in
                try? await Task.sleep(for: max(.milliseconds(1), next - now))
                if !Task.isCancelled { signal.send() }
            }
        }
    }

    private func confirm(_ item: DueConfirmation, upTo: Int64) async {
        let answer = await read(item)
        // A read that was cut says nothing of the API: the next start reads again.
        if !Task.isCancelled {
            let result = ReadResult(
                answer,
                about: item.subject,
                source: SourceRules(source),
                upTo: upTo,
                now: clock.now(),
                within: reading == nil ? .zero : source.confirmWithin
            )
            let outcome = await log.settle(result)
            if let outcome { statistics.count(outcome, source: source.name) } else { hasFailed = true }
        }
        underWay.remove(item.row)
        signal.send()
    }

    private func read(_ item: DueConfirmation) async -> ReadResult.Answer {
        guard let reading else { return .nothing(pause: .zero) }
        do throws(ReadingFault) {
            let view = try await reading.find(
                item.subject.id,
                named: item.organization,
                enterprise: item.enterprise,
                organizations: source.api?.organizations ?? []
            )
            reasons.note(nil)
            statistics.countRead(source.name, fault: nil)
            return .view(IncomingEvent(view, via: .api, source: source, at: clock.now()))
        } catch {
            guard !Task.isCancelled else { return .nothing(pause: .zero) }
            statistics.countRead(source.name, fault: error)
            // That one identity is not found says nothing of the API.
            if error != .absent { reasons.note(error.reason) }
            guard case .rateLimited(let after?) = error else { return .nothing(pause: .zero) }
            return .nothing(pause: after)
        }
    }
}
