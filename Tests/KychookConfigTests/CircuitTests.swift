import KychookConfig
import KychookModel
import Testing

@Suite("circuit")
struct CircuitConfigurationTests {
    private func circuit(_ text: String) throws -> CircuitRule {
        try sink("log: { path: /l }\ncircuit: \(text)").circuit
    }

    @Test
    func `all its keys, and what is left out`() throws {
        #expect(try sink("log: { path: /l }").circuit == .standard)
        #expect(try circuit("{}") == .standard)
        #expect(
            try circuit("{ failures: 1, over: 0s, probe: 100ms, probe_cap: 1d }")
                == CircuitRule(failures: 1, over: .zero, firstProbe: .milliseconds(100), longestProbe: .days(1))
        )
        #expect(try circuit("{ probe: 10m }").longestProbe == .minutes(10))
    }

    @Test(arguments: [
        Fault("{ failures: 0 }", 4, 26, "from 1 to 1000000"),
        Fault("{ failures: 1000001 }", 4, 26, "from 1 to 1000000"),
        Fault("{ over: 8d }", 4, 22, "from 0s to 7d"),
        Fault("{ probe: 99ms }", 4, 23, "from 100ms to 1d"),
        Fault("{ probe: 1h, probe_cap: 59m }", 4, 27, "shorter than `probe`"),
        Fault("{ failure: 1 }", 4, 16, "did you mean `failures`?"),
    ])
    func `faults`(fault: Fault) {
        expect(fault, among: problems(configuration(sink: "log: { path: /l }\ncircuit: \(fault.text)")))
    }
}
