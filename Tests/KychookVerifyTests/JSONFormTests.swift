import Testing

@testable import KychookVerify

@Suite struct JSONFormTests {
    /// Made with Python's json.dumps of the same value.
    @Test(arguments: [
        (JSONForm.compact, #"{"a":1,"b":[true,null,"x, y: {z}"],"c":{},"d":[]}"#),
        (.spaced, #"{"a": 1, "b": [true, null, "x, y: {z}"], "c": {}, "d": []}"#),
        (
            .indented2,
            "{\n  \"a\": 1,\n  \"b\": [\n    true,\n    null,\n    \"x, y: {z}\"\n  ],\n  \"c\": {},\n  \"d\": []\n}"
        ),
        (
            .indented4,
            "{\n    \"a\": 1,\n    \"b\": [\n        true,\n        null,\n        \"x, y: {z}\"\n    ],\n"
                + "    \"c\": {},\n    \"d\": []\n}"
        ),
    ])
    func `writes a form from any other`(form: JSONForm, expected: String) {
        for other in [JSONForm.compact, .spaced, .indented2, .indented4] {
            let text = other.write(Array(#"{"a":1,"b":[true,null,"x, y: {z}"],"c":{},"d":[]}"#.utf8))
            #expect(text.flatMap(form.write).map { String(decoding: $0, as: UTF8.self) } == expected)
        }
    }

    @Test(arguments: [
        (JSONForm.escapedCompact, #"{"Zo\u00eb":"\ud83d\ude00 \u20ac ~"}"#),
        (.escapedSpaced, #"{"Zo\u00eb": "\ud83d\ude00 \u20ac ~"}"#),
    ])
    func `escapes what is not ascii`(form: JSONForm, expected: String) {
        let written = form.write(Array("{\"Zoë\":\"\u{1F600} € ~\"}".utf8))
        #expect(written.map { String(decoding: $0, as: UTF8.self) } == expected)
    }

    @Test func `is given up where it would be far larger than the text`() {
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 1 << 20)
        #expect(JSONForm.compact.write(deep) == deep)
        #expect(JSONForm.indented4.write(deep) == nil)
    }

    @Test(arguments: [#"{"a":"say \"hi, you\" \\"}"#, #"["\\\"",1e400,-0.0]"#])
    func `leaves strings and numbers as they are`(text: String) {
        #expect(JSONForm.compact.write(Array(text.utf8)) == Array(text.utf8))
    }

    @Test(arguments: ["", "]", "}}}}", "{\"open", "\"\\", "[[[[", "\u{0}", ",:,:", "{]}["], JSONForm.allCases)
    func `takes any bytes`(text: String, form: JSONForm) {
        // No JSON, so there is no right answer; it only has to come back, with nothing that was not there.
        let written = form.write(Array(text.utf8)) ?? []
        let blanks: Set<UInt8> = [0x20, 0x0A]
        #expect(written.filter { !blanks.contains($0) } == Array(text.utf8).filter { !blanks.contains($0) })
    }
}
