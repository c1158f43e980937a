import Glibc
import KychookLinux
import KychookModel
import KychookSinks
import KychookTesting

/// A pipe stands for standard output, and a thread for its reader.
struct StandardOutputUnderTest: SinkUnderTest {
    let pipe: OutputPipe
    let sink: any Sink

    init(_ treatment: Treatment, timeout: Duration) throws {
        let pipe = try OutputPipe()
        self.pipe = pipe
        var afterAttempt: @Sendable () -> Void = {}
        switch treatment {
        case .succeeds: pipe.read()
        case .failsOnce:
            pipe.leave()
            afterAttempt = pipe.comeBack
        case .failsAlways: pipe.leave()
        case .dies: pipe.leave(afterBytes: 5)
        // Documents that are to hang are longer than what the pipe holds.
        case .hangs, .held: break
        }
        let output = StandardOutput(number: pipe.writing.number, timeout: timeout)
        sink = PipedOutput(output: output, pipe: pipe, afterAttempt: afterAttempt)
    }

    var received: [[UInt8]] { pipe.lines }

    /// The reader's side of the pipe has something.
    func attemptBegan(_ delivery: Delivery) async {
        await withCheckedContinuation { continuation in
            Thread(named: "began") { [pipe] in
                pipe.waitForBytes()
                continuation.resume()
            }.detach()
        }
    }

    func release(_ delivery: Delivery) {
        pipe.read()
    }
}

/// F_SETPIPE_SZ, which Glibc's module lacks.
private let setPipeSize: Int32 = 1031

/// Keeps the pipe open as long as the sink.
private struct PipedOutput: Sink {
    let output: StandardOutput
    let pipe: OutputPipe
    let afterAttempt: @Sendable () -> Void

    func deliver(_ delivery: Delivery) async -> AttemptResult {
        defer { afterAttempt() }
        return await output.deliver(delivery)
    }
}

/// A pipe that holds 4 KiB, whose reader comes and goes as a test wants.
final class OutputPipe: Sendable {
    let writing: Descriptor
    private let reader: Reader

    init() throws(SystemError) {
        // As `serve` does: a write after the reader left must show as an error.
        signal(SIGPIPE, SIG_IGN)
        let pipe = try Pipe(blocksReading: false)
        var writing: Int32 = -1
        reader = Reader(pipe.split { writing = $0.release() })
        _ = fcntl(writing, setPipeSize, 4096)
        self.writing = Descriptor(owning: writing)
    }

    /// Reads everything from now on, on a thread of its own that ends with the pipe.
    func read() {
        Thread(named: "reader") { [reader] in while reader.takeNext() {} }.detach()
    }

    /// Ends the reading side, at once or when so many bytes have come.
    func leave(afterBytes count: Int = 0) {
        guard count > 0 else { return reader.close() }
        Thread(named: "reader") { [reader] in
            while reader.bytes.count < count, reader.takeNext(atMost: count) {}
            reader.close()
        }
        .detach()
    }

    func comeBack() {
        // A pipe can be opened anew through either of its ends.
        reader.open("/proc/self/fd/\(writing.number)")
        read()
    }

    func waitForBytes() {
        reader.waitForBytes()
    }

    /// What was read so far, once nothing is left in the pipe.
    var lines: [[UInt8]] {
        reader.all.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().map { Array($0) }
    }
}

/// The reading side of a pipe.
private final class Reader: Sendable {
    private struct State: ~Copyable {
        var end: Descriptor?
        var bytes: [UInt8] = []
    }

    private let state: Locked<State>

    init(_ end: consuming Descriptor) {
        state = Locked(State(end: end))
    }

    var bytes: [UInt8] { state.withLock { $0.bytes } }

    func close() {
        state.withLock { $0.end = nil }
    }

    func open(_ path: String) {
        state.withLock { $0.end = try? Descriptor.open(path, O_RDONLY | O_NONBLOCK) }
    }

    func waitForBytes() {
        while !hasBytes(within: 1000) {}
    }

    /// False when the other side is closed, or this one.
    func takeNext(atMost limit: Int = 65_536) -> Bool {
        _ = hasBytes(within: 100)
        return state.withLock { state in
            guard let number = state.end?.number else { return false }
            var chunk = [UInt8](repeating: 0, count: limit)
            let count = try? systemUnlessBlocked("read") { Glibc.read(number, &chunk, limit) }
            state.bytes += chunk[..<(count ?? 0)]
            // nil: nothing yet.
            return count != 0
        }
    }

    /// Everything: reading and keeping are one step under the lock, so an empty pipe means that all is here.
    var all: [UInt8] {
        while hasBytes(within: 0) { sched_yield() }
        return bytes
    }

    private func hasBytes(within milliseconds: Int32) -> Bool {
        guard let number = state.withLock({ $0.end?.number }) else { return false }
        var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0 && entry.revents & Int16(POLLIN) != 0
    }
}
