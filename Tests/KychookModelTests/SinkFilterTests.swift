import KychookModel
import Testing

@Suite struct PatternTests {
    @Test(arguments: [
        ("", ""), ("a", "a"), ("*", ""), ("*", "anything at all"), ("a*", "a"), ("a*", "abc"), ("*c", "abc"),
        ("a*c", "ac"),
        ("a*c", "abcbc"), ("*b*", "abc"), ("?", "a"), ("a?c", "abc"), ("?*", "a"), ("**", ""), ("a**b", "ab"),
        ("*a*b*a*", "xaybza"),
        ("67d2*", "67d2f00d"), ("?", "ä"), ("*.*", "."), ("a*a*a", "aaa"), ("*?", "ab"), ("*\u{1F600}", "x\u{1F600}"),
    ])
    func `matches`(pattern: String, text: String) {
        #expect(SinkFilter.Pattern(pattern).matches(text))
    }

    @Test(arguments: [
        ("", "a"), ("a", ""), ("a", "A"), ("a", "ab"), ("ab", "a"), ("?", ""), ("?", "ab"), ("a*", "ba"), ("*c", "cb"),
        ("a*c", "ab"),
        ("a*a*a", "aa"), ("*a*b*", "ba"), ("?*?", "a"), (".", "a"), ("[ab]", "a"),
    ])
    func `does not match`(pattern: String, text: String) {
        #expect(!SinkFilter.Pattern(pattern).matches(text))
    }

    @Test func `agrees with the definition on all short texts`() {
        func defined(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
            guard let first = pattern.first else { return text.isEmpty }
            if first == "*" {
                return (text.startIndex...text.endIndex).contains { defined(pattern.dropFirst(), text[$0...]) }
            }
            return (first == "?" || first == text.first) && !text.isEmpty
                && defined(pattern.dropFirst(), text.dropFirst())
        }
        func words(_ alphabet: [Character], upTo length: Int) -> [[Character]] {
            length == 0
                ? [[]] : [[]] + words(alphabet, upTo: length - 1).flatMap { word in alphabet.map { word + [$0] } }
        }
        for pattern in Set(words(["a", "b", "*", "?"], upTo: 4)) {
            for text in Set(words(["a", "b"], upTo: 4)) {
                let (isMatch, expected) = (
                    SinkFilter.Pattern(String(pattern)).matches(String(text)), defined(pattern[...], text[...])
                )
                #expect(isMatch == expected, "\(String(pattern)) on \(String(text))")
            }
        }
    }

    @Test func `a pattern made to take forever does not`() {
        let pattern = SinkFilter.Pattern(String(repeating: "a*", count: 500) + "b")
        let start = ContinuousClock.now
        #expect(!pattern.matches(String(repeating: "a", count: 10_000)))
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}

@Suite struct SinkFilterTests {
    private let event = Event(
        sequence: 1,
        id: EventID(high: 1, low: 1),
        received: Timestamp(milliseconds: 0),
        source: "bitgo",
        interpretation: Interpretation(
            type: "identityStatus",
            subject: Subject(kind: .identity, id: "0d2f"),
            status: "approved",
            enterprise: "67d2f00d"
        ),
        change: .changed,
        previousStatus: "in review",
        keyReused: false,
        via: .webhook
    )

    private func text(at pointer: JSONPointer) -> String? {
        pointer.tokens == ["a"] ? "x" : nil
    }

    private func field(_ field: SinkFilter.Field, _ patterns: String...) -> SinkFilter {
        .field(field, in: patterns.map { .init($0) })
    }

    private func mismatch(_ filter: SinkFilter) -> String? {
        filter.mismatch(event, body: text(at:))
    }

    @Test func `each condition holds for its value`() {
        #expect(mismatch(.everything) == nil)
        #expect(mismatch(field(.source, "bitgo")) == nil)
        #expect(mismatch(field(.type, "other", "identity*")) == nil)
        #expect(mismatch(field(.status, "approved")) == nil)
        #expect(mismatch(field(.previousStatus, "in review")) == nil)
        #expect(mismatch(field(.subject, "identity/*")) == nil)
        #expect(mismatch(field(.enterprise, "67d2*")) == nil)
        #expect(mismatch(.change(in: [.first, .changed])) == nil)
        #expect(mismatch(.via(in: [.webhook])) == nil)
        #expect(mismatch(.body(JSONPointer(tokens: ["a"]), in: [.init("x")])) == nil)
    }

    @Test func `what does not hold is said in words`() {
        #expect(mismatch(field(.status, "declined")) == "status is \"approved\"")
        #expect(mismatch(field(.organization, "*")) == "organization is missing")
        #expect(mismatch(.change(in: [.first])) == "change is changed")
        #expect(mismatch(.via(in: [.api])) == "via is webhook")
        #expect(mismatch(.body(JSONPointer(tokens: ["a"]), in: [.init("y")])) == "body /a is \"x\"")
        #expect(mismatch(.body(JSONPointer(tokens: ["b"]), in: [.init("*")])) == "body /b is missing")
        #expect(mismatch(.all([.everything, .via(in: [.api])])) == "via is webhook")
        #expect(mismatch(.any([.via(in: [.api]), field(.type, "x")])) != nil)
        #expect(mismatch(.any([])) != nil)
        #expect(mismatch(.not(.everything)) != nil)
    }

    @Test func `conditions nest`() {
        #expect(mismatch(.any([.via(in: [.api]), .everything])) == nil)
        #expect(mismatch(.not(.via(in: [.api]))) == nil)
        #expect(mismatch(.not(.not(.everything))) == nil)
        #expect(mismatch(.all([.not(.any([])), .any([.all([])])])) == nil)
    }
}
