import KychookBitGo
import KychookInterpret
import KychookModel
import Testing

/// Genuine bodies as nobody would write them: each becomes an event, none is an error.
@Suite struct HostileBodyTests {
    private let bitgo = SourcePreset.bitgo

    @Test(arguments: [
        "", " ", "\n", "{", "}", "{]", #"{"type":"transfer""#, #"{"type":"transfer"}}"#, #"{"type":"transfer"} x"#,
        #"{"type":"transfer"}{}"#, #"{"type":"transfer",}"#, #"{type:"transfer"}"#, "{'type':'transfer'}",
        #"{"type":"transfer" "a":1}"#, #"{"type" "transfer"}"#, #"{"type":"transfer","a":}"#, "nul", "tru", "truex",
        #"{"a":nul}"#, #"{"a":truee}"#, #"{"a":01}"#, #"{"a":+1}"#, #"{"a":.5}"#, #"{"a":1.}"#, #"{"a":1e}"#,
        #"{"a":-}"#,
        #"{"a":0x10}"#, #"{"a":NaN}"#, #"{"a":Infinity}"#, #"{"a":"\x"}"#, #"{"a":"\u12g4"}"#, #"{"a":"\u12"}"#,
        #"{"\q":1}"#, "{\"a\":\"line\nend\"}", "{\"a\":\"nul\u{0}\"}", #"{"a":1}/* c */"#, "// c\n{}", "[1,2", "[1 2]",
        #""open"#, "type=transfer&a=1", "<xml/>", "\u{FEFF}{", "{\"type\":\"transfer\"}\u{0}", "1 2", "--1",
    ])
    func `text that is not json is uninterpreted`(body: String) {
        #expect(bitgo.read(body) == Interpretation(type: "uninterpreted", problem: .notJSON))
    }

    @Test(arguments: [
        "[]", "[{\"type\":\"transfer\"}]", "1", "-0.5e3", "1e400", "true", "false", "null", "\"text\"", " [ ] ",
    ])
    func `json that is not an object is uninterpreted`(body: String) {
        #expect(bitgo.read(body) == Interpretation(type: "uninterpreted", problem: .notAnObject))
    }

    @Test func `the url's type does not help a body that cannot be read`() {
        #expect(bitgo.read("no json", urlType: "transfer").type == "uninterpreted")
        #expect(bitgo.read("[]", urlType: "transfer").type == "uninterpreted")
    }

