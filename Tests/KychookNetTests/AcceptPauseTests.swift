import KychookLinux
import KychookTesting
import Testing

@testable import KychookNet

@Suite struct `A pause of accepting` {
    /// As when descriptors ran out, and the limit was lowered meanwhile.
    @Test func `that ends while the table is full lasts until a connection ends`() throws {
        let setup = try LoopSetup(
            index: 0,
            mailboxes: [Mailbox()],
            limits: ServerLimits(connections: 1),
            peers: PeerCounts(),
            listeners: [],
            accepting: .sharedQueue
        )
        var loop = EventLoop(setup, epoll: try Epoll(), listeners: [], handler: TestHandler(echo))
        #expect(loop.mailbox.reserveConnection(upTo: 1))
        let connection = loop.table.insert(try Descriptor.memoryFile(named: "connection", holding: []), tls: nil)
        loop.deadlines.reserve(slots: loop.table.slots)
        loop.acceptPausedUntil = loop.now
        loop.resumeAccepting()
        let whileFull = loop.acceptPausedUntil
        #expect(whileFull == .never)
        loop.close(connection)
        let afterwards = loop.acceptPausedUntil
        #expect(afterwards == nil)
    }

    /// As when the limit was lowered below the number of loops.
    @Test(arguments: [(0, true), (1, false)])
    func `lasts in a loop that has no share of the connections`(index: Int, goesOn: Bool) throws {
        let setup = try LoopSetup(
            index: index,
            mailboxes: [Mailbox(), Mailbox()],
            limits: ServerLimits(connections: 1),
            peers: PeerCounts(),
            listeners: [],
            accepting: .sharedQueue
        )
        var loop = EventLoop(setup, epoll: try Epoll(), listeners: [], handler: TestHandler(echo))
        loop.acceptPausedUntil = loop.now
        loop.resumeAccepting()
        let until = loop.acceptPausedUntil
        #expect(until == (goesOn ? nil : .never))
    }
}
