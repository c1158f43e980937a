import KychookModel

/// At most so many requests of one token in a minute (developers.bitgo.com/reference/rate-limits).
package struct RateLimiter: Sendable {
    /// What BitGo allows.
    package static let documented = 360
    static let period = Duration.seconds(60)
    /// Tokens that are counted at the same time; in doubt somebody gets a new minute.
    static let tokenLimit = 1000

    private let requests: Int
    private var windows: [String: (start: Timestamp, count: Int)] = [:]

    init(requests: Int = RateLimiter.documented) {
        self.requests = requests
    }

    /// Counts a request.
    /// - Parameter token: anything that tells tokens apart without being one.
    /// - Returns: nil: it may go on; otherwise how long the minute lasts.
    mutating func refusal(of token: String, at now: Timestamp) -> Duration? {
        // A clock that was set back begins a new minute: nobody waits for it to catch up.
        if var window = windows[token], (.zero..<RateLimiter.period).contains(now - window.start) {
            guard window.count < requests else { return RateLimiter.period - (now - window.start) }
            window.count += 1
            windows[token] = window
            return nil
        }
        if windows.count >= RateLimiter.tokenLimit {
            windows = windows.filter { now - $0.value.start < RateLimiter.period }
            if windows.count >= RateLimiter.tokenLimit { windows = [:] }
        }
        windows[token] = (now, 1)
        return nil
    }
}
