import KychookLinux
import KychookModel
import KychookTesting
import Testing

@testable import KychookServer

@Suite struct FIFOTests {
    @Test func `gives elements back in their order`() {
        var queue = FIFO<Int>()
        for number in 0..<200 { queue.append(number) }
        #expect(queue.count == 200)
        #expect((0..<200).map { _ in queue.popFirst() } == (0..<200).map { $0 })
        #expect(queue.isEmpty)
        #expect(queue.popFirst() == nil)
        #expect(queue.first == nil)
    }

    @Test func `behaves as an array does, whatever is put and taken`() {
        var random = SeededGenerator(seed: 7)
        var (queue, model) = (FIFO<Int>(), [Int]())
        for step in 0..<20_000 {
            if random.oneIn(step % 4000 < 2000 ? 3 : 2) {
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            } else {
                queue.append(step)
                model.append(step)
            }
            #expect(queue.first == model.first)
            #expect(queue.count == model.count)
            #expect(queue.isEmpty == model.isEmpty)
        }
    }

    @Test(arguments: [0, 1, 63, 64, 65, 100])
    func `changes only the elements that are left`(taken: Int) {
        var queue = FIFO<Int>()
        for number in 0..<150 { queue.append(number) }
        for _ in 0..<taken { _ = queue.popFirst() }
        queue.updateEach { $0 += 1000 }
        var rest: [Int] = []
        while let number = queue.popFirst() { rest.append(number) }
        #expect(rest == (taken..<150).map { $0 + 1000 })
    }
}

@Suite(.timeLimit(.minutes(3))) struct TurnsTests {
    private struct Refused: Error {}

    @Test func `one begins only when the one before has ended, also when that failed`() async {
        let turns = Turns()
        let underWay = Locked(0)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<12 {
                group.addTask {
                    let failing = number % 3 == 0
                    let ended: Void? = try? await turns.take { try await Self.work(underWay, failing: failing) }
                    #expect((ended == nil) == failing)
                }
            }
        }
    }

    private static func work(_ underWay: Locked<Int>, failing: Bool) async throws {
        let count = underWay.withLock { count in
            count += 1
            return count
        }
        #expect(count == 1)
        // Where two could be under way, the other begins now.
        await Task.yield()
        underWay.withLock { $0 -= 1 }
        if failing { throw Refused() }
    }
}

@Suite struct DeadlinesTests {
    @Test func `gives what is due, the earliest first`() {
        var deadlines = Deadlines<String>()
        #expect(deadlines.earliest == nil)
        for (name, second) in [("c", 3), ("a", 1), ("d", 4), ("b", 2)] {
            deadlines.insert(name, due: .at(second))
        }
        #expect(deadlines.earliest == .at(1))
        #expect(deadlines.popFirst(dueBy: .at(0)) == nil)
        #expect(deadlines.popFirst(dueBy: .at(2)) == "a")
        #expect(deadlines.popFirst(dueBy: .at(2)) == "b")
        #expect(deadlines.popFirst(dueBy: .at(2)) == nil)
        #expect(deadlines.earliest == .at(3))
    }

    @Test func `something is due at its very moment, not before`() {
        var deadlines = Deadlines<Int>()
        deadlines.insert(1, due: MonotonicTime(nanoseconds: 100))
        #expect(deadlines.popFirst(dueBy: MonotonicTime(nanoseconds: 99)) == nil)
        #expect(deadlines.popFirst(dueBy: MonotonicTime(nanoseconds: 100)) == 1)
    }

    @Test func `sorts any number of moments`() {
        var random = SeededGenerator(seed: 3)
        var deadlines = Deadlines<Int>()
        var model: [Int] = []
        for _ in 0..<1000 {
            let second = Int.random(in: 0..<100, using: &random)
            deadlines.insert(second, due: .at(second))
            model.append(second)
            if random.oneIn(3) {
                let least = model.min()
                #expect(deadlines.popFirst(dueBy: .at(1000)) == least)
                if let least, let index = model.firstIndex(of: least) { model.remove(at: index) }
            }
        }
        var rest: [Int] = []
        while let second = deadlines.popFirst(dueBy: .at(1000)) { rest.append(second) }
        #expect(rest == model.sorted())
    }
}

@Suite struct PacerTests {
    @Test func `without a rate it always permits`() {
        var pacer = Pacer(rate: nil)
        for _ in 0..<100 {
            #expect(pacer.permits(now: .at(0)))
            pacer.use(now: .at(0))
        }
    }

    @Test func `looks again when something is due, but not before the next permit`() {
        var pacer = Pacer(rate: 1)
        #expect(pacer.nextLook(due: .at(5), now: .at(0)) == .at(5))
        pacer.use(now: .at(0))
        #expect(pacer.nextLook(due: nil, now: .at(0)) == .at(1))
        #expect(pacer.nextLook(due: .at(0), now: .at(0)) == .at(1))
    }

