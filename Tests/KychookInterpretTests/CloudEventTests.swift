import Foundation
import KychookBitGo
import KychookInterpret
import KychookModel
import Testing

@Suite struct CloudEventTests {
    static let event = Event(
        sequence: 42,
        id: EventID(high: 1, low: 2),
        received: Timestamp(milliseconds: 1_768_747_001_793),
        source: "bitgo",
        interpretation: Interpretation(
            type: "identityStatus",
            subject: Subject(kind: .identity, id: "i1"),
            status: "approved",
            enterprise: "e1",
            organization: "o1",
            key: "k1"
        ),
        change: .changed,
        previousStatus: "in review",
        keyReused: false,
        via: .webhook
    )

    @Test func `has exactly these members`() throws {
        let document = try parse(Self.event, #"{"a":[1,"x"]}"#)
        let expected: [String: Any] = [
            "specversion": "1.0", "id": "evt_0000000000000G000000000002", "source": "/sources/bitgo",
            "type": "com.bitgo.identityStatus", "subject": "identity/i1", "time": "2026-01-18T14:36:41.793Z",
            "sequence": "00000000000000000042", "status": "approved", "previousstatus": "in review",
            "statuschange": "changed", "via": "webhook", "idempotencykey": "k1", "keyreused": false, "replay": false,
            "datacontenttype": "application/json", "data": ["a": [1, "x"] as [Any]],
        ]
        #expect(document as NSDictionary == expected as NSDictionary)
    }

    @Test func `leaves out what an event has not`() throws {
        var event = Self.event
        event.interpretation = Interpretation(type: "uninterpreted", problem: .noType)
        event.change = .none
        event.previousStatus = nil
        let names = try Set(parse(event, "{}").keys)
        let expected: Set = [
            "specversion", "id", "source", "type", "time", "sequence", "statuschange", "via", "keyreused", "replay",
            "datacontenttype", "data",
        ]
        #expect(names == expected)
    }

    @Test func `begins with the members by which a log line is known`() {
        let document = CloudEvent.document(for: Self.event, body: nil, typePrefix: "com.bitgo.")
        let start = #"{"specversion":"1.0","id":"evt_0000000000000G000000000002","#
        #expect(String(decoding: document, as: UTF8.self).hasPrefix(start))
    }

    @Test func `says when a key was reused and when it is a replay`() throws {
        var event = Self.event
        event.keyReused = true
        let document = CloudEvent.document(for: event, body: nil, typePrefix: "", isReplay: true)
        let members = try #require(JSONSerialization.jsonObject(with: Data(document)) as? [String: Any])
        #expect(members["keyreused"] as? Bool == true)
        #expect(members["replay"] as? Bool == true)
    }

    @Test(arguments: [
        (true, "declined", #""replay":true,"currentstatus":"declined"}"#),
        (true, nil, #""replay":true}"#),
        (false, "declined", #""replay":false}"#),
        (true, "a\"b", #""replay":true,"currentstatus":"a\"b"}"#),
    ])
    func `says where the subject stands now right after a replay's mark, and only there`(
        isReplay: Bool,
        currentStatus: String?,
        end: String
    ) {
        let document = CloudEvent.document(
            for: Self.event,
            body: nil,
            typePrefix: "",
            isReplay: isReplay,
            currentStatus: currentStatus
        )
        #expect(String(decoding: document, as: UTF8.self).hasSuffix("," + end))
    }

    @Test(arguments: StatusChange.allCases)
    func `names every change`(change: StatusChange) throws {
        var event = Self.event
        event.change = change
        #expect(try parse(event, "{}")["statuschange"] as? String == change.rawValue)
    }

    @Test(arguments: [
        (0, "00000000000000000000"), (1, "00000000000000000001"), (9_999_999_999, "00000000009999999999"),
        (Int64.max, "09223372036854775807"),
    ])
    func `writes a sequence with 20 digits, so that text sorts as numbers do`(sequence: Int64, text: String) {
        #expect(CloudEvent.sequenceText(sequence) == text)
    }

    // MARK: - Data

    @Test(arguments: [
        ("{\r\n\t\"a\" :\n1\r}", "{  \t\"a\" : 1 }"), ("{\"a\":\"x\\ny\"}", "{\"a\":\"x\\ny\"}"),
        ("{\"n\":1e400,\"n\":0.10}", "{\"n\":1e400,\"n\":0.10}"),
    ])
    func `the body stands in data as it came, but for line ends between tokens`(body: String, data: String) {
        let document = CloudEvent.document(for: Self.event, body: Array(body.utf8), typePrefix: "")
        let text = String(decoding: document, as: UTF8.self)
        #expect(text.hasSuffix(#","data":\#(data)}"#))
        #expect(!document.contains(0x0A) && !document.contains(0x0D))
    }

    @Test(arguments: ["[1,2]", "7", "null", "\"text\"", " [ ]\n"])
    func `json that is no object stands in data too`(body: String) throws {
        var event = Self.event
        event.interpretation = SourcePreset.bitgo.read(body)
        let members = try parse(event, body)
        #expect(members["data"] != nil)
        #expect(members["data_base64"] == nil)
    }

    @Test(arguments: [[], [0xFF, 0xFE], Array("no json".utf8), Array("{\"a\":\n".utf8)] as [[UInt8]])
    func `a body that is not json goes into data_base64`(body: [UInt8]) throws {
        var event = Self.event
        event.interpretation = SourcePreset.bitgo.read(body)
        let document = CloudEvent.document(for: event, body: body, typePrefix: "")
        let members = try #require(JSONSerialization.jsonObject(with: Data(document)) as? [String: Any])
        let text = try #require(members["data_base64"] as? String)
        #expect(Data(base64Encoded: text) == Data(body))
        #expect(members["data"] == nil)
        #expect(members["datacontenttype"] == nil)
    }

    @Test func `without a body there is no data`() throws {
        let document = CloudEvent.document(for: Self.event, body: nil, typePrefix: "com.bitgo.")
        let members = try #require(JSONSerialization.jsonObject(with: Data(document)) as? [String: Any])
        #expect(members["data"] == nil)
        #expect(members["data_base64"] == nil)
        #expect(members["datacontenttype"] == nil)
    }

    @Test(arguments: [
        "\"", "\\", "\u{0}", "\n", "\r", "\u{1F}", "\u{7F}", "ä", "😀", "</script>", "\u{2028}", "a\\u0041",
    ])
    func `text from outside is escaped`(text: String) throws {
        var event = Self.event
        event.interpretation.status = text
        event.interpretation.key = "x\(text)y"
        event.interpretation.subject = Subject(kind: .identity, id: text)
        let document = CloudEvent.document(for: event, body: nil, typePrefix: "")
        #expect(!document.contains { $0 < 0x20 })
        let members = try #require(JSONSerialization.jsonObject(with: Data(document)) as? [String: Any])
        #expect(members["status"] as? String == text)
        #expect(members["idempotencykey"] as? String == "x\(text)y")
        #expect(members["subject"] as? String == "identity/\(text)")
    }

    private func parse(_ event: Event, _ body: String) throws -> [String: Any] {
        let document = CloudEvent.document(for: event, body: Array(body.utf8), typePrefix: "com.bitgo.")
        return try #require(JSONSerialization.jsonObject(with: Data(document)) as? [String: Any])
    }
}
