import KychookLinux

/// A file that a sink writes a document a line to, read while it grows: so it is known when each one came.
struct FollowedFile {
    let path: String
    private(set) var arrivals = Arrivals()
    private var lines: LineFollower

    init(_ path: String) {
        self.path = path
        lines = LineFollower(path)
    }

    mutating func readOn() throws(SystemError) {
        let now = MonotonicTime.now()
        try lines.readOn { arrivals.note($0, at: now) }
    }
}
