import Logging

/// Tells the operator how a sink fares, one line per change: the same fault a thousand times is one fact.
struct ReasonLog {
    private let logger: Logger
    private var last: String?

    init(_ logger: Logger) {
        self.logger = logger
    }

    /// - Parameter reason: why the sink fails; nil: it works.
    /// - Returns: whether that is new.
    @discardableResult mutating func note(_ reason: String?) -> Bool {
        guard reason != last else { return false }
        last = reason
        if let reason {
            logger.warning("sink fails", metadata: ["reason": "\(reason)"])
        } else {
            logger.info("sink works again")
        }
        return true
    }
}
