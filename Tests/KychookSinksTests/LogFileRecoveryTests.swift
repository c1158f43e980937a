import Glibc
import KychookInterpret
import KychookLinux
import KychookModel
import KychookSinks
import KychookTesting
import Testing

@Suite struct LogFileRecoveryTests {
    private let directory = TemporaryDirectory()
    private var path: String { directory.path("events.jsonl") }

    @Test func `finds nothing in a file that is not there, and creates it`() throws {
        #expect(try recover() == [])
        #expect(try contents(path) == [])
    }

    @Test func `finds the events that were written`() throws {
        var log = LogFile(configuration: .init(path: path))
        try log.append((1...20).map { line($0) })
        #expect(try recover() == ids(1...20))
        #expect(try contents(path).count == 20)
    }

    @Test func `cuts a torn line wherever it was torn`() throws {
        let torn = line(3)
        for length in 1..<torn.count {
            try write(text(1) + text(2) + String(decoding: torn.prefix(length), as: UTF8.self), to: path)
            #expect(try recover() == ids(1...2))
            #expect(try contents(path) == [line(1), line(2)])
        }
    }

    @Test func `a whole line that only lost its end is kept and counts`() throws {
        try write(text(1) + String(text(2).dropLast()), to: path)
        #expect(try recover() == ids(1...2))
        #expect(try contents(path) == [line(1), line(2)])
    }

    @Test func `cuts the zeros that a power failure left`() throws {
        try write(text(1) + String(repeating: "\0", count: 5000), to: path)
        #expect(try recover() == ids(1...1))
        #expect(try contents(path) == [line(1)])
    }

    @Test func `a line that runs over zeros into another one is not believed`() throws {
        let start = String(text(1).prefix(60))
        try write("\(start)\0\0\0\(text(2).suffix(20))\(text(3))", to: path)
        #expect(try recover() == ids(3...3))
    }

    @Test(arguments: [
        "no json at all", "{\"id\":\"evt_0000000000000000000000000", "{\"specversion\":\"1.0\",\"id\":\"other\"",
        "[1,2,3",
        "\u{1F}\u{8B}\u{8}binary", "<xml>", "{\"specversion\":\"1.0\",\"type\":\"foreign\"}",
    ])
    func `keeps every byte of a file that is not ours`(foreign: String) throws {
        try write("first\n\(foreign)", to: path)
        #expect(try recover() == [])
        #expect(try contents(path) == [Array("first".utf8), Array(foreign.utf8)])
    }

    @Test func `no foreign line makes an event be skipped`() throws {
        let id = Delivery.sample(1).event.id
        let lines = [
            "\(id)",
            #"{"id":"\#(id)"}"#,
            #"{"data":{"specversion":"1.0","id":"\#(id)","replay":false}}"#,
            #" {"specversion":"1.0","id":"\#(id)","replay":false}"#,
            #"{"specversion":"1.0","id":"\#(id)","replay":false"#,
            #"{"specversion":"1.0","id":"\#(id)X","replay":false}"#,
            #"{"specversion":"1.0","id":"\#(id)","replay":false} trailing"#,
            #"{"specversion":"1.0","id":"\#(id)","replay":false,"data":"}"#,
            #"{"specversion":"1.0","id":"evt_0","replay":false,"data":{"id":"\#(id)"}}"#,
            #"{"specversion":"1.0","id":"evt_ZZZZZZZZZZZZZZZZZZZZZZZZZZ","replay":false}"#,
            #"{"specversion":"1.0","id":"\#(id)"}"#,
        ]
        for text in lines {
            try write(text + "\n", to: path)
            #expect(try recover() == [], "\(text)")
        }
    }

    @Test func `a replay's line never makes the live event be skipped`() throws {
        var log = LogFile(configuration: .init(path: path))
        let replays = [1, 2].map { Delivery.sample($0, isReplay: true).document }
        try log.append([line(1)] + replays)
        #expect(try recover() == ids(1...1))
    }

