import Glibc
import KychookLinux
import KychookTesting
import Testing

/// The stdout sink on the process's real standard output.
@Suite struct StandardOutputTests {
    private let sink = "console: { stdout: , retry: { first: 50ms, factor: 1, jitter: 0 } }"

    @Test func `an event is a line on standard output`() throws {
        let kychook = try Installation(sinks: [sink])
        #expect(try kychook.post(Installation.body("a", "approved")).status == 200)
        let line = try #require(kychook.process.line { $0.hasPrefix("{") })
        #expect(follow(kychook.logFile).lines(atLeast: 1) == [line])
    }

    @Test func `a reader that goes away ends no server, and one that comes gets what waited`() throws {
        let kychook = try Installation(sinks: [sink], start: false)
        let fifo = kychook.directory.path("fifo")
        #expect(mkfifo(fifo, 0o600) == 0)
        try {
            // Opened for both, so that the shell's own opening need not wait.
            let reader = try Descriptor.open(fifo, O_RDWR)
            try kychook.start(redirection: "> \(fifo)")
            withExtendedLifetime(reader) {}
        }()
        #expect(try kychook.post(Installation.body("a", "approved")).status == 200)
        #expect(kychook.process.line { $0.contains("the reader of standard output is gone") } != nil)
        #expect(try kychook.post(Installation.body("b", "approved")).status == 200)
        let lines = try #require(ChildProcess(["/bin/cat", fifo]).lines(atLeast: 2))
        #expect(lines.contains { $0.contains("identity/a") } && lines.contains { $0.contains("identity/b") })
    }

    @Test func `a server that was started without standard output writes into no other file`() throws {
        let kychook = try Installation(sinks: [sink], start: false)
        try kychook.start(redirection: "<&- >&-")
        #expect(try kychook.post(Installation.body("a", "approved")).status == 200)
        #expect(kychook.process.line { $0.contains("No space left on device") } != nil)
        let lock = try Descriptor.open(kychook.directory.path("state/lock"), O_RDONLY).readAll(limit: 4096)
        #expect(lock == Array("process \(kychook.process.pid)\n".utf8))
    }
}
