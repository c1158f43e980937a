import KychookModel
import Testing

@testable import KychookSandbox

struct RateLimiterTests {
    @Test func `360 requests in a minute, and no more`() {
        var limiter = RateLimiter()
        for _ in 1...360 { #expect(limiter.refusal(of: "a", at: .start) == nil) }
        #expect(limiter.refusal(of: "a", at: .start + .seconds(59)) == .seconds(1))
        #expect(limiter.refusal(of: "b", at: .start + .seconds(59)) == nil)
        #expect(limiter.refusal(of: "a", at: .start + .milliseconds(59_999)) == .milliseconds(1))
        #expect(limiter.refusal(of: "a", at: .start + .seconds(60)) == nil)
    }

    @Test func `a clock that is set back refuses nobody for longer`() {
        var limiter = RateLimiter()
        for _ in 1...361 { _ = limiter.refusal(of: "a", at: .start) }
        #expect(limiter.refusal(of: "a", at: .start + .milliseconds(-1)) == nil)
    }

    @Test func `many tokens take bounded memory`() {
        var limiter = RateLimiter()
        for _ in 1...360 { _ = limiter.refusal(of: "a", at: .start) }
        for index in 2...RateLimiter.tokenLimit { _ = limiter.refusal(of: "t\(index)", at: .start) }
        #expect(limiter.refusal(of: "a", at: .start) != nil)
        #expect(limiter.refusal(of: "one more", at: .start) == nil)
        #expect(limiter.refusal(of: "a", at: .start) == nil)
    }
}
