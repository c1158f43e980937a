import Synchronization

/// What the loops of a server have done so far, summed up.
package struct ServerCounters: Equatable, Sendable {
    package var accepted = 0
    package var open = 0
    /// Answers by status; a status that the edge does not know by itself is counted under its class (200, 300 …).
    package var answers: [Int: Int] = [:]
    /// Connections closed at once, their address having as many as it may.
    package var refused = 0
    /// Times that accepting paused because connections or descriptors had run out.
    package var acceptPauses = 0
    /// Requests that found no room at first.
    package var held = 0
    /// Connections ended by a deadline of any kind.
    package var timeouts = 0
    /// Connections ended for what came instead of TLS, or in it: no common version, plain HTTP, a broken record.
    package var tlsFailures = 0

    package init() {}
}

/// The counters of one loop: it alone writes, anybody reads.
///
/// With one writer a load and a store do; an atomic addition would cost a locked bus cycle on every request.
final class LoopCounters: Sendable {
    let accepted = Counter()
    let open = Counter()
    let refused = Counter()
    let acceptPauses = Counter()
    let held = Counter()
    let timeouts = Counter()
    let tlsFailures = Counter()
    private let ok = Counter()
    private let answers: [Counter]

    /// Everything that design and edge answer with; a class stands for the rest of it.
    private static let statuses = [
        200, 204, 300, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 417, 422, 429, 431, 500, 501, 503,
    ]

    init() {
        answers = Self.statuses.map { _ in Counter() }
    }

    func countAnswer(_ status: Int) {
        if status == 200 {
            ok.add(1)
        } else if let index = Self.statuses.firstIndex(of: status) ?? Self.statuses.firstIndex(of: status / 100 * 100) {
            answers[index].add(1)
        }
    }

    func add(to sum: inout ServerCounters) {
        sum.accepted += accepted.value
        sum.open += open.value
        sum.refused += refused.value
        sum.acceptPauses += acceptPauses.value
        sum.held += held.value
        sum.timeouts += timeouts.value
        sum.tlsFailures += tlsFailures.value
        sum.answers[200, default: 0] += ok.value
        for (status, counter) in zip(Self.statuses, answers) where counter.value > 0 {
            sum.answers[status, default: 0] += counter.value
        }
    }

    final class Counter: Sendable {
        private let count = Atomic<Int>(0)

        var value: Int { count.load(ordering: .relaxed) }

        func add(_ difference: Int) {
            count.store(count.load(ordering: .relaxed) &+ difference, ordering: .relaxed)
        }
    }
}
