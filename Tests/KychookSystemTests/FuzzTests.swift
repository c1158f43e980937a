import KychookTesting
import Testing

@Suite struct FuzzTests {
    @Test func `twenty thousand mutated requests end nobody, forge nothing and leak nothing`() {
        let directory = TemporaryDirectory()
        let process = ChildProcess([
            Installation.bench, "fuzz", "--count", "20000", "--seconds", "120", "--directory", directory.path,
        ])
        #expect(process.end(within: 150) == .exited(0), "\(process.lines)")
    }
}
