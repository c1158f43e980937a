import Glibc
import KychookLinux

/// Somebody who pauses, resumes and replays at random while a server is loaded and killed.
struct Operator {
    private let program: String
    private let directory: TemporaryDirectory
    private let sinks: [String]
    private let seed: UInt64
    /// Commands that did not do what they were told, other than to a server that was not there.
    private(set) var failures = 0

    init(_ program: String, in directory: TemporaryDirectory, sinks: [String], seed: UInt64) {
        self.program = program
        self.directory = directory
        self.sinks = sinks
        self.seed = seed
    }

    /// - Parameter number: of the act, which decides what it is.
    mutating func act(_ number: Int) throws(SystemError) {
        let choice = scatter(seed &+ UInt64(number) &* 7919)
        let sink = sinks[Int(choice / 8 % UInt64(sinks.count))]
        switch choice % 8 {
        case 0, 1: try run(["sinks", "pause", sink])
        case 2, 3: try run(["sinks", "resume", sink])
        default: try run(["events", "replay", "--since", "1s", "--sink", sink, "--reason", "test"])
        }
    }

    mutating func resumeAll() throws(SystemError) {
        for sink in sinks { try run(["sinks", "resume", sink]) }
    }

    private mutating func run(_ arguments: [String]) throws(SystemError) {
        let option = ["--config", directory.path("kychook.yaml")]
        let command = try ChildProcess([program] + arguments + option, output: directory.path("operator.log"))
        if command.wait() != 0 { failures += 1 }
    }
}
