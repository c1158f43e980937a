import KychookConfig
import KychookModel
import Testing

@testable import KychookServer

@Suite struct DescriptorBudgetTests {
    private static func budget(connections: Int, sinks: [SinkConfiguration] = []) -> DescriptorBudget {
        var configuration = Configuration(stateDirectory: "/nowhere", sources: [], sinks: [])
        configuration.limits.connections = connections
        configuration.sinks = sinks
        return DescriptorBudget(configuration, loops: 2)
    }

    @Test(arguments: [(-1, false), (0, true), (1, true)])
    func `a server starts with what it needs, and not with one less`(difference: Int, starts: Bool) {
        let budget = Self.budget(connections: 10_000)
        let limit = budget.required + difference
        var shortage: DescriptorShortage?
        do { try budget.check(limit) } catch { shortage = error }
        #expect(shortage == (starts ? nil : DescriptorShortage(limit: limit, required: budget.required)))
    }

    @Test(arguments: [(0, 16), (1, 17), (9983, 9999), (9984, 10_000), (9985, 10_000)])
    func `connections get all that the reserve leaves, and no more than configured`(more: Int, connections: Int) {
        let budget = Self.budget(connections: 10_000)
        #expect(budget.connections(under: budget.required + more) == connections)
    }

    @Test func `few connections are few where few are asked for`() {
        let budget = Self.budget(connections: 3)
        #expect(budget.required == budget.reserve + 3)
        #expect(budget.connections(under: budget.required) == 3)
    }

    @Test(arguments: [(3, 3), (16, 16), (17, 16), (10_000, 16)])
    func `a running server whose new configuration needs more stays one`(configured: Int, connections: Int) {
        #expect(Self.budget(connections: configured).connections(under: 10) == connections)
    }

    /// As where it is 1024 for good: seldom are all attempts under way, and one that finds none is made again.
    @Test func `twenty HTTP sinks as they are by default start under a thousand descriptors, with fewer connections`()
        throws
    {
        let kind = SinkConfiguration.Kind.http(.init(url: "https://crm.example/hooks"))
        let sinks = (0..<20).map { SinkConfiguration(name: "s\($0)", kind: kind) }
        let budget = Self.budget(connections: 10_000, sinks: sinks)
        #expect(budget.reserve > 1000)
        try budget.check(1000)
        #expect(budget.connections(under: 1000) == 16)
    }

    @Test func `attempts at once are reckoned with`() {
        let kind = SinkConfiguration.Kind.shell(.init(command: ["/bin/true"]))
        let one = Self.budget(connections: 1, sinks: [SinkConfiguration(name: "s", kind: kind, maxInFlight: 1)])
        let many = Self.budget(connections: 1, sinks: [SinkConfiguration(name: "s", kind: kind, maxInFlight: 100)])
        #expect(many.reserve - one.reserve == 99 * 6)
        #expect(one.reserve > Self.budget(connections: 1).reserve)
    }
}
