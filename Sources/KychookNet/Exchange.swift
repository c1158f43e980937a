package import KychookHTTP

/// One request that waits for its answer: which loop, which connection, and which of its requests.
package struct Exchange: Sendable {
    let mailbox: Mailbox
    let connection: ConnectionID
    /// Counts the requests of the connection: a second answer to one must not pass for the answer to the next.
    let request: UInt32

    /// Answers from any thread. Silently dropped when the connection is gone or the request has its answer.
    package func respond(_ response: Response) {
        mailbox.post(Answer(connection: connection, request: request, response: response))
    }

    /// Answers many requests with one wake-up per loop at most.
    package static func respond(_ answers: [(exchange: Exchange, response: Response)]) {
        var mailboxes: [Mailbox] = []
        for answer in answers where !mailboxes.contains(where: { $0 === answer.exchange.mailbox }) {
            mailboxes.append(answer.exchange.mailbox)
        }
        for mailbox in mailboxes { mailbox.post(answers) }
    }
}

/// A slot of a loop's table and how often it had been used when the connection came.
struct ConnectionID: Equatable, Sendable {
    let slot: UInt32
    let generation: UInt32

    /// For epoll: an event of a connection that is gone cannot be taken for one of its successor.
    var token: UInt64 { UInt64(generation) << 32 | UInt64(slot) }

    init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    init(token: UInt64) {
        slot = UInt32(truncatingIfNeeded: token)
        generation = UInt32(truncatingIfNeeded: token >> 32)
    }
}

struct Answer: Sendable {
    let connection: ConnectionID
    let request: UInt32
    let response: Response
}
