import Glibc

/// A system call that failed: which one, on what, and why.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    /// The call's name as in section 2 of the manual.
    package let call: String
    /// Path or address that it was about; empty when there is none.
    package let subject: String
    package let code: Int32

    package init(call: String, subject: String = "", code: Int32) {
        self.call = call
        self.subject = subject
        self.code = code
    }

    /// `open /var/lib/kychook/lock: Permission denied`
    package var description: String {
        subject.isEmpty ? "\(call): \(reason)" : "\(call) \(subject): \(reason)"
    }

    /// The C library's text for the code.
    package var reason: String {
        String(cString: strerror(code))
    }
}

/// Makes a system call: retries EINTR, traps on our own bugs, throws the rest.
///
/// EBADF and EFAULT are bugs of ours. With descriptor reuse, going on after an EBADF could touch another
/// connection, so it ends the process.
package func system<Result: FixedWidthInteger & SignedInteger>(
    _ call: StaticString,
    on subject: @autoclosure () -> String = "",
    _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        guard result == -1 else { return result }
        let code = errno
        switch code {
        case EINTR: continue
        case EBADF, EFAULT: preconditionFailure("\(call): bad descriptor or address")
        default: throw SystemError(call: "\(call)", subject: subject(), code: code)
        }
    }
}

/// As ``system(_:on:_:)``, but "would block" is a value: nil.
package func systemUnlessBlocked<Result: FixedWidthInteger & SignedInteger>(
    _ call: StaticString,
    _ body: () -> Result
) throws(SystemError) -> Result? {
    do {
        return try system(call, body)
    } catch {
        if error.code == EAGAIN || error.code == EWOULDBLOCK { return nil }
        throw error
    }
}
