import ArgumentParser
import KychookModel

/// A moment on the command line: RFC 3339, a date, or how long ago (`90s 30m 12h 7d`).
struct Moment: ExpressibleByArgument {
    let timestamp: Timestamp

    init?(argument: String) {
        if let timestamp = Timestamp(rfc3339: argument) ?? Timestamp(rfc3339: "\(argument)T00:00:00Z") {
            self.timestamp = timestamp
        } else if let age = Age(argument: argument) {
            timestamp = WallClock.system.now() - age.duration
        } else {
            return nil
        }
    }
}

/// A length of time on the command line: `90s 30m 12h 7d`.
struct Age: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let unit = argument.last, let scale = ["s": 1, "m": 60, "h": 3600, "d": 86_400][unit],
            let count = Int(argument.dropLast()), (0...1_000_000).contains(count)
        else { return nil }
        duration = .seconds(count * scale)
    }
}
