import KychookLinux
import KychookStore

/// Stores the first events of a load where no server runs, as fast as the event log takes them.
func store(_ events: SignedEvents, first count: Int, in state: StateDirectory) throws {
    try state.make()
    let lock = try state.acquireLock(owner: "kychook-bench")
    defer { withExtendedLifetime(lock) {} }
    let answered = Monitor((kept: 0, refused: 0))
    let limits = EventLog.Limits(capacity: 16_384, commitWait: .seconds(600), freeSpaceFloor: 0)
    let log = try EventLog(
        state,
        EventLog.Options(
            limits: limits,
            answer: { answers in
                let kept = answers.count(where: \.isKept)
                answered.update { $0 = ($0.kept + kept, $0.refused + answers.count - kept) }
            }
        )
    )
    defer { log.close() }
    let incoming = IncomingEvents(events)
    for index in 0..<count {
        let event = incoming.make(index)
        while !log.submit(event, ticket: index) {
            let before = answered.withLock { $0.kept }
            _ = answered.wait(until: .now() + .milliseconds(100)) { $0.kept > before ? true : nil }
        }
    }
    let refused = answered.wait { $0.kept + $0.refused == count ? $0.refused : nil } ?? 0
    guard refused == 0 else { throw BenchError.notStored(refused) }
}
