import KychookModel
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0 as Int64), ("2026-01-18T14:36:41.793Z", 1_768_747_001_793),
        ("2026-01-18 14:36:41.793Z", 1_768_747_001_793), ("2026-01-18t14:36:41.793z", 1_768_747_001_793),
        ("2026-01-18T15:36:41.793+01:00", 1_768_747_001_793), ("2026-01-18T09:06:41.793-05:30", 1_768_747_001_793),
        ("2026-01-18T14:36:41.7Z", 1_768_747_001_700), ("2026-01-18T14:36:41.7939999999999Z", 1_768_747_001_793),
        ("2000-02-29T00:00:00Z", 951_782_400_000), ("2024-02-29T23:59:59Z", 1_709_251_199_000),
        ("1900-03-01T00:00:00Z", -2_203_891_200_000), ("1969-12-31T23:59:59.999Z", -1),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000), ("0000-01-01T00:00:00Z", -62_167_219_200_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999), ("1970-01-01T00:00:00-00:00", 0),
    ])
    func `reads RFC 3339, and a blank instead of T`(text: String, milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026-01-18", "2026-01-18T14:36:41", "2026-1-18T14:36:41Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z", "2026-01-18T24:00:00Z", "2026-01-18T14:60:00Z", "2026-01-18T14:36:61Z",
        "2026-01-18T14:36:41.Z", "2026-01-18T14:36:41,5Z", "2026-01-18T14:36:41+24:00", "2026-01-18T14:36:41+01:60",
        "2026-01-18T14:36:41+0100", "2026-01-18T14:36:41ZZ", " 2026-01-18T14:36:41Z", "+2026-01-18T14:36:41Z",
        "２０２６-01-18T14:36:41Z", "2026-01-18T14:36:41.00000000000000000000000000Z",
    ])
    func `refuses what is not exactly one date-time with a zone`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test(arguments: [
        (0 as Int64, "1970-01-01T00:00:00.000Z"), (1_768_747_001_793, "2026-01-18T14:36:41.793Z"),
        (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ])
    func `writes RFC 3339 with milliseconds`(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test func `every day of nine hundred years survives writing and reading`() {
        for day in stride(from: -170_000 as Int64, through: 160_000, by: 1) {
            let moment = Timestamp(milliseconds: day * 86_400_000 + 43_210_987)
            guard Timestamp(rfc3339: moment.description) != moment else { continue }
            Issue.record("\(day): \(moment)")
            return
        }
    }

    @Test(arguments: [Int64.min, .min + 1, .max - 1, .max])
    func `the bounds of the number neither trap when written`(milliseconds: Int64) {
        #expect(Timestamp(milliseconds: milliseconds).description.hasSuffix("Z"))
    }

    @Test func `arithmetic saturates instead of overflowing`() {
        let (first, last) = (Timestamp(milliseconds: .min), Timestamp(milliseconds: .max))
        let longest = Duration(secondsComponent: .max, attosecondsComponent: 0)
        let shortest = Duration(secondsComponent: .min, attosecondsComponent: 0)
        #expect(last + .milliseconds(1) == last)
        #expect(first - .milliseconds(1) == first)
        #expect(first + shortest == first)
        #expect(Timestamp(milliseconds: 0) + longest == last)
        #expect(Timestamp(milliseconds: 0) - shortest == last)
        #expect(Timestamp(milliseconds: -5) - longest == first)
        #expect(last - first > .zero)
        #expect(first - last < .zero)
        #expect(Timestamp(milliseconds: 5) - Timestamp(milliseconds: 7) == .milliseconds(-2))
        #expect(Timestamp(milliseconds: 5) < Timestamp(milliseconds: 7))
    }

    @Test func `a duration in milliseconds is cut toward zero and saturates`() {
        #expect(Duration.microseconds(1999).milliseconds == 1)
        #expect(Duration.microseconds(-1999).milliseconds == -1)
        let nearest = Int64.max / 1000
        let above = Duration(secondsComponent: nearest, attosecondsComponent: 999_000_000_000_000_000)
        let below = Duration(secondsComponent: -nearest, attosecondsComponent: -999_000_000_000_000_000)
        #expect(above.milliseconds == .max)
        #expect(below.milliseconds == .min)
        #expect(Duration(secondsComponent: nearest, attosecondsComponent: 0).milliseconds == nearest * 1000)
    }
}
