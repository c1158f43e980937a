import KychookBitGo
import KychookInterpret
import KychookModel

/// Any body is an event, interpreted or not.
struct BodyTarget: FuzzTarget {
    private let interpreter = Interpreter(preset: .bitgo)
    private let reader = JSONReader()

    let seeds = [
        #"{"type":"identityStatus","identityId":"a","identityStatus":"approved","idempotencyKey":"k"}"#,
        #"{"type":"userKycState","data":{"userId":"u","state":"approved","updatedAt":"2026-01-18T14:36:41.793Z"}}"#,
        #"{"a":[1e999,-0.0,true,null,"\ud83d\ude00",{"b":[[[]]]}],"type":5,"type":"transfer"}"#, "[]", "",
    ].map { Array($0.utf8) }

    func `try`(_ input: UnsafeRawBufferPointer) {
        for type in [nil, "identityStatus"] as [String?] {
            _ = interpreter.interpret(input, urlType: type, header: { _ in nil }, reader: reader)
        }
    }
}
