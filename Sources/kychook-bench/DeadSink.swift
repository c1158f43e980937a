import Glibc
import KychookLinux

/// A sink whose target refuses every connection while a great many events wait for it: what that costs in memory, and
/// how soon a server that was killed is back.
struct DeadSink {
    let waiting: Int
    /// Long enough to fill the read-ahead window and to begin with retries.
    private static let watched = Duration.seconds(12)
    private static let memoryBar = 150.0
    private static let readyBar = 1000.0

    func run(_ program: String, in parent: String, _ figures: inout Report) throws {
        let directory = try TemporaryDirectory(in: parent)
        // One more, for the restarted server.
        let signed = SignedEvents(count: waiting + 1, bodyLength: 600)
        let begin = MonotonicTime.now()
        try store(signed, first: waiting, in: ServerUnderTest.state(in: directory))
        figures.add("waiting_events", waiting)
        figures.add("waiting_stored_per_second", Double(waiting) / begin.milliseconds(to: .now()) * 1000)

        let sinks = [SinkText.http("dead", to: "http://\(try Baseline.freeAddress())/")]
        let first = try ServerUnderTest(program: program, in: directory, sinks: sinks)
        figures.add("waiting_pss_mib", mostMemory(of: first.process), digits: 1, bar: .atMost(DeadSink.memoryBar))
        figures.add("waiting_rows", try SinkProgress(first.state).pendingRows(of: "dead"))
        first.process.kill()

        let second = try ServerUnderTest(program: program, in: directory, sinks: sinks)
        let status = try askOnce(second.address, signed, index: waiting)
        let answered = second.started.milliseconds(to: .now())
        figures.add("waiting_restart_ready_ms", second.readyAfter, digits: 1, bar: .atMost(DeadSink.readyBar))
        figures.add("waiting_restart_first_200_ms", answered, digits: 1, bar: .atMost(DeadSink.readyBar))
        figures.add(faults: "waiting_restart_refused", status == 200 ? 0 : 1)
        let memory = mostMemory(of: second.process)
        figures.add("waiting_restart_pss_mib", memory, digits: 1, bar: .atMost(DeadSink.memoryBar))
        _ = second.process.stop()
    }

    private func mostMemory(of process: ChildProcess) -> Double {
        let end = MonotonicTime.now() + DeadSink.watched
        var most = 0.0
        while MonotonicTime.now() < end {
            most = max(most, process.memoryInMebibytes)
            usleep(100_000)
        }
        return most
    }
}
