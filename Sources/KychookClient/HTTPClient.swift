import CCurl
import KychookLinux

/// Makes HTTP requests on one thread of its own, from any task or thread, reusing connections.
///
/// It neither retries nor interprets: a whole answer is a success here, whatever its status. The number of requests under
/// way is the callers' to bound. Costs a thread and libcurl's pages, so it is made only when something needs it.
package final class HTTPClient: Sendable {
    private let mailbox: Mailbox
    private let thread: Locked<Thread?>

    package init() {
        let mailbox = Mailbox(multi: MultiHandle())
        self.mailbox = mailbox
        thread = Locked(
            Thread(named: "http-client") {
                // Requests wait for others' answers anyway; events that come in must not wait for them.
                Thread.yieldToOthers()
                var engine = Engine(mailbox: mailbox)
                engine.run()
            }
        )
    }

    /// Cuts what is under way and waits for the thread's end, a matter of microseconds.
    deinit {
        mailbox.post(.stop)
        thread.withLock { $0.take() }?.join()
    }

    /// Sends one request and reads the whole answer.
    ///
    /// Cancelling the task cuts the transfer at once and throws `cancelled`; the receiver may have seen the request.
    package func send(_ request: ClientRequest) async throws(ClientError) -> ClientResponse {
        // Without this the optimiser may drop the last reference while the request is under way.
        defer { withExtendedLifetime(self) {} }
        if let problem = request.problem { throw .invalidRequest(problem) }
        let ticket = WorkTicket()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                mailbox.post(.start(Submission(ticket: ticket, request: request, continuation: continuation)))
            }
        } onCancel: {
            ticket.cancel()
            mailbox.post(.cancel(ticket))
        }
        return try result.get()
    }
}

/// A request on its way to the client's thread, and whom to tell.
struct Submission: Sendable {
    let ticket: WorkTicket
    let request: ClientRequest
    let continuation: CheckedContinuation<Result<ClientResponse, ClientError>, Never>
}

enum Command: Sendable {
    case start(Submission)
    case cancel(WorkTicket)
    case stop
}

/// The way from any thread to the client's own; as long as its callers wait, so bounded by them.
final class Mailbox: Sendable {
    let multi: MultiHandle
    private let commands = CommandQueue<Command>()

    init(multi: MultiHandle) {
        self.multi = multi
    }

    func post(_ command: Command) {
        if commands.append(command) { multi.wake() }
    }

    func take() -> [Command] {
        commands.takeAll()
    }
}

/// The one owner of libcurl's multi handle.
///
/// `@unchecked Sendable`: only the client's thread uses the pointer, but for ``wake()``, which curl_multi_wakeup(3) allows
/// from any thread; and the handle lives as long as the mailbox, which both sides retain.
final class MultiHandle: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
    /// False where no descriptors were left when it was made: libcurl goes on without its means of being woken then.
    let canBeWoken: Bool

    init() {
        // Once for the process; a second call would not be safe beside another thread's first.
        precondition(isLibraryReady, "curl_global_init failed: nothing could be sent")
        guard let pointer = curl_multi_init() else { preconditionFailure("curl_multi_init: out of memory") }
        self.pointer = pointer
        canBeWoken = curl_multi_wakeup(pointer) == CURLM_OK
        // Connections kept for reuse; libcurl's own bound grows with the transfers and never shrinks.
        _ = kychook_curl_multi_set_number(pointer, CURLMOPT_MAXCONNECTS, 128)
    }

    deinit {
        curl_multi_cleanup(pointer)
    }

    func wake() {
        curl_multi_wakeup(pointer)
    }
}

private let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
