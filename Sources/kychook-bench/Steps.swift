import KychookBitGo
import KychookCrypto
import KychookHTTP
import KychookInterpret
import KychookModel
import KychookStore
import KychookVerify

/// The steps of one event's path, each on the same 600-byte event.
final class Steps {
    private let secret = Secret(bytes: Array(SignedEvents.secret.utf8))
    private let preset = SourcePreset.bitgo
    private let events = SignedEvents(count: 1, bodyLength: 600)
    private let verifier: Verifier
    private let interpreter: Interpreter
    private let reader = JSONReader()
    private let now = WallClock.system.now()
    private let message: UnsafeMutableRawBufferPointer
    private let body: [UInt8]
    private let signature: [UInt8]
    private var hasher = Hasher()
    private var parser = RequestParser()
    private let limits = RequestLimits()
    private let interpretation: Interpretation

    init() {
        do {
            verifier = try Verifier(scheme: preset.scheme, secrets: [secret])
        } catch {
            preconditionFailure("BitGo's scheme takes any text as a secret")
        }
        message = .allocate(byteCount: events.requestLength, alignment: 8)
        let length = events.write(0, into: message)
        body = Array(message[(length - events.bodyLength)...])
        let code = MessageAuthenticator(.sha256, key: Array(SignedEvents.secret.utf8)).authenticate(body)
        signature = Array(code.hex.utf8)
        interpreter = Interpreter(preset: preset)
        interpretation = body.withUnsafeBytes { [interpreter, reader] bytes in
            interpreter.interpret(bytes, urlType: "identityStatus", header: { _ in nil }, reader: reader)
        }
        precondition(interpretation.problem == nil, "the benchmark's own event can be interpreted")
    }

    deinit {
        message.deallocate()
    }

    func verify() {
        let verdict = body.withUnsafeBytes { body in
            signature.withUnsafeBytes { signature in
                verifier.verify(body: body, now: now) { _ in .once(signature) }
            }
        }
        precondition(verdict == .genuine(secretIndex: 0))
    }

    func parse() {
        parser.reset()
        guard case .complete = parser.parse(message, limits: limits) else { preconditionFailure("one whole request") }
    }

    func interpret() {
        let found = body.withUnsafeBytes {
            interpreter.interpret($0, urlType: "identityStatus", header: { _ in nil }, reader: reader)
        }
        precondition(found.problem == nil)
    }

    /// Copies the body, hashes it and makes the short keys.
    func makeIncoming() {
        let incoming = IncomingEvent(
            source: SourceRules(name: "bitgo", typePrefix: preset.typePrefix),
            received: now,
            interpretation: interpretation,
            urlType: "identityStatus",
            body: body,
            headers: KeptHeaders(contentType: "application/json"),
            secretIndex: 0,
            hasher: &hasher
        )
        precondition(incoming.body.count == body.count)
    }

    func render() {
        let event = Event(
            sequence: 1_234_567,
            id: EventID(high: 0x0198_0000_0000_1234, low: 0x1234_5678_9ABC_DEF0),
            received: now,
            source: "bitgo",
            interpretation: interpretation,
            change: .first,
            previousStatus: nil,
            keyReused: false,
            via: .webhook
        )
        let document = CloudEvent.document(for: event, body: body, typePrefix: preset.typePrefix)
        precondition(document.count > body.count)
    }
}
