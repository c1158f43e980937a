import KychookModel
import KychookStore
import Logging

/// Everything that a dispatcher works with besides its sink.
struct DispatchContext: Sendable {
    let log: EventLog
    let clock: WallClock
    /// 0 ..< 1, for jitter.
    let random: @Sendable () -> Double
    let logger: Logger
    let notices: Notices
    let statistics: DeliveryStatistics

    /// A sink opened, paused itself, or works again: for the operator, for the store, and for the sinks that ask for it.
    func tell(of health: SinkHealth, sink: String, in report: inout DeliveryReport) {
        report.health = health
        let reason: Logger.Metadata = health.reason.map { ["reason": "\($0)"] } ?? [:]
        switch health.state {
        case .active:
            logger.notice("sink is active again: its deliveries go on")
            return
        case .open:
            logger.error("sink failed too often in a row: it is only probed, its deliveries wait", metadata: reason)
        case .paused:
            logger.error("sink is paused: 'kychook sinks resume' lets it go on", metadata: reason)
        }
        if let notice = notices.sinkOpen(sink, health, at: clock.now()) { report.events.append(notice) }
    }
}
