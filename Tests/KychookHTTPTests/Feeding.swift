import KychookHTTP

/// What a parser made of some bytes, as values that can be compared.
enum Outcome: Equatable, CustomStringConvertible {
    case request(Parsed)
    case incomplete
    case refused(Int)

    struct Parsed: Equatable {
        var method = ""
        var path = ""
        var query = ""
        var body: [UInt8] = []
        var rest: [UInt8] = []
        var keepsAlive = true
        var expectsContinue = false
    }

    var description: String {
        switch self {
        case .request(let parsed): "\(parsed.method) \(parsed.path) + \(parsed.body.count), rest \(parsed.rest.count)"
        case .incomplete: "incomplete"
        case .refused(let status): "\(status)"
        }
    }

    var status: Int {
        switch self {
        case .request: 200
        case .incomplete: 0
        case .refused(let status): status
        }
    }
}

/// Feeds a parser piece by piece, each time with all bytes so far and a forbidden page behind them.
/// - Parameters:
///   - cuts: offsets at which the input is cut, rising.
///   - closesGaps: uses ``RequestParser/closeGap(_:)`` after every piece, as a full buffer would.
func feed(
    _ input: [UInt8],
    cuts: some Sequence<Int>,
    limits: RequestLimits = RequestLimits(),
    closesGaps: Bool = false
) -> Outcome {
    let memory = GuardedMemory(capacity: input.count)
    var parser = RequestParser()
    var held: [UInt8] = []
    var fed = 0
    for cut in Array(cuts) + [input.count] {
        held += input[fed..<cut]
        fed = cut
        let buffer = memory.place(held)
        switch parser.parse(buffer, limits: limits) {
        case .complete(let consumed):
            return .request(parsed(parser, buffer, rest: Array(buffer[consumed...]) + input[fed...]))
        case .refused(let refusal):
            return .refused(refusal.status)
        case .incomplete:
            let kept = closesGaps ? parser.closeGap(buffer) : buffer.count
            held = Array(buffer[..<kept])
        }
    }
    return .incomplete
}

private func parsed(
    _ parser: borrowing RequestParser,
    _ buffer: UnsafeMutableRawBufferPointer,
    rest: [UInt8]
) -> Outcome.Parsed {
    let request = parser.request(in: buffer)
    return Outcome.Parsed(
        method: text(request.methodText),
        path: text(request.path),
        query: text(request.query),
        body: bytes(request.body),
        rest: rest,
        keepsAlive: parser.keepsAlive,
        expectsContinue: parser.expectsContinue
    )
}

func bytes(_ span: Span<UInt8>) -> [UInt8] {
    span.withUnsafeBufferPointer { Array($0) }
}

func text(_ span: Span<UInt8>) -> String {
    String(decoding: bytes(span), as: UTF8.self)
}
