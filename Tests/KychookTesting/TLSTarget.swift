import Glibc
import KychookLinux

/// An HTTPS target: `openssl s_server` speaks TLS, and this answers what comes out of it with 200.
///
/// It serves one connection at a time; others wait until that one is closed.
package final class TLSTarget: Sendable {
    package let port: UInt16
    private let process: ChildProcess
    private let identity: CertificateAuthority.Identity

    /// - Parameters:
    ///   - port: 0: any free one.
    ///   - clientAuthority: the path of a certificate authority by which every client must be signed.
    package init(
        _ identity: CertificateAuthority.Identity,
        port: UInt16 = 0,
        clientAuthority: String? = nil
    ) {
        var command = ["/usr/bin/env", "openssl", "s_server", "-accept", "127.0.0.1:\(port)"]
        command += ["-cert", identity.certificate, "-key", identity.key]
        if let clientAuthority {
            command += ["-Verify", "1", "-verify_return_error", "-CAfile", clientAuthority]
        }
        guard let pipe = try? Pipe() else { preconditionFailure("no descriptors left") }
        let input = pipe.reading.number
        process = ChildProcess(command, input: input) { [answers = Answers(pipe)] line in
            if line == TLSTarget.endOfHead { answers.send() }
        }
        guard let line = process.line(where: { $0.hasPrefix("ACCEPT") }) else {
            preconditionFailure("openssl s_server: \(process.lines)")
        }
        // It names the port only where it chose it.
        self.port = line.split(separator: ":").last.flatMap { UInt16($0) } ?? port
        self.identity = identity
    }

    /// Ends it and frees its port.
    package func stop() {
        process.send(SIGKILL)
        _ = process.end()
    }

    package var url: String { "https://127.0.0.1:\(port)/hooks" }
    /// How many requests came through TLS.
    package var requests: Int { process.lines.count { $0 == TLSTarget.endOfHead } }

    /// Waits for so many requests; false when they do not come. Blocks its thread.
    package func requests(atLeast count: Int) -> Bool {
        process.lines(where: { $0 == TLSTarget.endOfHead }, atLeast: count)
    }

    /// All values of a header, in the order of the requests.
    package func values(of name: String) -> [String] {
        process.lines.filter { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.utf8.count + 2).dropLast()) }
    }

    private static let endOfHead = "\r"
}

/// The way into s_server, which sends on what it reads from its standard input.
private final class Answers: Sendable {
    private let pipe: Pipe

    init(_ pipe: consuming Pipe) {
        self.pipe = pipe
    }

    func send() {
        try? pipe.writing.writeAll(Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8))
    }
}
