import CCurl
import KychookLinux

/// The client's thread: starts transfers, drives libcurl, hands out results.
///
/// Owned by that thread alone.
struct Engine {
    private let mailbox: Mailbox
    private var transfers: [UnsafeMutableRawPointer: Transfer] = [:]
    /// Handles for the next transfers: making one costs more than resetting it.
    private var idle: [UnsafeMutableRawPointer] = []

    private static let idleLimit = 64

    init(mailbox: Mailbox) {
        self.mailbox = mailbox
    }

    mutating func run() {
        kychook_curl_block_sigpipe()
        while obeyCommands() {
            var running: Int32 = 0
            curl_multi_perform(mailbox.multi.pointer, &running)
            finishTransfers()
            // libcurl shortens the wait to its own next deadline; a command wakes it.
            let longest: Int32 = !mailbox.multi.canBeWoken ? 100 : transfers.isEmpty ? 3_600_000 : 1000
            curl_multi_poll(mailbox.multi.pointer, nil, 0, longest, nil)
        }
        for transfer in transfers.values {
            end(transfer, with: .failure(.cancelled))
        }
        for handle in idle {
            curl_easy_cleanup(handle)
        }
    }

    /// False when it is time to end.
    private mutating func obeyCommands() -> Bool {
        for command in mailbox.take() {
            switch command {
            case .start(let submission): start(submission)
            case .cancel(let ticket): cancel(ticket)
            case .stop: return false
            }
        }
        return true
    }

    private mutating func start(_ submission: Submission) {
        guard !submission.ticket.isCancelled else {
            submission.continuation.resume(returning: .failure(.cancelled))
            return
        }
        guard let handle = idle.popLast() ?? curl_easy_init() else {
            submission.continuation.resume(returning: .failure(.failed(reason: "out of memory")))
            return
        }
        let transfer = Transfer(submission, on: handle)
        transfers[handle] = transfer
        guard transfer.configure(), curl_multi_add_handle(mailbox.multi.pointer, handle) == CURLM_OK else {
            end(transfer, with: .failure(.failed(reason: "libcurl refused an option")))
            return
        }
    }

    private mutating func cancel(_ ticket: WorkTicket) {
        guard let transfer = transfers.values.first(where: { $0.ticket === ticket }) else { return }
        end(transfer, with: .failure(.cancelled))
    }

    private mutating func finishTransfers() {
        var code = CURLE_OK
        while let handle = kychook_curl_next_finished(mailbox.multi.pointer, &code) {
            guard let transfer = transfers[handle] else { continue }
            end(transfer, with: transfer.result(code))
        }
    }

    /// Takes the transfer out of libcurl first: afterwards no callback can reach it.
    private mutating func end(_ transfer: Transfer, with result: Result<ClientResponse, ClientError>) {
        let handle = transfer.handle
        curl_multi_remove_handle(mailbox.multi.pointer, handle)
        transfers[handle] = nil
        curl_easy_reset(handle)
        if idle.count < Engine.idleLimit { idle.append(handle) } else { curl_easy_cleanup(handle) }
        transfer.finish(result)
    }
}
