import KychookCorpus
import KychookNet
import KychookTesting
import Synchronization
import Testing

/// The corpus over sockets: each message gets its status, and nothing behind a refusal is ever taken for a request.
@Suite struct `The corpus over sockets` {
    struct Part: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let messages: [Message]

        init(_ name: String, _ messages: [Message]) {
            (testDescription, self.messages) = (name, messages)
        }
    }

    static let parts = [
        Part("request lines", Corpus.requestLines), Part("targets", Corpus.targets), Part("hosts", Corpus.hosts),
        Part("fields", Corpus.fields), Part("lengths", Corpus.lengths), Part("codings", Corpus.codings),
        Part("chunks", Corpus.chunks), Part("trailers", Corpus.trailers), Part("controls", Corpus.controls),
    ]

    @Test func `has at least four hundred messages`() {
        #expect(Self.parts.reduce(0) { $0 + $1.messages.count } >= 400)
    }

    @Test(arguments: parts)
    func `is answered as it is judged, and a refusal is the end`(_ part: Part) throws {
        let handled = Atomic<Int>(0)
        try withServer { seen, _ in
            handled.wrappingAdd(1, ordering: .relaxed)
            return .respond(answer(seen))
        } _: { _, port in
            for message in part.messages {
                let before = handled.load(ordering: .relaxed)
                switch message.status {
                case 200: try expectAnswer(to: message, port)
                case 0: try expectNothingBut400(for: message, port)
                default: try expectRefusal(of: message, port)
                }
                let count = handled.load(ordering: .relaxed) - before
                #expect(count == (message.status == 200 ? 1 : 0), "\(message)")
            }
        }
    }

    private func expectAnswer(to message: Message, _ port: UInt16) throws {
        let client = try RawClient(port: port)
        try client.send(message.text)
        client.finishSending()
        var response = try client.response()
        while response.status == 100 { response = try client.response() }
        #expect(response.status == 200, "\(message)")
        #expect(response.header("date")?.hasSuffix(" GMT") == true, "\(message)")
        #expect(response.header("content-length") == "\(response.body.count)", "\(message)")
        _ = try client.rest()
    }

    /// A request that is cut short by the end of the stream is none; an empty stream needs no answer.
    private func expectNothingBut400(for message: Message, _ port: UInt16) throws {
        let client = try RawClient(port: port)
        try client.send(message.text)
        client.finishSending()
        if !message.text.isEmpty { #expect(try client.response().status == 400, "\(message)") }
        #expect(try client.isClosed(), "\(message)")
    }

    private func expectRefusal(of message: Message, _ port: UInt16) throws {
        let client = try RawClient(port: port)
        try client.send(message.text + Array(get("/smuggled").utf8))
        let response = try client.response()
        #expect(response.status == message.status, "\(message)")
        #expect(response.header("connection") == "close", "\(message)")
        #expect(response.header("date") != nil, "\(message)")
        client.finishSending()
        #expect(try client.isClosed(), "\(message)")
    }
}
