import KychookCrypto
import KychookTesting
import Testing

/// What holds for a plain connection holds for a TLS one: the same tests, each run again over TLS.
@Suite(.serialized) struct `Over TLS` {
    struct Repeated: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let run: @Sendable () throws -> Void

        init(_ name: String, _ run: @escaping @Sendable () throws -> Void) {
            testDescription = name
            self.run = run
        }
    }

    static let tests: [Repeated] = [
        .init("request after request") { try `A connection`().`serves request after request`() },
        .init("pipelining") { try `A connection`().`answers pipelined requests in order, whoever answers them`() },
        .init("pieces, each a record") { try `A connection`().`takes requests in pieces of any size`() },
        .init("tiny chunks") { try `A connection`().`keeps a body in tiny chunks together`() },
        .init("100 Continue") { try `A connection`().`invites a body that is waited for, once`() },
        .init("too large to be invited") { try `A connection`().`invites no body that is too large`() },
        .init("HTTP/1.0 keep-alive") { try `A connection`().`stays for HTTP/1.0 when the client asks for it`() },
        .init("HEAD") { try `A connection`().`answers HEAD without a body`() },
        .init("half-close") { try `A connection`().`answers a client that has finished sending, then closes`() },
        .init("half-close, late answer") {
            try `A connection`().`answers a client that has finished sending even when the answer comes later`()
        },
        .init("empty lines at the end") {
            try `A connection`().`closes without another answer when only empty lines follow the last request`()
        },
        .init("peer") { try `A connection`().`knows its peer`() },
        .init("close") { try `A connection`().`closes after an answer that says so, without losing it`() },
        .init("last refusal") { try `A refusal`().`is the last thing on its connection`() },
        .init("dribbled head") { try `A deadline`().`of the head is a total: a dribbling client ends on time`() },
        .init("dribbled body") { try `A deadline`().`of the body is a total: a dribbling client ends on time`() },
        .init("our own delay") { try `A deadline`().`does not run while our own answer is awaited`() },
        .init("slow reader") { try `A deadline`().`does not end a reader that is slow but comes through`() },
        .init("no reader") { try `A deadline`().`of a write ends who does not read, and nobody else waits for it`() },
        .init("answers in batches") {
            try `Answers from other threads`().`reach their connections in one batch over all loops`()
        },
        .init("pipelining behind a held request") {
            try `A full queue`().`lets pipelined requests behind a held one wait their turn`()
        },
        .init("stop") { try `A stop`().`answers what has begun, closes what is idle, and listens no more`() },
        .init("flood") { try `Fairness`().`lets others in while one pipelines without end`() },
    ]

    @Test(arguments: tests) func `the rules of plain connections hold`(_ test: Repeated) throws {
        try RawClient.$security.withValue(.client()) { try test.run() }
    }

    @Test(arguments: `The corpus over sockets`.parts)
    func `the corpus is answered as it is judged`(_ part: `The corpus over sockets`.Part) throws {
        try RawClient.$security.withValue(.client()) {
            try `The corpus over sockets`().`is answered as it is judged, and a refusal is the end`(part)
        }
    }

    @Test(arguments: [4095, 4096, 70_000, 1 << 20]) func `bodies up to the limit are taken`(_ size: Int) throws {
        try RawClient.$security.withValue(.client()) {
            try `A connection`().`takes bodies up to the limit, with a length or in chunks`(size)
        }
    }

    @Test(arguments: ["GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell"])
    func `requests that are cut short are refused`(_ request: String) throws {
        try RawClient.$security.withValue(.client()) {
            try `A connection`().`refuses a request that is cut short`(request)
        }
    }

    @Test(arguments: `A refusal`.cases)
    func `refusals can be read by a client that is still sending`(_ status: Int, _ request: String) throws {
        try RawClient.$security.withValue(.client()) {
            try `A refusal`().`can be read by a client that is still sending, 20 of 20 times`(status, request)
        }
    }
}
