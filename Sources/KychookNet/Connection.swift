import KychookCrypto
import KychookHTTP
import KychookLinux

/// What a loop remembers of one connection. Small: ten thousand of them may be idle.
struct Connection: ~Copyable {
    enum Phase: UInt8 {
        /// Reading a request, or waiting for its first byte.
        case reading
        /// The handler has the request; its answer comes later.
        case answering
        /// The handler had no room; the request waits in the inbox.
        case held
        /// The last answer is written; what still comes is thrown away until the peer is done too.
        case lingering
    }

    let socket: Descriptor
    let id: ConnectionID
    /// nil: plain.
    var tls: TLSConnection?
    var phase = Phase.reading
    /// There may be something to read: set by an event, unset when the kernel has given everything.
    var isReadable = false
    /// The peer has finished sending, or the connection is broken: reading will show it.
    var isPeerFinished = false
    /// The end of what the peer sends has been read.
    var hasPeerEnded = false
    /// Stands in the list of those who get a turn without an event.
    var isQueued = false
    /// It could read, but may not while requests are held.
    var isPaused = false
    /// Accepted, and no request complete yet.
    var isFresh = true
    /// Nothing is read or answered any more after what is being written.
    var isClosing = false
    /// The client announced the end itself, so it waits for nothing more.
    var isCloseExpected = false
    /// A `100 Continue` was sent for the request in the making.
    var hasContinued = false
    /// A request was completed since its deadline was set last: the next one's begins anew.
    var isNextRequest = false

    // Of the request that is being answered.
    /// Counts up, and wraps around some time.
    var request: UInt32 = 0
    var context = Response.Context()
    var keepsAlive = true
    /// Its length in the inbox, while held.
    var heldLength = 0

    /// Whom it counts as, where connections are limited by address.
    var peer: PeerNetwork?
    /// Bytes thrown away while lingering.
    var drained = 0
    var inbox: UnsafeMutablePointer<Inbox>?
    /// What the kernel did not take yet; a class because it hardly ever exists.
    var pending: PendingOutput?

    init(_ socket: consuming Descriptor, id: ConnectionID, tls: TLSContext? = nil) {
        self.socket = socket
        self.id = id
        self.tls = tls.map(TLSConnection.init)
    }
}

/// Answers that are written partly or not at all; while there are any, the connection neither reads nor handles.
final class PendingOutput {
    private var buffer: ByteBuffer
    private var start = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        buffer = ByteBuffer(capacity: max(bytes.count, 256))
        buffer.append(bytes)
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer.bytes[start...]) }
    var isEmpty: Bool { start == buffer.count }

    func append(_ bytes: UnsafeRawBufferPointer) {
        buffer.append(bytes)
    }

    func drop(_ count: Int) {
        start += count
    }
}