    @Test(arguments: [
        #"x","replay":false,"y":""#, #","replay":false"#, #"\","replay":false,"#, #"","replay":false}"#, "\\",
        "false", "\n,\"replay\":false",
    ])
    func `no value of an event can pass a replay's line for a live one, nor the reverse`(value: String) throws {
        for isReplay in [false, true] {
            var event = Delivery.sample(1).event
            event.source = value
            event.interpretation = Interpretation(
                type: value,
                subject: Subject(kind: .identity, id: value),
                status: value,
                key: value
            )
            event.previousStatus = value
            let body = Array(#"{"a":{"x":1,"replay":\#(!isReplay)}}"#.utf8)
            let document = CloudEvent.document(
                for: event,
                body: body,
                typePrefix: "",
                isReplay: isReplay,
                currentStatus: value
            )
            try write(String(decoding: document, as: UTF8.self) + "\n", to: path)
            #expect(try recover() == (isReplay ? [] : [event.id]))
        }
    }

    @Test func `reads no more than a batch from the end, and never less`() throws {
        var log = LogFile(configuration: .init(path: path))
        let padded = (1...40).map { Delivery.sample($0, padding: 100_000).document }
        for document in padded { try log.append([document]) }
        let found = try recover()
        // 1 MiB holds ten of these lines.
        #expect(found.isSuperset(of: ids(31...40)))
        #expect(found.count < 15)
    }

    @Test func `finds a single line that is longer than a batch`() throws {
        var log = LogFile(configuration: .init(path: path))
        try log.append([line(1)])
        try log.append([Delivery.sample(2, padding: 3 << 20).document])
        #expect(try recover().contains(Delivery.sample(2).event.id))
    }

    @Test func `cuts a torn line that is longer than a batch`() throws {
        let torn = String(decoding: Delivery.sample(2, padding: 3 << 20).document.dropLast(), as: UTF8.self)
        try write(text(1) + torn, to: path)
        #expect(try recover() == ids(1...1))
        #expect(try contents(path) == [line(1)])
    }

    @Test(arguments: ["events.jsonl.1", "events.jsonl-20260118", "events.jsonl-2026-01-18.1"])
    func `looks into the file that was rotated away`(name: String) throws {
        try write(text(1), to: directory.path(name))
        try write(text(2), to: path)
        #expect(try recover() == ids(1...2))
    }

    @Test func `looks only into the newest rotated file`() throws {
        try write(text(1), to: path + ".2")
        try write(text(2), to: path + ".1")
        try write(text(3), to: path + ".old")
        try write(text(4), to: directory.path("other.jsonl.1"))
        var old = timeval(tv_sec: 1_000_000, tv_usec: 0)
        withUnsafePointer(to: &old) { pointer in
            _ = utimes(path + ".2", [pointer.pointee, pointer.pointee])
        }
        #expect(try recover() == ids(2...2))
    }

    @Test func `finds a batch that was rotated away by size`() throws {
        var log = LogFile(configuration: .init(path: path, rotateSize: ByteCount(bytes: 10), keep: 2))
        try log.append([line(1)])
        try log.append([line(2)])
        #expect(try recover() == ids(1...2))
    }

    private func recover() throws -> Set<EventID> {
        try LogFile(configuration: .init(path: path)).recover()
    }

    private func ids(_ numbers: ClosedRange<Int>) -> Set<EventID> {
        Set(numbers.map { Delivery.sample($0).event.id })
    }

    private func text(_ number: Int) -> String {
        String(decoding: line(number), as: UTF8.self) + "\n"
    }
}

/// A file system that takes only a part of a batch, as a full one does.
@Suite(.serialized) struct LogFileFullDiskTests {
    private let directory = TemporaryDirectory()

    @Test func `a batch that does not fit leaves nothing behind and goes in later`() throws {
        let path = directory.path("events.jsonl")
        var log = LogFile(configuration: .init(path: path))
        try log.append([line(1)])
        // A sparse file just below the largest size that this process may write: the kernel then writes a part of the
        // batch and refuses the rest. A limit so high touches no other test.
        let limit: Int64 = 1 << 33
        let before = limit - 200
        truncate(path, off_t(before - 1))
        try Descriptor.open(path, O_WRONLY | O_APPEND).writeAll([UInt8(ascii: "\n")])
        signal(SIGXFSZ, SIG_IGN)
        try setFileSizeLimit(UInt(limit))
        defer { try? setFileSizeLimit(UInt(bitPattern: -1)) }
        let batch = (2...9).map { line($0) }
        do {
            try log.append(batch)
            Issue.record("wrote beyond the limit")
        } catch {
            #expect(error == .failed(SystemError(call: "write", code: EFBIG), path: path))
        }
        #expect(try FileStatus.at(path).size == before)
        try setFileSizeLimit(UInt(bitPattern: -1))
        try log.append(batch)
        #expect(try FileStatus.at(path).size == before + Int64(batch.reduce(0) { $0 + $1.count + 1 }))
        #expect(try log.recover().isSuperset(of: (2...9).map { Delivery.sample($0).event.id }))
    }

    private func setFileSizeLimit(_ bytes: UInt) throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        limit.rlim_cur = min(bytes, limit.rlim_max)
        _ = try system("setrlimit") { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) }
    }
}
