import ArgumentParser
import KychookBitGo
import KychookClient

/// Prints why a call failed, with BitGo's own words, and gives the exit code to throw.
func failure(_ error: BitGoAPIError) -> ExitCode {
    let code = failure(ExitStatus(error), error.description)
    guard let provider = error.providerError else { return code }
    let parts = [provider.name, provider.error?.revealed].compactMap(\.self)
    if !parts.isEmpty { printError("bitgo says: \(printable(parts.joined(separator: ": ")))") }
    for detail in provider.details?.revealed ?? [] { printError("    \(printable(detail))") }
    for more in [provider.context?.revealed, provider.additionalDetails?.revealed].compactMap(\.self)
    where more != .object([]) && more != .null {
        printError("    \(printable(String(decoding: more.bytes, as: UTF8.self)))")
    }
    if let request = provider.requestID { printError("request id for bitgo's support: \(request)") }
    return code
}

/// Runs a call that is never sent twice, and says so when nobody knows whether it was done.
/// - Parameter advice: what to do then.
func sentOnce<Result>(
    advice: String = "look at what is there before you repeat it",
    _ call: () throws -> Result
) throws -> Result {
    do {
        return try call()
    } catch let error as BitGoAPIError where error.mayHaveActed {
        let code = failure(error)
        printError("it may have been done all the same: \(advice)")
        throw code
    }
}

extension ExitStatus {
    fileprivate init(_ error: BitGoAPIError) {
        switch error {
        case .unauthorized, .forbidden: self = .noPermission
        case .notFound, .rejected: self = .data
        case .transport(.invalidRequest, _): self = .configuration
        case .rateLimited, .unavailable, .redirected, .unexpectedStatus, .malformedAnswer, .oversizedAnswer, .transport:
            self = .unavailable
        }
    }
}

/// Prints what speaks against a request, and ends the command when some of it does so for sure.
func check(_ problems: [FieldProblem], of file: String) throws {
    for problem in problems { printError("\(file): \(problem)") }
    guard problems.contains(where: { $0.severity == .error }) else { return }
    throw failure(.data, "nothing was sent: correct \(file) first")
}
