import Glibc
import KychookLinux

/// A certificate authority of a test's own, made with the `openssl` command; its files go with it and all that it signed.
package final class CertificateAuthority: Sendable {
    /// Paths of PEM files.
    package struct Identity: Sendable {
        package let certificate: String
        package let key: String
        private let directory: TemporaryDirectory

        fileprivate init(_ name: String, in directory: TemporaryDirectory) {
            certificate = directory.path("\(name).pem")
            key = directory.path("\(name).key")
            self.directory = directory
        }

        package var certificateText: [UInt8] { bytes(of: certificate) }
        package var keyText: [UInt8] { bytes(of: key) }
    }

    /// The authority's own certificate, self-signed.
    package let root: Identity
    private let directory = TemporaryDirectory()

    package init() {
        root = Identity("ca", in: directory)
        run("req -x509 -subj /CN=kychook-test -days 2 -out \(root.certificate) \(newKey(root.key))")
    }

    /// - Parameters:
    ///   - name: the identity's name, different for each of an authority.
    ///   - address: whom it is for, as a subject alternative name.
    ///   - days: how long it is valid from now; negative: it has expired.
    package func issue(_ name: String, for address: String = "IP:127.0.0.1", days: Int = 2) -> Identity {
        let identity = Identity(name, in: directory)
        let request = directory.path("\(name).csr")
        run("req -new -subj /CN=\(name) -addext subjectAltName=\(address) -out \(request) \(newKey(identity.key))")
        let signed = "-CA \(root.certificate) -CAkey \(root.key) -days \(days) -copy_extensions copy"
        run("x509 -req -in \(request) -out \(identity.certificate) \(signed)")
        return identity
    }

    private func newKey(_ path: String) -> String {
        "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(path)"
    }

    private func run(_ arguments: String) {
        let process = ChildProcess(["/usr/bin/env", "openssl"] + arguments.split(separator: " ").map(String.init))
        precondition(process.end() == .exited(0), "openssl \(arguments): \(process.lines)")
    }
}

private func bytes(of path: String) -> [UInt8] {
    guard let bytes = try? Descriptor.open(path, O_RDONLY).readAll(limit: 1 << 20) else {
        preconditionFailure("\(path) has just been made")
    }
    return bytes
}
