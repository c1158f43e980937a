import KychookBitGo
import KychookInterpret
import KychookModel
import Testing

/// What bodies mean, by BitGo's preset (bitgo.md sections 4.2 and 4.3; design, sections 3 and 10).
@Suite struct InterpreterTests {
    private let bitgo = SourcePreset.bitgo

    // MARK: - The bodies built against

    @Test func `reads an identityStatus`() {
        let result = bitgo.read(
            #"{"type":"identityStatus","organizationId":"o1","enterpriseId":"e1","userId":"u1","#
                + #""identityId":"i1","identityStatus":"in review","webhook":"w1","idempotencyKey":"k1"}"#
        )
        let expected = Interpretation(
            type: "identityStatus",
            subject: Subject(kind: .identity, id: "i1"),
            status: "in review",
            enterprise: "e1",
            organization: "o1",
            key: "k1"
        )
        #expect(result == expected)
    }

    @Test func `reads a userKycState`() {
        let result = bitgo.read(#"{"type":"userKycState","enterpriseId":"e1","userId":"u1","userKycState":"approved"}"#)
        #expect(result.subject == Subject(kind: .user, id: "u1"))
        #expect(result.status == "approved")
        #expect(result.problem == nil)
    }

    @Test func `reads an enterpriseKycState`() {
        let result = bitgo.read(#"{"type":"enterpriseKycState","enterpriseId":"e1","enterpriseKycState":"pending"}"#)
        #expect(result.subject == Subject(kind: .enterprise, id: "e1"))
        #expect(result.status == "pending")
        #expect(result.enterprise == "e1")
    }

    @Test(arguments: ["accessToken", "bankAccount", "transfer", "a type that nobody knows"])
    func `a type without a subject has neither subject nor status`(type: String) {
        let result = bitgo.read(#"{"type":"\#(type)","id":"x","status":"approved","userId":"u1"}"#)
        #expect(result == Interpretation(type: type))
    }

    // MARK: - Type

    static let statusBody = #"{"identityId":"i1","identityStatus":"approved"}"#

    @Test func `takes the type from the url when the body has none`() {
        let result = bitgo.read(Self.statusBody, urlType: "identityStatus")
        #expect(result.type == "identityStatus")
        #expect(result.subject == Subject(kind: .identity, id: "i1"))
    }

    @Test(arguments: ["identityStatu", "IdentityStatus", "anything", ""])
    func `a type in the url that the preset does not list counts for nothing`(urlType: String) {
        #expect(bitgo.read(Self.statusBody, urlType: urlType).problem == .noType)
        #expect(bitgo.read(#"{"type":"transfer"}"#, urlType: urlType) == Interpretation(type: "transfer"))
    }

    @Test func `url and body may agree`() {
        let result = bitgo.read(#"{"type":"transfer"}"#, urlType: "transfer")
        #expect(result == Interpretation(type: "transfer"))
    }

    @Test(arguments: ["transfer", "userKycState", "something else"])
    func `url and body that disagree leave the event uninterpreted`(type: String) {
        let result = bitgo.read(
            #"{"type":"\#(type)","identityId":"i1","identityStatus":"approved","idempotencyKey":"k1"}"#,
            urlType: "identityStatus"
        )
        #expect(result.type == "uninterpreted")
        #expect(result.problem == .typeConflict)
        #expect(result.subject == nil)
        #expect(result.status == nil)
        #expect(result.key == "k1")
    }

    @Test func `without a type anywhere the event is uninterpreted`() {
        let result = bitgo.read(#"{"identityId":"i1","identityStatus":"approved","enterpriseId":"e1"}"#)
        let expected = Interpretation(type: "uninterpreted", problem: .noType, enterprise: "e1")
        #expect(result == expected)
    }

    // MARK: - Candidates

    @Test(arguments: [
        (#""identityId":"a","id":"b","identity":"c""#, "a"), (#""identity":"c","id":"b""#, "b"),
        (#""identity":"c""#, "c"),
    ])
    func `looks for an identity's id by three names in order`(members: String, id: String) {
        let result = bitgo.read(#"{"type":"identityStatus","identityStatus":"x",\#(members)}"#)
        #expect(result.subject == Subject(kind: .identity, id: id))
    }

    @Test(arguments: [
        (#""state":"c","status":"b","identityStatus":"a""#, "a"), (#""state":"c","status":"b""#, "b"),
        (#""state":"c""#, "c"),
    ])
    func `looks for an identity's status by three names in order`(members: String, status: String) {
        #expect(bitgo.read(#"{"type":"identityStatus","id":"i1",\#(members)}"#).status == status)
    }

    @Test(arguments: [
        (#""status":"d","state":"c","kycState":"b","userKycState":"a""#, "a"),
        (#""status":"d","state":"c","kycState":"b""#, "b"), (#""status":"d","state":"c""#, "c"),
        (#""status":"d""#, "d"),
    ])
    func `looks for a user's state by four names in order`(members: String, status: String) {
        #expect(bitgo.read(#"{"type":"userKycState","userId":"u1",\#(members)}"#).status == status)
    }

    @Test(arguments: [
        (#""status":"d","state":"c","kycState":"b","enterpriseKycState":"a""#, "a"),
        (#""status":"d","state":"c","kycState":"b""#, "b"), (#""status":"d","state":"c""#, "c"),
        (#""status":"d""#, "d"),
    ])
    func `looks for an enterprise's state by four names in order`(members: String, status: String) {
        #expect(bitgo.read(#"{"type":"enterpriseKycState","enterpriseId":"e1",\#(members)}"#).status == status)
    }

    @Test func `knows bare nouns`() {
        let result = bitgo.read(
            #"{"type":"userKycState","user":"u1","enterprise":"e1","organization":"o1","userKycState":"approved"}"#
        )
        #expect(result.subject == Subject(kind: .user, id: "u1"))
        #expect(result.enterprise == "e1")
        #expect(result.organization == "o1")
    }

    @Test(arguments: ["data", "payload"])
    func `looks one level down`(envelope: String) {
        let result = bitgo.read(
            #"{"\#(envelope)":{"type":"identityStatus","identityId":"i1","identityStatus":"approved","#
                + #""idempotencyKey":"k1","enterpriseId":"e1"}}"#
        )
        let expected = Interpretation(
            type: "identityStatus",
            subject: Subject(kind: .identity, id: "i1"),
            status: "approved",
            enterprise: "e1",
            key: "k1"
        )
        #expect(result == expected)
    }

    @Test func `the top level comes before an envelope, data before payload`() {
        let both = bitgo.read(
            #"{"payload":{"identityId":"p"},"data":{"identityId":"d"},"type":"identityStatus","status":"x"}"#
        )
        #expect(both.subject?.id == "d")
        let all = bitgo.read(
            #"{"payload":{"identityId":"p"},"data":{"identityId":"d"},"identityId":"t","type":"identityStatus","status":"x"}"#
        )
        #expect(all.subject?.id == "t")
    }

    @Test func `a precise name in an envelope comes before a vague one beside it`() {
        let result = bitgo.read(#"{"type":"identityStatus","id":"event-1","data":{"identityId":"i1","status":"x"}}"#)
        #expect(result.subject?.id == "i1")
    }

    @Test func `does not look two levels down`() {
        let result = bitgo.read(#"{"type":"identityStatus","data":{"data":{"identityId":"i1"},"status":"x"}}"#)
        #expect(result.problem == .noSubject)
    }

    @Test func `a source's own pointers come first`() {
        let preset = SourcePreset.bitgo { fields in
            fields.subject[.identity, default: []].insert(.at("/person/ref"), at: 0)
            fields.statusByKind[.identity, default: []].insert(.at("/person/state"), at: 0)
            fields.time.insert(.at("/person/at"), at: 0)
            fields.key.insert(.at("/person/key"), at: 0)
        }
        let result = preset.read(
            #"{"type":"identityStatus","identityId":"i1","identityStatus":"a","idempotencyKey":"k1","#
                + #""updatedAt":"2026-01-01T00:00:00Z","#
                + #""person":{"ref":"i2","state":"b","key":"k2","at":"2026-01-02T00:00:00Z"}}"#
        )
        #expect(result.subject?.id == "i2")
        #expect(result.status == "b")
        #expect(result.key == "k2")
        #expect(result.time?.field == "/person/at")
    }

    @Test func `pointers reach into arrays and escaped names`() {
        let preset = SourcePreset.bitgo { fields in
            fields.subject[.identity] = [.at("/list/1/a~1b~0c")]
        }
        let result = preset.read(#"{"type":"identityStatus","status":"x","list":[{"a/b~c":"no"},{"a/b~c":"i1"}]}"#)
        #expect(result.subject?.id == "i1")
    }

    // MARK: - Values

    @Test(arguments: [
        ("42", "42"), ("-1", "-1"), ("0.5", "0.5"), ("1e400", "1e400"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
    ])
    func `a number serves as an id, as it is written`(number: String, id: String) {
        let result = bitgo.read(#"{"type":"identityStatus","identityStatus":"x","identityId":\#(number)}"#)
        #expect(result.subject?.id == id)
    }

    @Test(arguments: ["null", "true", "false", "{}", "[]", #"["i1"]"#, #""""#])
    func `other values are passed over for the next candidate`(value: String) {
        let result = bitgo.read(
            #"{"type":"identityStatus","identityStatus":\#(value),"status":"x","identityId":\#(value),"id":"i1"}"#
        )
        #expect(result.subject?.id == "i1")
        #expect(result.status == "x")
    }

    @Test(arguments: ["null", "false", "1", "{}", #""""#])
    func `a status or type that is no text is none`(value: String) {
        #expect(
            bitgo.read(#"{"type":"identityStatus","identityId":"i1","identityStatus":\#(value)}"#).problem == .noStatus
        )
        #expect(bitgo.read(#"{"type":\#(value)}"#).problem == .noType)
    }

    @Test func `a kyc type without a subject is uninterpreted and keeps the rest`() {
        let result = bitgo.read(
            #"{"type":"identityStatus","identityStatus":"x","enterpriseId":"e1","idempotencyKey":"k1"}"#
        )
        let expected = Interpretation(type: "uninterpreted", problem: .noSubject, enterprise: "e1", key: "k1")
        #expect(result == expected)
    }

    @Test(arguments: ["evalutating submission", "APPROVED", "status of tomorrow", "ä", "🙂"])
    func `keeps a status that nobody knows`(status: String) {
        #expect(
            bitgo.read(#"{"type":"identityStatus","identityId":"i1","identityStatus":"\#(status)"}"#).status == status
        )
    }

    @Test(arguments: [(1, true), (255, true), (256, true), (257, false)])
    func `an id has at most 256 bytes`(length: Int, isTaken: Bool) {
        let id = String(repeating: "x", count: length)
        let result = bitgo.read(#"{"type":"identityStatus","identityStatus":"x","identityId":"\#(id)"}"#)
        #expect(result.subject?.id == (isTaken ? id : nil))
        #expect(result.problem == (isTaken ? nil : .noSubject))
    }

    @Test func `the limit counts bytes, not characters`() {
        let fits = String(repeating: "ä", count: 128)
        #expect(bitgo.read(#"{"type":"identityStatus","status":"x","id":"\#(fits)"}"#).subject?.id == fits)
        #expect(bitgo.read(#"{"type":"identityStatus","status":"x","id":"\#(fits)y"}"#).problem == .noSubject)
    }

    @Test(arguments: [#"\u0000"#, #"\n"#, #"\r"#, #"\t"#, #"\u001f"#, #"\u007f"#, #"\u0080"#, #"\u009f"#])
    func `text with a control character is passed over`(escape: String) {
        let result = bitgo.read(
            #"{"type":"identityStatus","identityStatus":"a\#(escape)b","status":"x","identityId":"a\#(escape)b","id":"i1"}"#
        )
        #expect(result.subject?.id == "i1")
        #expect(result.status == "x")
    }

    @Test func `escapes in a value are undone`() {
        let result = bitgo.read(#"{"type":"identityStatus","status":"x","id":"\u0041\/\"\\\u00e9\ud83d\ude00"}"#)
        #expect(result.subject?.id == "A/\"\\é😀")
    }

    // MARK: - Key

    @Test func `the key can stand in a signed header`() {
        let preset = SourcePreset.bitgo { $0.key = [.header("webhook-id")] }
        #expect(
            preset.read(#"{"type":"transfer","idempotencyKey":"no"}"#, headers: ["webhook-id": "msg_1"]).key == "msg_1"
        )
        #expect(preset.read(#"{"type":"transfer"}"#).key == nil)
    }

    @Test(arguments: ["no json", "[]"])
    func `an uninterpreted event keeps the key of a signed header`(body: String) {
        let preset = SourcePreset.bitgo { $0.key = [.header("webhook-id")] }
        #expect(preset.read(body, headers: ["webhook-id": "msg_1"]).key == "msg_1")
    }

    @Test func `the unsigned idempotency-key header is no signed key`() {
        #expect(bitgo.read(#"{"type":"transfer"}"#, headers: ["idempotency-key": "k1"]).key == nil)
    }

    // MARK: - Time

    @Test(arguments: [
        (#""2026-01-18T14:36:41.793Z""#, 1_768_747_001_793), (#""2026-01-18T14:36:41Z""#, 1_768_747_001_000),
        (#""2026-01-18T15:36:41.793+01:00""#, 1_768_747_001_793), ("1768747001", 1_768_747_001_000),
        ("1768747001793", 1_768_747_001_793), (#""1768747001""#, 1_768_747_001_000),
        (#""1768747001793""#, 1_768_747_001_793),
        ("999999999", 999_999_999_000), ("999999999999", 999_999_999_999),
    ])
    func `reads a provider's time`(value: String, milliseconds: Int64) {
        let time = bitgo.read(#"{"type":"transfer","updatedAt":\#(value)}"#).time
        #expect(time == .init(moment: Timestamp(milliseconds: milliseconds), field: "/updatedAt"))
    }

    @Test(arguments: [
        "99999999", "99999999999", "10000000000000", "1e9", "1768747001.793", "-176874700", #""+1768747001""#,
        #""yesterday""#, #""2026-01-18""#, #""2026-02-30T00:00:00Z""#, "true", "null", "{}",
    ])
    func `what is no plausible time is passed over for the next candidate`(value: String) {
        let time = bitgo.read(#"{"type":"transfer","updatedAt":\#(value),"createdAt":1768747001}"#).time
        #expect(time?.field == "/createdAt")
        #expect(bitgo.read(#"{"type":"transfer","updatedAt":\#(value)}"#).time == nil)
    }

    @Test func `a time remembers its field, so that only like is compared with like`() {
        let fields = ["updatedAt", "timestamp", "time", "createdAt"]
        for field in fields {
            #expect(bitgo.read(#"{"type":"transfer","\#(field)":1768747001}"#).time?.field == "/\(field)")
        }
        #expect(bitgo.read(#"{"type":"transfer","data":{"time":1768747001}}"#).time?.field == "/data/time")
        let preset = SourcePreset.bitgo { $0.time = [.header("x-time")] }
        #expect(preset.read(#"{"type":"t"}"#, headers: ["x-time": "1768747001"]).time?.field == "header:x-time")
    }
}
