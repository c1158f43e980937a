import KychookBitGo
import KychookCrypto
import KychookInterpret
import KychookModel
import KychookStore

/// Makes signed events into what the event log takes, as a server does with requests. Used by one thread.
final class IncomingEvents {
    private let signed: SignedEvents
    private let interpreter = Interpreter(preset: .bitgo)
    private let reader = JSONReader()
    private var hasher = Hasher()
    private let rules = SourceRules(name: "bitgo", typePrefix: SourcePreset.bitgo.typePrefix)
    private let request: UnsafeMutableRawBufferPointer

    init(_ signed: SignedEvents) {
        self.signed = signed
        request = .allocate(byteCount: signed.requestLength, alignment: 8)
    }

    deinit {
        request.deallocate()
    }

    func make(_ index: Int) -> IncomingEvent {
        let length = signed.write(index, into: request)
        let body = UnsafeRawBufferPointer(rebasing: request[(length - signed.bodyLength)..<length])
        return IncomingEvent(
            source: rules,
            received: WallClock.system.now(),
            interpretation: interpreter.interpret(body, urlType: nil, header: { _ in nil }, reader: reader),
            urlType: "identityStatus",
            body: Array(body),
            headers: KeptHeaders(contentType: "application/json", signature: String(repeating: "0", count: 64)),
            secretIndex: 0,
            hasher: &hasher
        )
    }
}