    @Test(
        arguments: [
            [0xFF], [0xC3], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80],
        ] as [[UInt8]]
    )
    func `text that is not utf-8 is not json`(bytes: [UInt8]) {
        let inValue = Array(#"{"type":"transfer","a":""#.utf8) + bytes + Array(#""}"#.utf8)
        let inName = Array(#"{"type":"transfer",""#.utf8) + bytes + Array(#"":1}"#.utf8)
        #expect(bitgo.read(inValue).problem == .notJSON)
        #expect(bitgo.read(inName).problem == .notJSON)
        #expect(bitgo.read(bytes).problem == .notJSON)
    }

    // MARK: - Depth

    /// An object, and arrays in it, `depth` levels in all, around something.
    private func nested(_ depth: Int, around inner: String, open: String = "[", close: String = "]") -> String {
        #"{"type":"transfer","a":"# + String(repeating: open, count: depth - 1) + inner
            + String(repeating: close, count: depth - 1) + "}"
    }

    @Test(arguments: [(254, true), (255, true), (256, false)], ["0", #""x""#, "null"])
    func `an object nests at most 255 levels deep`(limit: (depth: Int, isRead: Bool), inner: String) {
        #expect((bitgo.read(nested(limit.depth, around: inner)).problem == nil) == limit.isRead)
        let objects = nested(limit.depth, around: inner, open: #"{"a":"#, close: "}")
        #expect((bitgo.read(objects).problem == nil) == limit.isRead)
    }

    @Test(arguments: [(254, true), (255, true), (256, false)])
    func `empty containers count as levels too`(depth: Int, isRead: Bool) {
        #expect((bitgo.read(nested(depth, around: "")).problem == nil) == isRead)
        #expect((bitgo.read(nested(depth - 1, around: "{}")).problem == nil) == isRead)
    }

    @Test(arguments: [(254, Interpretation.Problem.notAnObject), (255, .notAnObject), (256, .notJSON)])
    func `an array nests at most 255 levels deep`(depth: Int, problem: Interpretation.Problem) {
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(bitgo.read(text).problem == problem)
    }

    @Test(arguments: ["[", #"{"a":"#, #"[{"a":"#])
    func `10 000 levels do no harm`(open: String) {
        #expect(bitgo.read(String(repeating: open, count: 10_000)).problem == .notJSON)
        #expect(bitgo.read(nested(10_000, around: "1")).problem == .notJSON)
    }

    // MARK: - Duplicate names

    @Test func `the last of several equal names counts`() {
        let result = bitgo.read(
            #"{"type":"transfer","type":"identityStatus","identityId":"a","identityId":"b","identityStatus":"x","identityStatus":"y"}"#
        )
        #expect(result.type == "identityStatus")
        #expect(result.subject?.id == "b")
        #expect(result.status == "y")
    }

    @Test func `a later value of another kind takes an earlier one away`() {
        let result = bitgo.read(#"{"type":"identityStatus","identityId":"a","id":"b","identityId":null,"status":"x"}"#)
        #expect(result.subject?.id == "b")
    }

    @Test func `a later object without the member takes an earlier one's away`() {
        let result = bitgo.read(
            #"{"type":"identityStatus","status":"x","data":{"identityId":"a"},"id":"b","data":{"other":1}}"#
        )
        #expect(result.subject?.id == "b")
    }

    @Test func `a later value that is no object takes an earlier object's members away`() {
        let result = bitgo.read(#"{"type":"identityStatus","status":"x","data":{"identityId":"a"},"id":"b","data":7}"#)
        #expect(result.subject?.id == "b")
    }

    @Test func `an escaped name is the same name`() {
        let result = bitgo.read(#"{"\u0074ype":"identityStatus","identity\u0049d":"a","identityId":"b","status":"x"}"#)
        #expect(result.type == "identityStatus")
        #expect(result.subject?.id == "b")
    }

    @Test(arguments: [#"\ud800"#, #"\udc00"#, #"\ud800\u0041"#])
    func `a lone surrogate elsewhere hurts nothing`(surrogate: String) {
        let result = bitgo.read(
            #"{"note":"\#(surrogate)","\#(surrogate)":1,"type":"identityStatus","identityId":"i1","status":"x","list":["\#(surrogate)"]}"#
        )
        #expect(result.subject?.id == "i1")
        #expect(result.problem == nil)
    }

    @Test func `a lone surrogate in a wanted field passes it over`() {
        let result = bitgo.read(#"{"type":"identityStatus","identityId":"\ud800","id":"i1","status":"x"}"#)
        #expect(result.subject?.id == "i1")
    }

    @Test func `a name that is a lone surrogate is not the empty name`() {
        let preset = SourcePreset.bitgo { $0.key = [.at("/")] }
        #expect(preset.read(#"{"type":"transfer","\ud800":"no"}"#).key == nil)
        #expect(preset.read(#"{"type":"transfer","":"yes"}"#).key == "yes")
    }

    // MARK: - Numbers and sizes

    @Test(arguments: [
        "1e400", "-1e400", "1e-400", "0.0e-0", "18446744073709551616", String(repeating: "9", count: 400),
        "0." + String(repeating: "1", count: 400), "1E+9999999999",
    ])
    func `a number of any size is a number`(number: String) {
        let result = bitgo.read(
            #"{"type":"identityStatus","id":"i1","status":"x","n":\#(number),"list":[\#(number) , \#(number)]}"#
        )
        #expect(result.problem == nil)
        #expect(result.subject?.id == "i1")
    }

    @Test func `a number longer than an id may be is passed over`() {
        let number = String(repeating: "9", count: 400)
        let result = bitgo.read(#"{"type":"identityStatus","identityId":\#(number),"id":"i1","status":"x"}"#)
        #expect(result.subject?.id == "i1")
    }

    @Test func `blanks of every kind may stand between tokens`() {
        let result = bitgo.read(
            "\r\n\t {\"type\" :\t\"identityStatus\"\r\n,\n\"id\": 7 ,\"status\":\"x\" , \"b\": true }\r\n "
        )
        #expect(result.subject?.id == "7")
        #expect(result.problem == nil)
    }

    @Test func `a byte order mark makes a body uninterpreted, not lost`() {
        // RFC 8259, section 8.1: nobody may send one. Inside a CloudEvent's data it would not be JSON.
        let body = [0xEF, 0xBB, 0xBF] + Array(#"{"type":"identityStatus","id":"i1","status":"x"}"#.utf8)
        #expect(bitgo.read(body) == Interpretation(type: "uninterpreted", problem: .notJSON))
    }

    @Test func `the last byte before the end of memory is safe`() {
        // Every prefix of a body: none may read past its end. Under the address sanitizer this finds it.
        let body = Array(#"{"type":"identityStatus","a":[1,true,null,"\u0041"],"id":"i1","status":"x"}"#.utf8)
        for length in 0..<body.count {
            #expect(bitgo.read(Array(body[..<length])).problem == .notJSON)
        }
    }

    @Test func `one reader serves small bodies after a large one`() {
        let interpreter = Interpreter(preset: bitgo)
        let reader = JSONReader()
        func id(_ body: String) -> String? {
            Array(body.utf8).withUnsafeBytes {
                interpreter.interpret($0, urlType: nil, header: { _ in nil }, reader: reader).subject?.id
            }
        }
        let small = #"{"type":"identityStatus","id":"i1","status":"x"}"#
        let large =
            #"{"type":"identityStatus","pad":"\#(String(repeating: "x", count: 3 << 20))","id":"i2","status":"x"}"#
        let medium =
            #"{"type":"identityStatus","pad":"\#(String(repeating: "x", count: 70_000))","id":"i3","status":"x"}"#
        for _ in 0..<3 {
            #expect(id(small) == "i1")
            #expect(id(large) == "i2")
            #expect(id(medium) == "i3")
            #expect(id("[[[") == nil)
        }
    }

    @Test func `values of one body do not show in the next`() {
        let interpreter = Interpreter(preset: bitgo)
        let reader = JSONReader()
        let results = [#"{"type":"transfer","enterpriseId":"e1","idempotencyKey":"k1"}"#, "[]", #"{"type":"x"}"#].map {
            body in
            Array(body.utf8).withUnsafeBytes {
                interpreter.interpret($0, urlType: nil, header: { _ in nil }, reader: reader)
            }
        }
        #expect(results[0].key == "k1")
        #expect(results[1] == Interpretation(type: "uninterpreted", problem: .notAnObject))
        #expect(results[2] == Interpretation(type: "x"))
    }
}
