import Glibc
import KychookLinux
package import KychookModel
import Synchronization

/// Writes each document as a line to standard output, for whatever stands behind the server in a pipe.
///
/// One stream takes one line at a time: `max_in_flight` is always 1. Never changes the descriptor's flags, which other
/// processes share. A reader that went away raises SIGPIPE, which `serve` ignores.
package final class StandardOutput: Sink {
    private let number: Int32
    private let timeout: Duration
    /// The last attempt ended within a line; the next one ends that line first, so only one line is torn.
    private let isWithinLine = Atomic(false)

    /// So much goes into a pipe without blocking once poll(2) has said that something does.
    private static let pieceInBytes = Int(PIPE_BUF)
    /// How long the sink's thread waits before it looks for a cancellation.
    private static let stepInMilliseconds: Int32 = 20

    private enum Fault: Error {
        case cancelled, stalled, gone
    }

    /// - Parameters:
    ///   - number: a descriptor that stays open as long as this; tests give a pipe's.
    ///   - timeout: for one whole line.
    package init(number: Int32 = STDOUT_FILENO, timeout: Duration = .seconds(10)) {
        self.number = number
        self.timeout = timeout
    }

    package func deliver(_ delivery: Delivery) async -> AttemptResult {
        let begin = isWithinLine.load(ordering: .relaxed) ? [newline] : []
        do {
            try await write(begin + delivery.document + [newline], until: .now() + timeout)
            return AttemptResult(.succeeded)
        } catch Fault.cancelled {
            return AttemptResult(.retryable(reason: "cancelled"))
        } catch Fault.stalled {
            return AttemptResult(.retryable(reason: "timed out: the reader of standard output stalls"))
        } catch Fault.gone {
            return AttemptResult(.retryable(reason: "the reader of standard output is gone"))
        } catch {
            return AttemptResult(.retryable(reason: "standard output: \(error)"))
        }
    }

    private func write(_ bytes: [UInt8], until deadline: MonotonicTime) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            try await waitForRoom(until: deadline)
            let piece = rest.prefix(StandardOutput.pieceInBytes)
            guard let count = try writeUnlessBlocked(piece), count > 0 else { continue }
            isWithinLine.store(piece[piece.startIndex + count - 1] != newline, ordering: .relaxed)
            rest = rest.dropFirst(count)
        }
    }

    private func writeUnlessBlocked(_ piece: ArraySlice<UInt8>) throws -> Int? {
        do {
            return try systemUnlessBlocked("write") {
                piece.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
            }
        } catch {
            throw error.code == EPIPE ? Fault.gone : error
        }
    }

    /// In steps, with a turn for the sink's dispatcher, whose thread this is, in between.
    private func waitForRoom(until deadline: MonotonicTime) async throws {
        while !Task.isCancelled {
            var entry = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
            let ready = try system("poll") { poll(&entry, 1, StandardOutput.stepInMilliseconds) }
            guard entry.revents & Int16(POLLERR | POLLHUP | POLLNVAL) == 0 else { throw Fault.gone }
            if ready > 0 { return }
            guard .now() < deadline else { throw Fault.stalled }
            await Task.yield()
        }
        throw Fault.cancelled
    }
}
