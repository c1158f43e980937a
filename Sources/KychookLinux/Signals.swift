import CLinux
import Glibc

/// Signals taken by the main thread, by waiting instead of by a handler. Made there before any other thread, which then
/// inherits the mask.
package struct Signals: Sendable {
    private var set = sigset_t()

    package init(_ numbers: [Int32]) {
        sigemptyset(&set)
        for number in numbers {
            sigaddset(&set, number)
            // A thread of a library may let every signal in while it waits: swift-subprocess's, once a hook has run. What
            // comes while the main thread is busy would reach that one and end the process.
            signal(number, kychook_send_to_main_thread)
        }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A reader that went away must show as an error of the write, not end the process.
        signal(SIGPIPE, SIG_IGN)
    }

    /// SIGTERM or SIGINT has come and was not waited for yet.
    package var isEndPending: Bool {
        var pending = sigset_t()
        sigpending(&pending)
        return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1
    }

    /// Ends the process by a signal that it had taken: whoever started it sees that. On the main thread.
    package func die(of number: Int32) -> Never {
        var set = set
        signal(number, SIG_DFL)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(number)
        // Only for a signal whose default is not the end.
        _exit(128 + number)
    }

    package func wait() -> Int32 {
        var set = set
        var number: Int32 = 0
        sigwait(&set, &number)
        return number
    }
}
