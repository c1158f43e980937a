import KychookLinux
import KychookModel

/// Decides whether a sink is handed deliveries: all of them, a probe now and then, or none.
///
/// The reason for a state of its own beside the retry policy: that one counts for each delivery, and an outage must
/// neither use up their tries nor be hammered by all of them.
struct Circuit {
    enum Permission: Equatable {
        case everything, probe, nothing
    }

    private let rule: CircuitRule
    private(set) var health: SinkHealth
    private var failures = 0
    private var firstFailure: MonotonicTime?
    private var probes = 0
    private(set) var nextProbe: MonotonicTime?

    /// An open sink is probed at once: a restart is often what mended it.
    init(_ rule: CircuitRule, _ health: SinkHealth) {
        self.rule = rule
        self.health = health
    }

    /// It failed so often in a row that it may be broken, but not for long enough to say so.
    var isInDoubt: Bool { failures >= rule.failures }

    func permission(now: MonotonicTime) -> Permission {
        switch health.state {
        case .active: .everything
        case .paused: .nothing
        case .open: nextProbe.map { $0 <= now } ?? true ? .probe : .nothing
        }
    }

    /// When to look again; nil: not before something else happens.
    func nextLook(now: MonotonicTime) -> MonotonicTime? {
        guard health.state == .open, let nextProbe, nextProbe > now else { return nil }
        return nextProbe
    }

    /// The sink took a delivery, or refused that one for good: either way it works.
    mutating func worked(at wall: Timestamp) {
        (failures, firstFailure) = (0, nil)
        if health.state == .open { health = health.becoming(.active, at: wall) }
    }

    /// - Parameters:
    ///   - notBefore: what the sink itself asked for.
    ///   - random: 0 ..< 1.
    mutating func failed(
        reason: String,
        notBefore: Duration = .zero,
        wasProbe: Bool = false,
        now: MonotonicTime,
        wall: Timestamp,
        random: Double
    ) {
        failures += 1
        let since = firstFailure ?? now
        firstFailure = since
        switch health.state {
        case .paused:
            break
        case .open:
            guard wasProbe else { return }
            probes += 1
            nextProbe = now + max(rule.wait(afterProbes: probes, random: random), notBefore)
        case .active:
            guard failures >= rule.failures, now - since >= rule.over else { return }
            health = health.becoming(.open, at: wall, reason: reason)
            probes = 0
            nextProbe = now + max(rule.wait(afterProbes: 0, random: random), notBefore)
        }
    }

    /// The sink wants nothing more, until an operator resumes it.
    mutating func gone(reason: String, at wall: Timestamp) {
        guard health.state != .paused else { return }
        health = health.becoming(.paused, at: wall, reason: reason)
    }

    /// An operator changed what the store says.
    mutating func replace(with stored: SinkHealth) {
        guard stored != health else { return }
        health = stored
        (failures, firstFailure, probes, nextProbe) = (0, nil, 0, nil)
    }
}
