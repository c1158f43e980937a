import KychookModel
import KychookSinks
import KychookStore

/// Lines for a log file, and what is recorded once they are on the disk.
struct LogBatch {
    private(set) var lines: [[UInt8]] = []
    /// Deliveries that have a row: an operator's, and those left by the sink while it was of another kind.
    private(set) var deliveries: [PendingDelivery] = []
    /// Of the newest event that was looked at, whether it has a line or not.
    private(set) var position: Int64
    private(set) var count = 0
    private var size = 0

    init(after position: Int64) {
        self.position = position
    }

    var isFull: Bool { count >= LogFile.batchLimitInLines }

    /// - Returns: false when the line has no place any more and must begin the next batch; a single one always has.
    mutating func add(_ line: [UInt8]?, of entry: Feed.Entry) -> Bool {
        if let line {
            guard lines.isEmpty || size + line.count + 1 <= LogFile.batchLimitInBytes else { return false }
            size += line.count + 1
            lines.append(line)
        }
        count += 1
        switch entry {
        case .event(let stored): position = stored.event.sequence
        case .passed(let sequence): position = sequence
        case .delivery(let delivery): deliveries.append(delivery)
        }
        return true
    }

    /// What became of them.
    func outcomes(started: Timestamp, duration: Duration) -> [DeliveryReport.Outcome] {
        deliveries.map { delivery in
            DeliveryReport.Outcome(
                row: delivery.row,
                sequence: delivery.sequence,
                state: .delivered,
                attempts: delivery.attempts + 1,
                attempt: DeliveryReport.Attempt(
                    started: started,
                    duration: duration,
                    result: AttemptResult(.succeeded)
                )
            )
        }
    }
}
