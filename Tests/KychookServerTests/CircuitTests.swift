import KychookLinux
import KychookModel
import KychookTesting
import Testing

@testable import KychookServer

/// When a sink opens, how it is probed, and what pauses it.
@Suite struct CircuitTests {
    private static let rule = CircuitRule(
        failures: 3,
        over: .seconds(60),
        firstProbe: .seconds(5),
        longestProbe: .seconds(30)
    )

    /// Failures at these seconds of an active sink's life, and whether it is open after them.
    @Test(arguments: [
        ([0, 60], false), ([0, 30, 59], false), ([0, 30, 60], true), ([0, 1, 61], true), ([0, 60, 61], true),
    ])
    func `opens after so many failures in a row over so long a time`(seconds: [Int], opens: Bool) {
        var circuit = Circuit(Self.rule, SinkHealth())
        for second in seconds { circuit.fail(at: second) }
        #expect((circuit.health.state == .open) == opens)
        #expect(circuit.permission(now: .at(61)) == (opens ? .nothing : .everything))
        #expect(circuit.health.reason == (opens ? "down" : nil))
    }

    @Test func `one success in between begins the count anew`() {
        var circuit = Circuit(Self.rule, SinkHealth())
        circuit.fail(at: 0)
        circuit.fail(at: 30)
        circuit.worked(at: .start)
        circuit.fail(at: 70)
        circuit.fail(at: 100)
        #expect(circuit.health.state == .active)
    }

    @Test func `is probed with pauses that double up to a cap`() {
        var circuit = Circuit.opened(at: 60)
        var at = 60
        for pause in [5, 10, 20, 30, 30] {
            #expect(circuit.permission(now: .at(at + pause - 1)) == .nothing)
            #expect(circuit.nextLook(now: .at(at)) == .at(at + pause))
            at += pause
            #expect(circuit.permission(now: .at(at)) == .probe)
            #expect(circuit.nextLook(now: .at(at)) == nil)
            circuit.fail(at: at, wasProbe: true)
        }
    }

    @Test func `pauses between probes get longer by at most a fifth`() {
        #expect(Self.rule.wait(afterProbes: 0, random: 0.5) == .milliseconds(5500))
        #expect(Self.rule.wait(afterProbes: 60, random: 1) == .seconds(36))
    }

    @Test func `a probe waits as long as the sink asked for`() {
        var circuit = Circuit.opened(at: 60)
        circuit.fail(at: 65, wasProbe: true, notBefore: .seconds(100))
        #expect(circuit.permission(now: .at(164)) == .nothing)
        #expect(circuit.permission(now: .at(165)) == .probe)
    }

    @Test func `an attempt that was under way when it opened does not put the probe off`() {
        var circuit = Circuit.opened(at: 60)
        circuit.fail(at: 64)
        #expect(circuit.permission(now: .at(65)) == .probe)
    }

    @Test func `a success of any attempt closes it`() {
        var circuit = Circuit.opened(at: 60)
        circuit.worked(at: .start + .minutes(5))
        #expect(circuit.health == SinkHealth(stood: .minutes(4)))
        #expect(circuit.permission(now: .at(61)) == .everything)
    }

    @Test func `an open sink is probed at once after a restart`() {
        let circuit = Circuit(Self.rule, SinkHealth(state: .open, since: .start))
        #expect(circuit.permission(now: .at(0)) == .probe)
    }

    @Test func `a sink that wants nothing more is paused, whatever still succeeds`() {
        var circuit = Circuit(Self.rule, SinkHealth())
        circuit.gone(reason: "answered 410", at: .start)
        circuit.worked(at: .start)
        circuit.fail(at: 100)
        #expect(circuit.health == SinkHealth(state: .paused, since: .start, reason: "answered 410"))
        #expect(circuit.permission(now: .at(1000)) == .nothing)
        #expect(circuit.nextLook(now: .at(1000)) == nil)
    }

    @Test func `after an operator's resume it must fail as often again`() {
        var circuit = Circuit.opened(at: 60)
        circuit.replace(with: SinkHealth(stood: .minutes(1)))
        #expect(circuit.permission(now: .at(61)) == .everything)
        circuit.fail(at: 62)
        circuit.fail(at: 200)
        #expect(circuit.health.state == .active)
    }

    @Test func `what an operator did not change stays`() {
        var circuit = Circuit.opened(at: 60)
        circuit.replace(with: circuit.health)
        #expect(circuit.permission(now: .at(61)) == .nothing)
    }
}

/// The clock by which deliveries age.
@Suite struct SinkHealthTests {
    @Test func `its clock stands while the sink is open or paused`() {
        let active = SinkHealth()
        #expect(active.ownTime(at: .start) == .start)
        let open = active.becoming(.open, at: .start, reason: "down")
        #expect(open.ownTime(at: .start + .days(2)) == .start)
        let paused = open.becoming(.paused, at: .start + .days(2), reason: "by hand")
        #expect(paused.ownTime(at: .start + .days(3)) == .start)
        let again = paused.becoming(.active, at: .start + .days(3))
        #expect(again == SinkHealth(stood: .days(3)))
        #expect(again.ownTime(at: .start + .days(4)) == .start + .days(1))
    }

    @Test func `a wall clock that was set back makes nothing older`() {
        let open = SinkHealth().becoming(.open, at: .start)
        #expect(open.becoming(.active, at: .start - .days(1)).stood == .zero)
    }
}

extension Circuit {
    fileprivate static func opened(at second: Int) -> Circuit {
        var circuit = Circuit(
            CircuitRule(failures: 3, over: .seconds(60), firstProbe: .seconds(5), longestProbe: .seconds(30)),
            SinkHealth()
        )
        for moment in [0, 1, second] { circuit.fail(at: moment) }
        return circuit
    }

    fileprivate mutating func fail(at second: Int, wasProbe: Bool = false, notBefore: Duration = .zero) {
        failed(
            reason: "down",
            notBefore: notBefore,
            wasProbe: wasProbe,
            now: .at(second),
            wall: .start + .seconds(second),
            random: 0
        )
    }
}
