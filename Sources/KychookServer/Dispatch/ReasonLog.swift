import Logging

/// Tells the operator how a sink, or a provider's API, fares, one line per change: the same fault a thousand times is one fact.
struct ReasonLog {
    private let logger: Logger
    private let name: String
    private var last: String?

    init(_ logger: Logger, about name: String = "sink") {
        self.logger = logger
        self.name = name
    }

    /// - Parameter reason: why it fails; nil: it works.
    /// - Returns: whether that is new.
    @discardableResult mutating func note(_ reason: String?) -> Bool {
        guard reason != last else { return false }
        last = reason
        if let reason {
            logger.warning("\(name) fails", metadata: ["reason": "\(reason)"])
        } else {
            logger.info("\(name) works again")
        }
        return true
    }
}
