import CLinux
import Glibc

/// Two ends of a new pipe(2), both closed on exec.
package struct Pipe: ~Copyable, Sendable {
    package let reading: Descriptor
    package let writing: Descriptor

    /// - Parameter blocksReading: whether a read waits for bytes.
    package init(blocksReading: Bool = true) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        _ = try system("pipe2") { kychook_pipe(&ends) }
        if !blocksReading { _ = fcntl(ends[0], F_SETFL, O_NONBLOCK) }
        reading = Descriptor(owning: ends[0])
        writing = Descriptor(owning: ends[1])
    }

    /// Gives the writing end away and keeps the reading one.
    package consuming func split(_ giveAway: (consuming Descriptor) -> Void) -> Descriptor {
        giveAway(writing)
        return reading
    }
}
