import Glibc
import KychookLinux
import KychookTesting
import Testing

/// Requirement D4's bar on memory, in a process that does nothing else.
@Suite struct EndlessAnswerTests {
    @Test(arguments: [FaultyTarget.Behaviour.endlessBody, .endlessHead])
    func `memory does not grow with an answer that never ends`(behaviour: FaultyTarget.Behaviour) throws {
        let target = FaultyTarget(behaviour)
        let http = "{ url: \"\(target.url)\", timeout: 500ms, allow_private: true }"
        let kychook = try Installation(sinks: [
            "target: { http: \(http), retry: { first: 50ms, factor: 1, jitter: 0 } }"
        ])
        #expect(try kychook.post(Installation.body("a", "approved")).status == 200)
        #expect(target.requests(atLeast: 2) != nil)
        let before = try residentBytes(of: kychook.process.pid)
        // Half a second at 16 MiB/s each, where the body has no end: 64 MiB in all.
        #expect(target.requests(atLeast: 10) != nil)
        #expect(try residentBytes(of: kychook.process.pid) - before < 32 << 20)
    }

    private func residentBytes(of process: pid_t) throws -> Int {
        let text = try Descriptor.open("/proc/\(process)/statm", O_RDONLY).readAll(limit: 4096)
        let pages = String(decoding: text, as: UTF8.self).split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return try #require(pages) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
