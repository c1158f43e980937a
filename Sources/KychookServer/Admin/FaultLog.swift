import KychookLinux
import Logging

/// Tells once that the store fails, and once that it works again; knows which of the two is so. May be used from any
/// thread.
final class FaultLog: Sendable {
    private let logger: Logger
    private let last = Locked<String?>(nil)

    init(_ logger: Logger) {
        self.logger = logger
    }

    var isFailing: Bool { last.withLock { $0 != nil } }

    func note(_ fault: String) {
        let isNew = last.withLock { last in
            defer { last = fault }
            return last != fault
        }
        if isNew { logger.error("the store fails: events are held back", metadata: ["reason": "\(fault)"]) }
    }

    func cleared() {
        last.withLock { $0 = nil }
        logger.info("the store works again")
    }
}
