import KychookBitGo
import KychookClient
import KychookTesting
import Testing

/// What is made of answers that are not the wanted one.
@Suite struct APIAnswerTests {
    private let under = CallUnderTest()
    private static let platform = #"{"error":"no","name":"SomeCode","requestId":"cjo7uw7si0b","context":{"a":1}}"#

    private func failure(of behaviour: FaultyTarget.Behaviour) async throws -> BitGoAPIError? {
        under.bitgo.script(behaviour)
        let api = try under.api(limits: .init(firstWait: .seconds(100), longestWait: .seconds(100)))
        return await error { () async throws(BitGoAPIError) in _ = try await api.identitySnapshots(CallUnderTest.query)
        }
    }

    @Test(arguments: [
        (401, "does not accept the access token"), (403, "may not do this"), (404, "knows no such thing"),
        (400, "refused the request (400)"), (409, "refused the request (409)"), (422, "refused the request (422)"),
        (429, "limits the number of requests"), (500, "could not do it (500)"), (599, "could not do it (599)"),
        (302, "redirect (302)"), (600, "status 600"),
    ])
    func `each status has a text that says what to do`(status: Int, text: String) async throws {
        let failure = try await failure(of: .answer(status, body: Array(APIAnswerTests.platform.utf8)))
        #expect(failure?.description.contains(text) == true, "\(failure as Any)")
        // The provider's own words are for the caller to show, not part of the text.
        #expect(failure?.description.contains("SomeCode") == false)
    }

    @Test(arguments: [
        (APIAnswerTests.platform, "SomeCode" as String?, "cjo7uw7si0b" as String?, nil as [String]?),
        (#"{"error":"no","requestId":"r","name":"N","status":400,"additionalDetails":{"x":1}}"#, "N", "r", nil),
        (#"{"error":"no","details":["one","two"]}"#, nil, nil, ["one", "two"]),
    ])
    func `the error bodies of all families are read`(
        body: String,
        name: String?,
        requestID: String?,
        details: [String]?
    ) async throws {
        for status in [400, 401, 403, 404, 422, 429, 500] {
            let provider = try await failure(of: .answer(status, body: Array(body.utf8)))?.providerError
            #expect(provider?.error?.revealed == "no")
            #expect(provider?.name == name && provider?.requestID == requestID)
            #expect(provider?.details?.revealed == details)
        }
    }

    @Test(arguments: ["", "<html>", "[]", "{", "\u{0}"])
    func `an error without a readable body is still that error`(body: String) async throws {
        guard case .rejected(status: 400, let provider) = try await failure(of: .answer(400, body: Array(body.utf8)))
        else {
            Issue.record("another error")
            return
        }
        #expect(provider == nil)
    }

    @Test func `a wrong token is unauthorized`() async throws {
        let api = try under.api(token: "wrong")
        let failure = await error { () async throws(BitGoAPIError) in
            _ = try await api.identitySnapshots(CallUnderTest.query)
        }
        guard case .unauthorized(let provider?) = failure else {
            Issue.record("\(failure as Any)")
            return
        }
        #expect(provider.name == "InvalidToken")
        #expect(under.bitgo.requests.count == 1)
    }

    @Test func `a redirect is never followed`() async throws {
        guard case .redirected(status: 302) = try await failure(of: .redirect) else {
            Issue.record("another error")
            return
        }
        #expect(under.bitgo.trapHits == 0)
    }

    @Test(arguments: [-1, 0, 1])
    func `an answer may be as large as its limit`(difference: Int) async throws {
        let (start, end) = (#"{"identities":[],"filler":""#, #""}"#)
        let filler = String(repeating: "x", count: (1 << 20) + difference - start.utf8.count - end.utf8.count)
        under.bitgo.script(.answer(200, body: Array((start + filler + end).utf8)))
        let api = try under.api()
        let failure = await error { () async throws(BitGoAPIError) in
            #expect(try await api.identitySnapshots(CallUnderTest.query).isEmpty)
        }
        if difference <= 0 {
            #expect(failure == nil)
        } else if case .oversizedAnswer(limitInBytes: 1 << 20) = failure {
        } else {
            Issue.record("\(failure as Any)")
        }
    }

    @Test(arguments: [
        ("", "is not JSON"), ("<html>SECRET</html>", "is not JSON"), ("{}", "identities in the answer is missing"),
        (#"{"identities":[{"id":"SECRET"}]}"#, "identities[0].status"),
        (#"{"identities":[{"id":7,"status":"SECRET"}]}"#, "identities[0].id"), ("[\"SECRET\"]", "unexpected form"),
    ])
    func `a malformed answer is told by its place, never by its content`(body: String, text: String) async throws {
        let failure = try await failure(of: .answer(200, body: Array(body.utf8)))
        guard case .malformedAnswer(status: 200, _) = failure else {
            Issue.record("\(failure as Any)")
            return
        }
        #expect(failure?.description.contains(text) == true, "\(failure as Any)")
        #expect(!"\(failure as Any) \(String(reflecting: failure))".contains("SECRET"))
    }

    @Test(arguments: [FaultyTarget.Behaviour.garbage, .endlessHead])
    func `what is no HTTP is told so`(fault: FaultyTarget.Behaviour) async throws {
        guard case .transport(.malformedAnswer, _) = try await failure(of: fault) else {
            Issue.record("another error")
            return
        }
    }

    @Test func `neither api nor errors print the token`() async throws {
        let api = try under.api()
        var printed = "\(api) \(String(reflecting: api))"
        dump(api, to: &printed)
        #expect(!printed.contains(BitGoDouble.token))
    }
}
