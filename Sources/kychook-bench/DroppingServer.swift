import KychookBitGo
import KychookCrypto
import KychookHTTP
import KychookLinux
import KychookModel
import KychookNet
import KychookVerify

/// One loop that listens with TLS and without, verifies signatures and keeps nothing.
final class DroppingServer {
    private let server: HTTPServer
    var plain: ListenAddress { server.boundAddresses[0] }
    var encrypted: ListenAddress { server.boundAddresses[1] }

    /// - Parameter directory: where its certificate is made.
    init(in directory: TemporaryDirectory) throws {
        let (certificate, key) = (directory.path("cert.pem"), directory.path("key.pem"))
        let request = "openssl req -x509 -subj /CN=bench -days 2 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256"
        let log = directory.path("openssl.log")
        let maker = try ChildProcess(["/bin/sh", "-c", "\(request) -out \(certificate) -keyout \(key)"], output: log)
        guard maker.wait() == 0 else { throw BenchError.noServer(try readText(log)) }
        let identity = try ServerIdentity(
            certificate: Array(try readText(certificate).utf8),
            key: Array(try readText(key).utf8)
        )
        let any = ListenAddress.v4("127.0.0.1", port: 0)
        let contexts = [nil, try TLSContext(identity)]
        server = try HTTPServer(name: "http", listen: [any, any], tls: contexts, loops: 1) { _ in VerifyOnly() }
    }

    func stop() {
        server.stop(deadline: .zero)
    }
}

/// Answers 200 to what is genuine, and keeps nothing.
private final class VerifyOnly: RequestHandler {
    private let accepted = Response(status: 200, text: #"{"status":"accepted"}"#)
    private let refused = Response(status: 401, text: #"{"error":"unauthorized"}"#)
    private let now = WallClock.system.now()
    private let verifier: Verifier

    init() {
        do {
            let secret = Secret(bytes: Array(SignedEvents.secret.utf8))
            verifier = try Verifier(scheme: SourcePreset.bitgo.scheme, secrets: [secret])
        } catch {
            preconditionFailure("BitGo's scheme takes any text as a secret")
        }
    }

    func handle(_ request: borrowing Request, _ exchange: Exchange) -> Disposition {
        let verdict = request.body.withUnsafeBytes { body in
            verifier.verify(body: body, now: now) { name in
                guard case .once(let value) = request.field(name) else { return .absent }
                // The request's buffer outlives the verification.
                return .once(value.withUnsafeBytes { $0 })
            }
        }
        return .respond(verdict == .genuine(secretIndex: 0) ? accepted : refused)
    }
}
