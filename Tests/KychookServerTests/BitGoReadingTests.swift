import KychookBitGo
import KychookClient
import KychookConfig
import KychookModel
import KychookTesting
import Testing

@testable import KychookServer

/// BitGo's API over a real connection, as a provider to be read.
@Suite(.timeLimit(.minutes(3))) struct BitGoReadingTests {
    @Test func `an identity is read by its list of one, without anything personal`() async throws {
        let double = BitGoDouble()
        var ada = BitGoDouble.Identity("i1", "in review")
        ada.personal = #","nameFirst":"Ada""#
        for identity in [BitGoDouble.Identity("i0", "approved"), ada] { double.add(identity) }
        let view = try await Self.reading(double).identity(
            "i1",
            organization: BitGoDouble.organization,
            enterprise: BitGoDouble.enterprise
        )
        #expect((view.id, view.status, view.user) == ("i1", "in review", BitGoDouble.user))
        #expect(view.updated == Timestamp(rfc3339: "2026-03-13T07:59:52.564Z"))
        #expect(double.requests.allSatisfy { !$0.path.contains("allData") })
    }

    @Test func `who is not there is absent`() async throws {
        let double = BitGoDouble()
        let reading = try Self.reading(double)
        await #expect(throws: ReadingFault.absent) {
            try await reading.identity("i1", organization: BitGoDouble.organization, enterprise: nil)
        }
        #expect(double.requests.count == 1)
    }

    @Test func `an organization's identities come on one page`() async throws {
        let double = BitGoDouble()
        for id in ["a", "b"] { double.add(BitGoDouble.Identity(id, "in review")) }
        let page = try await Self.reading(double).identities(
            of: BitGoDouble.organization,
            enterprise: nil,
            page: nil
        )
        #expect(page.identities.map(\.id) == ["a", "b"])
        #expect(page.next == nil)
    }

    @Test func `an identity of a list that cannot be read is told by its ID`() async throws {
        let double = BitGoDouble()
        let body = #"{"identities":[{"id":"a","status":null},{"status":"x"},7,{"id":"b","status":"approved"}]}"#
        double.script(.answer(200, body: Array(body.utf8)))
        let page = try await Self.reading(double).identities(
            of: BitGoDouble.organization,
            enterprise: nil,
            page: nil
        )
        #expect(page.identities.map(\.id) == ["b"])
        #expect(page.unreadable == ["a", nil, nil])
    }

    @Test func `one identity is found among others that cannot be read`() async throws {
        let double = BitGoDouble()
        double.script(.answer(200, body: Array(#"{"identities":[{"id":"odd"},{"id":"i1","status":"approved"}]}"#.utf8)))
        let reading = try Self.reading(double)
        let view = try await reading.identity("i1", organization: BitGoDouble.organization, enterprise: nil)
        #expect(view.status == "approved")
    }

    @Test(arguments: ["{}", "<html>", #"{"identities":[{"id":"i1","status":null}]}"#, #"{"identities":7}"#])
    func `an answer that is not the API's is told from none`(body: String) async throws {
        let double = BitGoDouble()
        double.script(.answer(200, body: Array(body.utf8)))
        let reading = try Self.reading(double)
        do throws(ReadingFault) {
            _ = try await reading.identity("i1", organization: BitGoDouble.organization, enterprise: nil)
            Issue.record("no fault")
        } catch {
            guard case .unreadable = error else {
                Issue.record(error)
                return
            }
        }
    }

    @Test func `only webhooks that tell of subjects count, and a suspension shows`() async throws {
        let double = BitGoDouble()
        double.script(
            .answer(
                200,
                body: Array(
                    """
                    {"webhooks":[
                    {"id":"w1","type":"identityStatus","url":"u","state":"suspended","successiveFailedAttempts":100,
                    "lastAttempt":"2026-01-18T14:36:40.000Z"},
                    {"id":"w2","type":"transfer","url":"u","state":"suspended"},
                    {"id":"w3","type":"userKycState","url":"u","state":"active"}]}
                    """.utf8
                )
            )
        )
        let webhooks = try await Self.reading(double).webhooks(of: BitGoDouble.organization)
        #expect(
            webhooks == [
                WebhookView(
                    id: "w1",
                    isSuspended: true,
                    successiveFailedAttempts: 100,
                    lastAttempt: .start
                ),
                WebhookView(id: "w3"),
            ]
        )
    }

    static let faults: [(BitGoAPIError, ReadingFault?)] = [
        (.notFound(nil), .absent), (.rejected(status: 400, nil), .absent),
        (.rateLimited(nil, retryAfter: .seconds(7)), .rateLimited(after: .seconds(7))),
        (.rateLimited(nil, retryAfter: nil), .rateLimited(after: nil)),
        (.unavailable(status: 503, nil, retryAfter: nil), nil),
        (.transport(.timedOut(.connecting), mayHaveActed: false), nil),
        (.unexpectedStatus(600), nil),
    ]

    @Test(arguments: faults)
    func `what the API refuses and what may pass are told apart`(error: BitGoAPIError, fault: ReadingFault?) {
        let said = ReadingFault(error)
        guard let fault else {
            #expect(said == .unreachable(error.description) || said == .refused(error.description))
            #expect((said == .refused(error.description)) == (error.description.contains("600")))
            return
        }
        #expect(said == fault)
    }

    @Test func `a wrong token is refused, and stays unsaid`() async throws {
        let double = BitGoDouble()
        let reading = try Self.reading(double, token: "wrong-token-0001")
        do throws(ReadingFault) {
            _ = try await reading.webhooks(of: BitGoDouble.organization)
            Issue.record("it was accepted")
        } catch {
            guard case .refused(let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(!reason.contains("wrong-token"))
        }
    }

    @Test(arguments: [(0.001, false), (0.002, true)])
    func `a reload grants no further burst, unless to another rate`(rate: Double, isGranted: Bool) async throws {
        let double = BitGoDouble()
        let former = try Self.reading(double, rate: 0.001)
        _ = try await former.webhooks(of: BitGoDouble.organization)
        let next = try Self.reading(double, rate: rate, after: former)
        do throws(ReadingFault) {
            _ = try await next.webhooks(of: BitGoDouble.organization)
            #expect(isGranted)
        } catch {
            guard case .rateLimited(let wait?) = error, !isGranted else {
                Issue.record(error)
                return
            }
            #expect(wait > .seconds(900))
        }
        #expect(double.requests.count == (isGranted ? 2 : 1))
    }

    @Test func `another API has a limit of its own`() async throws {
        let (double, other) = (BitGoDouble(), BitGoDouble())
        let former = try Self.reading(double, rate: 0.001)
        _ = try await former.webhooks(of: BitGoDouble.organization)
        _ = try await Self.reading(other, rate: 0.001, after: former).webhooks(of: BitGoDouble.organization)
        #expect(other.requests.count == 1)
    }

    private static func reading(
        _ double: BitGoDouble,
        token: String = BitGoDouble.token,
        rate: Double = 100,
        after former: BitGoReading? = nil
    ) throws -> BitGoReading {
        let configuration = APIConfiguration(
            baseURL: try BitGoBaseURL(double.url),
            token: Secret(bytes: Array(token.utf8)),
            organizations: [BitGoDouble.organization],
            rate: rate
        )
        return BitGoReading(configuration, types: SourcePreset.bitgo.types, after: former)
    }
}
