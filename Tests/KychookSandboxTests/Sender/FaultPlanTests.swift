import KychookBitGo
import Testing

@testable import KychookSandbox

@Suite struct FaultPlanTests {
    @Test func `a name alone happens always, with a rate that often`() throws {
        let plan = try FaultPlan(rules: ["duplicate", "drop=0.25", "delay=0"])
        #expect(plan.rates == [.duplicate: 1, .drop: 0.25])
        #expect(String(decoding: plan.json.bytes, as: UTF8.self) == #"{"drop":0.25,"duplicate":1}"#)
        #expect(try FaultPlan(plan.json) == plan)
    }

    @Test(arguments: [
        ("dupicate", "did you mean duplicate?"), ("=1", "known are"), ("drop=1.01", "from 0 to 1"),
        ("drop=-0.01", "from 0 to 1"), ("drop=", "from 0 to 1"), ("drop=nan", "from 0 to 1"),
    ])
    func `what is no fault is refused with advice`(rule: String, advice: String) {
        let problem = #expect(throws: FaultPlan.Problem.self) { try FaultPlan(rules: [rule]) }
        #expect(problem?.description.contains(advice) == true)
    }

    @Test func `the same seed draws the same faults, another one others`() throws {
        let plan = try FaultPlan(rules: Fault.names.map { "\($0)=0.5" })
        let names = (0..<50).map { "notification-\($0)" }
        let draw = { (seed: UInt64) in names.map { plan.treatment(of: $0, seed: seed) } }
        #expect(draw(1) == draw(1))
        #expect(draw(1) != draw(2))
    }

    @Test func `a rate is how many of many are hit`() throws {
        let plan = try FaultPlan(rules: ["drop=0.2"])
        let hits = (0..<2000).count { plan.treatment(of: "\($0)", seed: 3).has(.drop) }
        #expect((300...500).contains(hits))
    }

    @Test func `one fault more does not change how the others fall`() throws {
        let few = try FaultPlan(rules: ["drop=0.5"])
        let more = try FaultPlan(rules: ["drop=0.5", "delay=0.5"])
        for name in (0..<100).map(String.init) {
            #expect(few.treatment(of: name, seed: 4).has(.drop) == more.treatment(of: name, seed: 4).has(.drop))
        }
    }

    @Test func `a delay is a minute to an hour`() throws {
        let plan = try FaultPlan(rules: ["delay"])
        let delays = (0..<500).map { plan.treatment(of: "\($0)", seed: 5).delay }
        #expect(delays.min() == .seconds(60) && delays.max() == .seconds(3600))
    }
}
