import KychookBitGo
import KychookLinux
import KychookModel
import KychookTesting

/// A clock that stands until somebody waits for it: every wait ends at once and moves it on.
final class SkippingClock: Sendable {
    private let state = Locked((elapsed: Duration.zero, waits: [Duration]()))

    var waits: [Duration] { state.withLock { $0.waits } }

    func advance(_ duration: Duration) {
        state.withLock { $0.elapsed += duration }
    }

    var calls: CallClock {
        CallClock(
            elapsed: { self.state.withLock { $0.elapsed } },
            wait: { duration in
                self.state.withLock { state in
                    state.elapsed += duration
                    state.waits.append(duration)
                }
            },
            wall: WallClock { Timestamp(milliseconds: 1_800_000_000_000) }
        )
    }
}

/// The API of a double, on a clock of the test's.
struct CallUnderTest {
    let bitgo = BitGoDouble()
    let clock = SkippingClock()

    func api(
        token: String = BitGoDouble.token,
        limits: BitGoAPI.Limits = .init(),
        budget: RequestBudget = .init(),
        clock: CallClock? = nil
    ) throws -> BitGoAPI {
        BitGoAPI(
            try BitGoBaseURL(bitgo.url),
            token: Secret(bytes: Array(token.utf8)),
            limits: limits,
            budget: budget,
            clock: clock ?? self.clock.calls,
            jitter: { 0 }
        )
    }

    static let query = IdentityQuery(organization: BitGoDouble.organization)
}

/// The error that a call ends with.
func error(_ call: () async throws(BitGoAPIError) -> Void) async -> BitGoAPIError? {
    do throws(BitGoAPIError) {
        try await call()
        return nil
    } catch {
        return error
    }
}

extension NewIdentity {
    /// In the order of the page.
    static let exampleText =
        #"{"enterpriseId":"\#(BitGoDouble.enterprise)","userId":"\#(BitGoDouble.user)","#
        + #""organizationId":"\#(BitGoDouble.organization)","nameFirst":"Ada","nameLast":"Example","#
        + #""birthdate":"1985-05-05","occupation":"Other","countryOfCitizenship":"USA","#
        + #""politicallyExposedPerson":false}"#

    static var example: NewIdentity {
        guard let example = try? NewIdentity(json: Array(exampleText.utf8)) else { preconditionFailure("valid JSON") }
        return example
    }
}

/// What an upload reported last.
final class Progress: Sendable {
    struct Report: Equatable, Sendable {
        var sent: Int
        var total: Int
    }

    private let state = Locked<Report?>(nil)

    var last: Report? { state.withLock { $0 } }

    func note(_ sent: Int, of total: Int) {
        state.withLock { $0 = Report(sent: sent, total: total) }
    }
}