    @Test func `a permit that has come is nothing to wait for`() {
        var pacer = Pacer(rate: 1)
        pacer.use(now: .at(0))
        #expect(pacer.nextLook(due: nil, now: .at(1)) == nil)
        #expect(pacer.nextLook(due: .at(7), now: .at(1)) == .at(7))
    }

    @Test func `spaces starts by the rate`() {
        var pacer = Pacer(rate: 50)
        #expect(pacer.permits(now: .at(0)))
        pacer.use(now: .at(0))
        #expect(pacer.nextLook(due: nil, now: .at(0)) == .at(0) + .milliseconds(20))
        #expect(!pacer.permits(now: .at(0) + .nanoseconds(19_999_999)))
        #expect(pacer.permits(now: .at(0) + .milliseconds(20)))
    }

    @Test func `time in which nothing started is not saved up`() {
        var pacer = Pacer(rate: 1)
        pacer.use(now: .at(0))
        pacer.use(now: .at(100))
        #expect(pacer.nextLook(due: nil, now: .at(100)) == .at(101))
    }

    @Test(arguments: [0.5, 1, 50, 1000])
    func `permits as many starts as the rate says`(rate: Double) {
        var pacer = Pacer(rate: rate)
        var starts = 0
        for tick in 0..<20_000 {
            let now = MonotonicTime.at(0) + .milliseconds(tick)
            guard pacer.permits(now: now) else { continue }
            pacer.use(now: now)
            starts += 1
        }
        #expect(starts == Int(rate * 20))
    }
}

@Suite struct SignalTests {
    @Test func `a ring before the wait is not lost, and counts once`() async {
        let signal = Signal()
        let thread = ExecutorThread(named: "test")
        signal.send()
        signal.send()
        await signal.wait()
        // The second wait ends by the alarm, not by the second ring.
        let deadline = MonotonicTime.now() + .milliseconds(20)
        thread.ring(signal, at: deadline)
        thread.wakeUp()
        await signal.wait()
        #expect(MonotonicTime.now() >= deadline)
        thread.stop()
    }

    @Test func `a ring ends the wait`() async {
        let signal = Signal()
        async let waiting: Void = signal.wait()
        signal.send()
        await waiting
    }

    @Test func `an alarm for a moment that has passed rings at once`() async {
        let (signal, thread) = (Signal(), ExecutorThread(named: "test"))
        thread.ring(signal, at: .now() + .seconds(-1))
        thread.wakeUp()
        await signal.wait()
        thread.stop()
    }

    @Test func `a later alarm takes the place of the one before`() async {
        let (signal, thread) = (Signal(), ExecutorThread(named: "test"))
        thread.ring(signal, at: .now() + .milliseconds(1))
        let later = MonotonicTime.now() + .milliseconds(60)
        thread.ring(signal, at: later)
        thread.wakeUp()
        await signal.wait()
        #expect(MonotonicTime.now() >= later)
        thread.stop()
    }

    @Test func `many rings from everywhere wake the one who waits each time`() async {
        let signal = Signal()
        let served = Locked(0)
        let wanted = 1000
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var seen = 0
                while seen < wanted {
                    await signal.wait()
                    seen = served.withLock { $0 }
                }
            }
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<wanted / 4 {
                        served.withLock { $0 += 1 }
                        signal.send()
                        await Task.yield()
                    }
                }
            }
        }
        #expect(served.withLock { $0 } == wanted)
    }
}

extension ExecutorThread {
    /// Makes the thread look at its alarm, which it does by itself after each of its own jobs.
    fileprivate func wakeUp() {
        Task(executorPreference: self) {}
    }
}

@Suite struct RouteTests {
    private static let sources = ["/webhooks/bitgo", "/webhooks/other", "/"].map { Array($0.utf8) }

    private func route(_ path: String, sources: [[UInt8]] = sources) -> Route {
        Route(Array(path.utf8).span, sources: sources)
    }

    @Test(arguments: [
        ("/webhooks/bitgo", Route.source(0, type: nil)), ("/webhooks/other", .source(1, type: nil)),
        ("/", .source(2, type: nil)),
        ("/webhooks/bitgo/identityStatus", .source(0, type: "identityStatus")),
        ("/webhooks/other/a.b-c_9", .source(1, type: "a.b-c_9")), ("/webhooks/bitgo/..", .source(0, type: "..")),
    ])
    func `leads to a source, with or without a type`(path: String, expected: Route) {
        #expect(route(path) == expected)
    }

