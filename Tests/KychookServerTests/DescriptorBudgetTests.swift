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

    @Test func `a running server whose new configuration needs more has one connection at least`() {
        #expect(Self.budget(connections: 10_000).connections(under: 10) == 1)
    }

    @Test func `attempts at once are reckoned with`() {
        let kind = SinkConfiguration.Kind.shell(.init(command: ["/bin/true"]))
        let one = Self.budget(connections: 1, sinks: [SinkConfiguration(name: "s", kind: kind, maxInFlight: 1)])
        let many = Self.budget(connections: 1, sinks: [SinkConfiguration(name: "s", kind: kind, maxInFlight: 100)])
        #expect(many.reserve - one.reserve == 99 * 6)
        #expect(one.reserve > Self.budget(connections: 1).reserve)
    }
}
