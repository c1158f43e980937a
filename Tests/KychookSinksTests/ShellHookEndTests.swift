import Glibc
import KychookLinux
import KychookModel
import KychookSinks
import KychookTesting
import Testing

@Suite struct ShellHookEndTests {
    @Test(arguments: [
        // The leader obeys TERM, its child does not.
        "(trap '' TERM; exec sleep 600) & echo $!; wait",
        // Both ignore it.
        "trap '' TERM; sleep 600 & echo $!; wait; wait",
        // A grandchild whose parent is gone.
        "(trap '' TERM; sleep 600 & echo $!); sleep 600",
    ])
    func `the timeout ends the whole group`(body: String) async throws {
        let result = try await HookScript(body).hook(timeout: .milliseconds(300)).deliver(.sample())
        #expect(result.outcome == .retryable(reason: "timed out and was ended with its children"))
        let processes = String(decoding: result.output, as: UTF8.self).split(separator: "\n").compactMap { pid_t($0) }
        #expect(!processes.isEmpty)
        for process in processes { #expect(await hasEnded(process)) }
    }

    @Test func `a hook may tidy up within the grace`() async throws {
        let script = try HookScript(#"trap 'echo tidy; exit 0' TERM; while :; do sleep 0.01; done"#)
        let result = try await script.hook(timeout: .milliseconds(300), grace: .seconds(20)).deliver(.sample())
        #expect(result.outcome == .retryable(reason: "timed out and was ended with its children"))
        // The shell may report its killed sleep first.
        #expect(result.output.suffix(5) == Array("tidy\n".utf8)[...])
    }

    @Test func `a background process that holds the output holds up nobody`() async throws {
        let script = try HookScript("sleep 600 & echo $!; exit 0")
        let start = ContinuousClock.now
        let result = try await script.hook(timeout: .seconds(500)).deliver(.sample())
        #expect(result.outcome == .succeeded)
        #expect(ContinuousClock.now - start < .seconds(300))
        let process = try #require(pid_t(String(decoding: result.output, as: UTF8.self).dropLast()))
        // Left alone after a normal exit; the test ends it.
        #expect(kill(process, SIGKILL) == 0)
    }

    @Test func `a hook that closes its output early is waited for quietly`() async throws {
        let script = try HookScript("exec >&- 2>&-; sleep 0.3; exit 4")
        #expect(try await script.hook().deliver(.sample()).code == 4)
    }

    @Test func `an endless writer is ended in time`() async throws {
        let result = try await HookScript("exec yes").hook(timeout: .milliseconds(300)).deliver(.sample())
        #expect(result.outcome == .retryable(reason: "timed out and was ended with its children"))
        #expect(result.output.count == 4096)
    }

    @Test func `two hundred attempts leave no descriptor and no zombie`() async throws {
        let script = try HookScript("exit 0")
        let hook = try script.hook()
        let missing = try ShellHook(configuration: .init(command: ["/nonexistent"]))
        let impatient = try HookScript("exec sleep 60").hook(timeout: .milliseconds(5), grace: .milliseconds(5))
        _ = await hook.deliver(.sample())
        let before = listing(of: "/proc/self/fd").count
        for number in 1...200 {
            _ = await hook.deliver(.sample(number))
            _ = await missing.deliver(.sample(number))
            if number % 4 == 0 { _ = await impatient.deliver(.sample(number)) }
        }
        // Other tests run beside this one and open some: one leaked in each attempt would be more than all of theirs.
        #expect(listing(of: "/proc/self/fd").count - before < 100)
        #expect(zombies().count < 20)
    }

    /// Gone, or dead and only not reaped by whoever inherited it.
    private func hasEnded(_ process: pid_t) async -> Bool {
        for _ in 0..<6000 {
            guard let state = state(of: process), state != "Z", state != "X" else { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    private func state(of process: pid_t) -> String? {
        let path = "/proc/\(process)/stat"
        guard let bytes = try? Descriptor.open(path, O_RDONLY).readAll(limit: 4096) else { return nil }
        let afterName = String(decoding: bytes, as: UTF8.self).split(separator: ")").last
        return afterName?.split(separator: " ").first.map(String.init)
    }

    private func zombies() -> [pid_t] {
        listing(of: "/proc/self/task").flatMap { thread -> [pid_t] in
            let path = "/proc/self/task/\(thread)/children"
            guard let bytes = try? Descriptor.open(path, O_RDONLY).readAll(limit: 65536) else { return [] }
            return String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
        }.filter { state(of: $0) == "Z" }
    }
}