    @Test(arguments: [
        "", "/webhooks", "/webhooks/", "/webhooks/bitg", "/webhooks/bitgo/", "/webhooks/bitgo//", "/webhooks/bitgo/a/b",
        "/webhooks/bitgox", "/Webhooks/bitgo", "//webhooks/bitgo", "/webhooks//bitgo", "/webhooks/bitgo/a%20b",
        "/webhooks/bitgo/a b", "/webhooks/bitgo/%61", "/webhooks/bitg%6f", "/webhooks/bitgo/ä", "/webhooks/bitgo/a?b",
        "/webhooks/bitgo/a;b", "webhooks/bitgo", "/webhooks/bitgo/a\u{0}",
    ])
    func `leads nowhere with anything else`(path: String) {
        #expect(route(path) == .nowhere)
    }

    @Test(arguments: [(1, true), (63, true), (64, true), (65, false)])
    func `a type has at most 64 characters`(length: Int, isRoute: Bool) {
        let type = String(repeating: "x", count: length)
        #expect(route("/webhooks/bitgo/\(type)") == (isRoute ? .source(0, type: type) : .nowhere))
    }

    @Test func `without sources every path leads nowhere`() {
        #expect(route("/webhooks/bitgo", sources: []) == .nowhere)
    }
}

@Suite struct EventMatcherTests {
    private let event = Delivery.sample().event

    @Test(arguments: [
        (SinkFilter.everything, true), (.field(.type, in: [.init("identityStatus")]), true),
        (.field(.status, in: [.init("declined")]), false), (.all([]), true), (.any([]), false),
        (.not(.everything), false),
    ])
    func `asks a filter without needing the body`(filter: SinkFilter, matches: Bool) {
        let matcher = EventMatcher(filter, sink: "s")
        #expect(!matcher.needsBody)
        #expect(matcher.matches(event, body: nil) == matches)
    }

    @Test(arguments: [
        (#"{"a":{"b":"67d2x"}}"#, true), (#"{"a":{"b":"67d3x"}}"#, false), (#"{"a":{"b":null}}"#, false),
        (#"{"a":{}}"#, false), ("[]", false), ("no json", false), ("", false),
    ])
    func `looks into the body`(body: String, matches: Bool) throws {
        let matcher = EventMatcher(.body(try #require(JSONPointer("/a/b")), in: [.init("67d2*")]), sink: "s")
        #expect(matcher.needsBody)
        #expect(matcher.matches(event, body: Array(body.utf8)) == matches)
    }

    @Test(arguments: [("7", "7"), ("1.50", "1.50"), ("true", "true"), ("false", "false")])
    func `numbers and truth values in the body match as they are written`(value: String, pattern: String) throws {
        let matcher = EventMatcher(.body(try #require(JSONPointer("/a")), in: [.init(pattern)]), sink: "s")
        #expect(matcher.matches(event, body: Array(#"{"a":\#(value)}"#.utf8)))
    }

    @Test func `a body that was deleted matches no condition on it`() throws {
        let condition = SinkFilter.body(try #require(JSONPointer("/a")), in: [.init("*")])
        #expect(!EventMatcher(condition, sink: "s").matches(event, body: nil))
        #expect(EventMatcher(.not(condition), sink: "s").matches(event, body: nil))
    }

    @Test func `finds conditions on the body wherever they stand`() throws {
        let one = SinkFilter.body(try #require(JSONPointer("/a")), in: [.init("1")])
        let two = SinkFilter.body(try #require(JSONPointer("/b")), in: [.init("2")])
        let matcher = EventMatcher(.all([.any([.not(one), two]), .change(in: Set(StatusChange.allCases))]), sink: "s")
        #expect(matcher.needsBody)
        #expect(matcher.matches(event, body: Array(#"{"a":"1","b":"2"}"#.utf8)))
        #expect(!matcher.matches(event, body: Array(#"{"a":"1","b":"3"}"#.utf8)))
        #expect(matcher.matches(event, body: Array(#"{"a":"0","b":"3"}"#.utf8)))
    }

    @Test func `says what does not hold`() throws {
        let matcher = EventMatcher(.body(try #require(JSONPointer("/a")), in: [.init("1")]), sink: "s")
        #expect(matcher.mismatch(event, body: Array(#"{"a":"2"}"#.utf8)) == #"body /a is "2""#)
        #expect(matcher.mismatch(event, body: Array("{}".utf8)) == "body /a is missing")
        #expect(matcher.mismatch(event, body: Array(#"{"a":"1"}"#.utf8)) == nil)
    }
}

extension MonotonicTime {
    /// So many seconds after a moment at which tests begin.
    static func at(_ seconds: Int) -> MonotonicTime {
        MonotonicTime(nanoseconds: 1_000_000_000_000) + .seconds(seconds)
    }
}
