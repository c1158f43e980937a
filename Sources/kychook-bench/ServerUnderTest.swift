import Glibc
import KychookLinux
import KychookStore

/// The real `kychook serve` as a child, on a configuration and a state directory of its own.
final class ServerUnderTest {
    let process: ChildProcess
    let address: ListenAddress
    let state: StateDirectory
    /// Just before the program was started.
    let started: MonotonicTime
    /// Until it said where it listens, in milliseconds.
    let readyAfter: Double

    /// Returns when the server listens. In a directory where one was before, it goes on with that one's state.
    /// - Parameters:
    ///   - sinks: YAML, each `NAME: { … }`.
    ///   - limits: YAML of the mapping under `limits:`.
    init(program: String, in directory: TemporaryDirectory, sinks: [String], limits: String = "{}") throws {
        state = ServerUnderTest.state(in: directory)
        try directory.write("secret", SignedEvents.secret + "\n")
        try directory.write("kychook.yaml", ServerUnderTest.configuration(directory, sinks, limits))
        let output = directory.path("server.log")
        try directory.write("server.log", "")
        started = .now()
        process = try ChildProcess([program, "serve", "--config", directory.path("kychook.yaml")], output: output)
        address = try ServerUnderTest.waitForAddress(in: output)
        readyAfter = started.milliseconds(to: .now())
    }

    static func state(in directory: TemporaryDirectory) -> StateDirectory {
        StateDirectory(path: directory.path("state"))
    }

    private static func configuration(
        _ directory: TemporaryDirectory,
        _ sinks: [String],
        _ limits: String
    ) -> String {
        """
        listen: [ { address: "127.0.0.1:0" } ]
        state_dir: "\(directory.path("state"))"
        limits: \(limits)
        sources:
          bitgo:
            provider: bitgo
            path: \(SignedEvents.path)
            secrets: [ { file: "\(directory.path("secret"))" } ]
        sinks: { \(sinks.joined(separator: ", ")) }

        """
    }

    /// The server writes a line with `url=http://ADDRESS/…` when it listens.
    private static func waitForAddress(in output: String) throws -> ListenAddress {
        let end = MonotonicTime.now() + .seconds(10)
        while MonotonicTime.now() < end {
            let text = try readText(output)
            if let line = text.split(separator: "\n").first(where: { $0.contains(" listening ") }),
                text.hasSuffix("\n"),
                let place = line.split(separator: "/").dropFirst().first, let address = ListenAddress(String(place))
            {
                return address
            }
            usleep(200)
        }
        throw BenchError.noServer(try readText(output))
    }

    /// Bytes of the write-ahead log now.
    var walSize: Int64 { (try? FileStatus.at("\(state.database)-wal").size) ?? 0 }
}

/// Why a benchmark could not be made, or what it proved wrong.
enum BenchError: Error, CustomStringConvertible {
    case noServer(String)
    case badAnswer(Int)
    case noProgram(String)
    case notStored(Int)
    case tooFewDescriptors(Int)
    case mixedAnswers([Int: Int])

    var description: String {
        switch self {
        case .noServer(let output): "the server did not start; it said:\n\(output)"
        case .badAnswer(let status): "the first event was answered \(status)"
        case .mixedAnswers(let statuses): "not all were answered alike: \(statuses)"
        case .tooFewDescriptors(let limit): "only \(limit) descriptors are allowed here: fewer --clients, or ulimit -n"
        case .notStored(let count): "the event log refused \(count) events"
        case .noProgram(let path): "there is no \(path): build the product kychook, or name it with --server"
        }
    }
}

extension MonotonicTime {
    func milliseconds(to later: MonotonicTime) -> Double {
        Double(later.nanoseconds - nanoseconds) / 1e6
    }
}
