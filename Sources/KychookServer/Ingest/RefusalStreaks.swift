/// Notices a source whose requests are all refused: most likely a secret that was changed on one side only.
///
/// A stranger who guesses at the path is refused too, so a streak ends with each genuine request.
struct RefusalStreaks {
    /// So many in a row, without a genuine request in between, are told of once.
    static let limit = 10

    private var lengths: [String: Int] = [:]

    /// - Returns: whether the streak has become long enough to tell of it, now.
    mutating func refused(_ source: String) -> Bool {
        lengths[source, default: 0] += 1
        return lengths[source] == RefusalStreaks.limit
    }

    mutating func accepted(_ source: String) {
        lengths[source] = nil
    }
}
