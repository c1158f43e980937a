import KychookModel
import Testing

@Suite struct EventIDTests {
    /// The same bits again and again.
    private struct Constant: RandomNumberGenerator, Sendable {
        var bits: UInt64
        mutating func next() -> UInt64 { bits }
    }

    @Test(arguments: [
        (0 as UInt64, 0 as UInt64, "evt_00000000000000000000000000"), (.max, .max, "evt_7ZZZZZZZZZZZZZZZZZZZZZZZZZ"),
        (0, 1, "evt_00000000000000000000000001"), (0, .max, "evt_0000000000000FZZZZZZZZZZZZ"),
        (1, 0, "evt_0000000000000G000000000000"), (1 << 16, 0, "evt_00000000010000000000000000"),
    ])
    func `text and number agree`(high: UInt64, low: UInt64, text: String) {
        let id = EventID(high: high, low: low)
        #expect(id.description == text)
        #expect(EventID(text) == id)
        #expect(EventID(text.dropFirst(4).lowercased()) == id)
    }

    @Test func `random IDs survive writing and reading, and their texts sort as they do`() {
        var ids = (0..<1000).map { _ in EventID(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max)) }
        #expect(ids.allSatisfy { EventID($0.description) == $0 })
        ids.sort()
        #expect(ids.map(\.description) == ids.map(\.description).sorted())
    }

    @Test(arguments: [
        "", "evt_", "evt_0000000000000000000000000", "evt_000000000000000000000000000",
        "evt_80000000000000000000000000",
        "evt_0000000000000000000000000U", "evt_0000000000000000000000000I", "evt_0000000000000000000000000-",
        "EVT_00000000000000000000000000", "dlv_00000000000000000000000000", "evt_evt_0000000000000000000000",
        "evt_0000000000000000000000000é", "evt_000000000000000000000000é", "evt_\u{301}0000000000000000000000000",
    ])
    func `other texts are refused`(text: String) {
        #expect(EventID(text) == nil)
    }

    @Test func `IDs rise within one millisecond, carry over, and do not follow the clock back`() {
        var generator = EventIDGenerator(after: nil, random: Constant(bits: .max))
        let now = Timestamp(milliseconds: 1_768_747_001_793)
        let first = generator.next(at: now)
        #expect(first == EventID(high: 1_768_747_001_793 << 16 | 0xFFFF, low: .max))
        let second = generator.next(at: now)
        #expect(second == EventID(high: first.high + 1, low: 0))
        let third = generator.next(at: now - .seconds(3600))
        #expect(third == EventID(high: second.high, low: 1))
        #expect(generator.next(at: now + .seconds(1)) > third)
    }

    @Test func `IDs go on after the newest one of the store`() {
        let last = EventID(high: 1_768_747_001_793 << 16, low: 7)
        var generator = EventIDGenerator(after: last)
        #expect(generator.next(at: Timestamp(milliseconds: 5)) == EventID(high: last.high, low: 8))
        #expect(generator.next(at: Timestamp(milliseconds: 1_768_747_001_794)) > last)
    }

    @Test func `clocks before 1970 and at the end of time do not trap`() {
        var generator = EventIDGenerator(after: nil)
        var last = generator.next(at: Timestamp(milliseconds: .min))
        for milliseconds in [-1, 0, Int64.max, .min] {
            let next = generator.next(at: Timestamp(milliseconds: milliseconds))
            #expect(next > last)
            last = next
        }
    }
}
