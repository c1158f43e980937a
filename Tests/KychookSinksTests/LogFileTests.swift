import Glibc
import KychookLinux
import KychookModel
import KychookSinks
import KychookTesting
import Testing

@Suite struct LogFileTests {
    private let directory = TemporaryDirectory()
    private var path: String { directory.path("events.jsonl") }

    @Test func `creates the file readable by its owner only`() throws {
        var log = LogFile(configuration: .init(path: path))
        try log.append([line(1)])
        #expect(try FileStatus.at(path).permissions == 0o600)
        #expect(try contents(path) == [line(1)])
    }

    @Test func `appends batch after batch, across restarts`() throws {
        for batch in 0..<3 {
            var log = LogFile(configuration: .init(path: path))
            try log.append([line(batch * 2), line(batch * 2 + 1)])
            try log.append([])
        }
        #expect(try contents(path) == (0..<6).map { line($0) })
    }

    @Test func `a line never holds a line break`() throws {
        var log = LogFile(configuration: .init(path: path))
        try log.append([Array("{\r\n\"a\":\n1\r}".utf8), line(1)])
        #expect(try contents(path) == [Array("{  \"a\": 1 }".utf8), line(1)])
    }

    @Test func `goes on in a new file when the old one was moved away`() throws {
        var log = LogFile(configuration: .init(path: path))
        try log.append([line(1)])
        rename(path, directory.path("moved"))
        try log.append([line(2)])
        #expect(try contents(directory.path("moved")) == [line(1)])
        #expect(try contents(path) == [line(2)])
    }

    @Test func `goes on in the file that logrotate created in its place`() throws {
        var log = LogFile(configuration: .init(path: path))
        try log.append([line(1)])
        rename(path, directory.path("events.jsonl.1"))
        _ = try Descriptor.open(path, O_CREAT | O_WRONLY, mode: 0o640)
        try log.append([line(2)])
        #expect(try contents(path) == [line(2)])
        #expect(try FileStatus.at(path).permissions == 0o640)
    }

    @Test func `goes on at the beginning of a file that was copied and truncated`() throws {
        var log = LogFile(configuration: .init(path: path))
        try log.append([line(1), line(2)])
        truncate(path, 0)
        try log.append([line(3)])
        #expect(try contents(path) == [line(3)])
    }

    @Test func `opens what is at the path after a reopen`() throws {
        var log = LogFile(configuration: .init(path: path))
        try log.append([line(1)])
        log.reopen()
        try log.append([line(2)])
        #expect(try contents(path) == [line(1), line(2)])
    }

    @Test func `does not glue a line to what has no line end`() throws {
        try write("somebody's text", to: path)
        var log = LogFile(configuration: .init(path: path))
        try log.append([line(1)])
        #expect(try contents(path) == [Array("somebody's text".utf8), line(1)])
    }

    @Test func `refuses a symbolic link, a directory, a fifo and a missing directory`() throws {
        let link = directory.path("link")
        symlink(path, link)
        #expect(throws: LogFileError.symbolicLink(path: link)) { try append(to: link) }
        #expect(throws: LogFileError.notAFile(path: directory.path)) { try append(to: directory.path) }
        let fifo = directory.path("fifo")
        mkfifo(fifo, 0o600)
        #expect(throws: LogFileError.notAFile(path: fifo)) { try append(to: fifo) }
        #expect(throws: LogFileError.notAFile(path: "/dev/null")) { try append(to: "/dev/null") }
        let missing = directory.path("missing/events.jsonl")
        let error = #expect(throws: LogFileError.self) { try append(to: missing) }
        #expect(error?.description == "log file \(missing): open: No such file or directory")
    }

    @Test func `a directory that appears later is used then`() throws {
        let late = directory.path("late/events.jsonl")
        var log = LogFile(configuration: .init(path: late))
        do {
            try log.append([line(1)])
            Issue.record("appended to nowhere")
        } catch {}
        mkdir(directory.path("late"), 0o700)
        try log.append([line(1)])
        #expect(try contents(late) == [line(1)])
    }

    private func append(to path: String) throws {
        var log = LogFile(configuration: .init(path: path))
        try log.append([line(1)])
    }
}

@Suite struct LogFileRotationTests {
    private let directory = TemporaryDirectory()
    private var path: String { directory.path("events.jsonl") }

    @Test func `rotates before the file would grow too large and keeps the mode`() throws {
        let size = line(1).count + 1
        var log = LogFile(configuration: .init(path: path, rotateSize: ByteCount(bytes: 3 * size), keep: 2))
        try log.append([line(1)])
        chmod(path, 0o640)
        for number in 2...9 { try log.append([line(number)]) }
        #expect(try contents(path) == [line(7), line(8), line(9)])
        #expect(try contents(path + ".1") == [line(4), line(5), line(6)])
        #expect(try contents(path + ".2") == [line(1), line(2), line(3)])
        try log.append([line(1)])
        #expect(try contents(path) == [line(1)])
        #expect(try contents(path + ".2") == [line(4), line(5), line(6)])
        #expect(listing(of: directory.path) == ["events.jsonl", "events.jsonl.1", "events.jsonl.2"])
        #expect(try FileStatus.at(path).permissions == 0o640)
    }

    @Test(arguments: [-1, 0, 1])
    func `the limit itself still fits`(difference: Int) throws {
        let limit = 2 * (line(1).count + 1) + difference
        var log = LogFile(configuration: .init(path: path, rotateSize: ByteCount(bytes: limit), keep: 1))
        try log.append([line(1)])
        try log.append([line(2)])
        #expect(listing(of: directory.path).count == (difference < 0 ? 2 : 1))
    }

    @Test func `a batch larger than the limit goes whole into a file of its own`() throws {
        var log = LogFile(configuration: .init(path: path, rotateSize: ByteCount(bytes: 10), keep: 3))
        let batch = (1...5).map { line($0) }
        try log.append(batch)
        try log.append(batch)
        #expect(try contents(path) == batch)
        #expect(try contents(path + ".1") == batch)
    }

    @Test func `with nothing to keep the old file goes`() throws {
        var log = LogFile(configuration: .init(path: path, rotateSize: ByteCount(bytes: 10), keep: 0))
        try log.append([line(1)])
        try log.append([line(2)])
        #expect(try contents(path) == [line(2)])
        #expect(listing(of: directory.path) == ["events.jsonl"])
    }

    @Test func `a gap in the chain is closed`() throws {
        try write("two\n", to: path + ".2")
        var log = LogFile(configuration: .init(path: path, rotateSize: ByteCount(bytes: 10), keep: 3))
        try log.append([line(1)])
        try log.append([line(2)])
        #expect(try contents(path + ".1") == [line(1)])
        #expect(try contents(path + ".3") == [Array("two".utf8)])
    }
}

/// The document of event `number`, as it stands in the file.
func line(_ number: Int) -> [UInt8] {
    Delivery.sample(number).document
}

func contents(_ path: String) throws -> [[UInt8]] {
    let bytes = try Descriptor.open(path, O_RDONLY).readAll(limit: .max)
    #expect(bytes.isEmpty || bytes.last == UInt8(ascii: "\n"))
    return bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().map { Array($0) }
}

func write(_ text: String, to path: String) throws {
    try Descriptor.open(path, O_CREAT | O_WRONLY | O_TRUNC).writeAll(Array(text.utf8))
}
