// `stdout` is a variable to the compiler; nobody sets it.
@preconcurrency import Glibc
import KychookLinux

/// Prints bytes as they are, without a line's end.
func printBytes(_ bytes: [UInt8]) {
    fwrite(bytes, 1, bytes.count, stdout)
}

/// Throws when something that was printed got lost, so that a list cut short by a full disk does not pass for a whole
/// one. Who reads along may go away.
func finishOutput() throws(SystemError) {
    let code = fflush(stdout) == 0 ? 0 : errno
    guard code != 0 || ferror(stdout) != 0, !hasReaderGone() else { return }
    throw SystemError(call: "write", subject: "standard output", code: code == 0 ? EIO : code)
}

/// Asked of the kernel: the reason of a failure before the last is forgotten.
private func hasReaderGone() -> Bool {
    var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
    return poll(&output, 1, 0) == 1 && output.revents & Int16(POLLERR | POLLHUP) != 0
}
