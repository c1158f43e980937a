import Glibc
import KychookLinux
import KychookModel
import KychookSinks
import KychookTesting
import Testing

@Suite struct StandardOutputTests {
    @Test func `ends the torn line of an attempt that was cut before it begins another`() async throws {
        let tested = try StandardOutputUnderTest(.hangs, timeout: .seconds(60))
        let long = Delivery.sample(1, padding: 10_000)
        let cut = Task { await tested.sink.deliver(long) }
        await tested.attemptBegan(long)
        cut.cancel()
        #expect(reason(await cut.value) == "cancelled")
        tested.release(long)
        #expect(await tested.sink.deliver(.sample(2)).outcome == .succeeded)
        #expect(await tested.sink.deliver(long).outcome == .succeeded)
        #expect(tested.pipe.lines == [Array(long.document.prefix(4096)), Delivery.sample(2).document, long.document])
    }

    @Test func `says that the reader stalls`() async throws {
        let tested = try StandardOutputUnderTest(.hangs, timeout: .milliseconds(50))
        let result = await tested.sink.deliver(.sample(1, padding: 10_000))
        #expect(reason(result) == "timed out: the reader of standard output stalls")
    }

    @Test func `says that the reader is gone`() async throws {
        let pipe = try OutputPipe()
        pipe.leave()
        let output = StandardOutput(number: pipe.writing.number)
        #expect(reason(await output.deliver(.sample())) == "the reader of standard output is gone")
        withExtendedLifetime(pipe) {}
    }

    @Test func `says why the other end takes nothing`() async throws {
        let full = try Descriptor.open("/dev/full", O_WRONLY)
        let output = StandardOutput(number: full.number)
        #expect(reason(await output.deliver(.sample())) == "standard output: write: No space left on device")
        withExtendedLifetime(full) {}
    }

    @Test func `writes to a file as to a pipe`() async throws {
        let directory = TemporaryDirectory()
        let file = try Descriptor.open(directory.path("out"), O_CREAT | O_WRONLY)
        let output = StandardOutput(number: file.number)
        for number in 1...3 {
            #expect(await output.deliver(.sample(number, padding: 9000)).outcome == .succeeded)
        }
        #expect(try contents(directory.path("out")) == (1...3).map { Delivery.sample($0, padding: 9000).document })
    }

    @Test func `leaves the descriptor's flags alone, which other processes share`() async throws {
        let pipe = try OutputPipe()
        pipe.read()
        let before = fcntl(pipe.writing.number, F_GETFL)
        #expect(await StandardOutput(number: pipe.writing.number).deliver(.sample()).outcome == .succeeded)
        #expect(fcntl(pipe.writing.number, F_GETFL) == before && before & O_NONBLOCK == 0)
    }

    private func reason(_ result: AttemptResult) -> String? {
        guard case .retryable(let reason, nil) = result.outcome else { return nil }
        return reason
    }
}
