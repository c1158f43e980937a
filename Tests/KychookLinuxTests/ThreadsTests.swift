import Glibc
import KychookLinux
import Testing

@Suite struct ThreadsTests {
    // MARK: - Locked

    @Test func `changes by many threads are all kept`() {
        let counter = Locked(0)
        let ended = Monitor(0)
        for number in 0..<4 {
            Thread(named: "count \(number)") {
                for _ in 0..<10_000 { counter.withLock { $0 += 1 } }
                ended.update { $0 += 1 }
            }
            .detach()
        }
        _ = ended.wait { $0 == 4 ? true : nil }
        #expect(counter.withLock { $0 } == 40_000)
    }

    @Test func `the lock is given back when the section throws`() {
        struct Failure: Error {}
        let value = Locked(1)
        #expect(throws: Failure.self) { try value.withLock { _ in throw Failure() } }
        #expect(value.withLock { $0 } == 1)
        let monitor = Monitor(2)
        #expect(throws: Failure.self) { try monitor.withLock { _ in throw Failure() } }
        #expect(monitor.withLock { $0 } == 2)
    }

    @Test func `a polite thread gives way without its process`() {
        let seen = Monitor<(own: Int32, others: Int32)?>(nil)
        Thread(named: "polite") {
            Thread.yieldToOthers()
            let which = __priority_which_t(PRIO_PROCESS.rawValue)
            seen.update { $0 = (getpriority(which, 0), getpriority(which, id_t(getpid()))) }
        }
        .detach()
        let found = seen.wait { $0 }
        #expect(found?.own == 10)
        #expect(found.map { $0.others < 10 } == true)
    }

    // MARK: - Monitor

    @Test func `a wait ends when the state is as wanted`() {
        let monitor = Monitor(0)
        Thread(named: "writer") {
            for _ in 0..<100 { monitor.update { $0 += 1 } }
        }
        .detach()
        let seen = monitor.wait { $0 == 100 ? "done" : nil }
        #expect(seen == "done")
    }

    @Test func `a wait whose state is as wanted does not wait`() {
        #expect(Monitor(7).wait { $0 } == 7)
        #expect(Monitor(7).wait(until: .now() + .seconds(-1)) { $0 } == 7)
    }

    @Test func `a wait ends at its deadline`() {
        let deadline = MonotonicTime.now() + .milliseconds(20)
        let seen = Monitor(0).wait(until: deadline) { _ in Int?.none }
        #expect(seen == nil)
        #expect(MonotonicTime.now() >= deadline)
    }

    @Test func `every thread that waits is woken`() {
        let monitor = Monitor((isOpen: false, passed: 0))
        for number in 0..<5 {
            Thread(named: "waiter \(number)") {
                _ = monitor.wait { $0.isOpen ? true : nil }
                monitor.update { $0.passed += 1 }
            }
            .detach()
        }
        monitor.update { $0.isOpen = true }
        #expect(monitor.wait { $0.passed == 5 ? 5 : nil } == 5)
    }

    @Test func `a wait may take from the state`() {
        let queue = Monitor([1, 2, 3])
        #expect(queue.wait { $0.isEmpty ? nil : $0.removeFirst() } == 1)
        #expect(queue.withLock { $0 } == [2, 3])
    }

    // MARK: - Thread

    @Test func `joining waits for the thread's end`() {
        let done = Locked(false)
        Thread(named: "worker") { done.withLock { $0 = true } }.join()
        #expect(done.withLock { $0 })
    }

    @Test(arguments: [
        ("short", "short"), ("exactly fifteen", "exactly fifteen"), ("longer than fifteen bytes", "longer than fif"),
    ])
    func `a thread has its name`(name: String, shown: String) {
        let seen = Locked("")
        Thread(named: name) {
            let file = try? Descriptor.open("/proc/thread-self/comm", O_RDONLY)
            let bytes = try? file?.readAll(limit: 100)
            let text = String(decoding: bytes?.dropLast() ?? [], as: UTF8.self)
            seen.withLock { $0 = text }
        }
        .join()
        #expect(seen.withLock { $0 } == shown)
    }

    @Test func `there is a CPU to use`() {
        #expect(Thread.usableCPUs >= 1)
    }

    // MARK: - Time

    @Test(arguments: [
        (Duration.zero, Int64(100)), (.nanoseconds(1), 101), (.seconds(2), 2_000_000_100), (.nanoseconds(-50), 50),
    ])
    func `a moment moves by a duration`(duration: Duration, nanoseconds: Int64) {
        let moment = MonotonicTime(nanoseconds: 100)
        #expect(moment + duration == MonotonicTime(nanoseconds: nanoseconds))
        #expect((moment + duration) - moment == duration)
    }

    @Test func `the clock does not go back`() {
        let moments = (0..<1000).map { _ in MonotonicTime.now() }
        #expect(moments == moments.sorted())
    }

    @Test func `a moment too far ahead is the last one, not a trap`() {
        let last = MonotonicTime(nanoseconds: .max)
        #expect(MonotonicTime.now() + .seconds(Int64.max) == last)
        #expect(last + .nanoseconds(1) == last)
    }
}
