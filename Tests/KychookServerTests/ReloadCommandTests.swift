import KychookModel
import KychookServer
import KychookTesting
import Testing

@Suite struct ReloadCommandTests {
    @Test(arguments: [
        ReloadReport(file: "kychook.yaml"),
        ReloadReport(file: "kychook.yaml", problems: ["kychook.yaml:3:5: unknown key"], needsRestart: ["listen"]),
    ])
    func `a command learns what came of the reload`(report: ReloadReport) async throws {
        let server = try await RunningServer(SinkConfiguration(name: "out", kind: .stdout))
        server.onReload { report }
        let control = server.control
        #expect(try await offPool { try control.reload() } == report)
        try await server.stop()
    }

    @Test func `a server that cannot reload yet refuses, and one that is gone is none`() async throws {
        let server = try await RunningServer(SinkConfiguration(name: "out", kind: .stdout))
        let control = server.control
        await #expect(throws: CommandRefusal.self) { try await offPool { try control.reload() } }
        try await server.stop()
        #expect(try await offPool { try control.reload() } == nil)
    }
}
