import Glibc
import KychookLinux

/// Two ends of a new pipe(2), both closed on exec; the reading end does not block.
struct Pipe: ~Copyable, Sendable {
    let reading: Descriptor
    let writing: Descriptor

    init() throws(SystemError) {
        var numbers: [Int32] = [-1, -1]
        _ = try system("pipe") { pipe(&numbers) }
        // Not in one call as pipe2(2) would: hooks are the only children, and they get nothing beyond 0, 1 and 2.
        for number in numbers {
            _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        }
        _ = fcntl(numbers[0], F_SETFL, O_NONBLOCK)
        reading = Descriptor(owning: numbers[0])
        writing = Descriptor(owning: numbers[1])
    }

    /// Gives the writing end away and keeps the reading one.
    consuming func split(_ giveAway: (consuming Descriptor) -> Void) -> Descriptor {
        giveAway(writing)
        return reading
    }
}
