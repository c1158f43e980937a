package import KychookLinux
package import KychookModel

/// A file that holds one secret a line, newest first, and that nobody else may read.
package enum SecretFile {
    static let sizeLimit = ByteCount.kibibytes(64)

    /// Why a file gives no secret, as the end of a sentence that begins with its path.
    package enum Fault: Error, Equatable, CustomStringConvertible {
        case unreadable(SystemError)
        case unfit(String)
        case empty

        package var description: String {
            switch self {
            case .unreadable(let error): "cannot be read: \(error.reason)"
            case .unfit(let reason): reason
            case .empty: "is empty: put one secret on each line"
            }
        }
    }

    /// - Returns: at least one secret.
    package static func read(_ path: String, _ surroundings: Surroundings) throws(Fault) -> [Secret] {
        let contents: Surroundings.FileContents
        do throws(SystemError) {
            // One byte more than the limit tells a file at the limit from one above it.
            contents = try surroundings.readFile(path, sizeLimit.bytes + 1).get()
        } catch {
            throw .unreadable(error)
        }
        if let reason = contents.fault(limit: sizeLimit, isSecret: true) { throw .unfit(reason) }
        let secrets = secrets(in: contents.bytes)
        guard !secrets.isEmpty else { throw .empty }
        return secrets
    }

    /// One for each line that is not empty; its end, LF or CRLF, is no part of it.
    package static func secrets(in text: [UInt8]) -> [Secret] {
        text.split(separator: UInt8(ascii: "\n"))
            .map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
            .filter { !$0.isEmpty }
            .map { Secret(bytes: Array($0)) }
    }
}

extension Surroundings.FileContents {
    /// What speaks against using a file, as the end of a sentence; nil: nothing.
    func fault(limit: ByteCount, isSecret: Bool) -> String? {
        if !isRegular { return "is not a regular file" }
        if isSecret, permissions & 0o066 != 0 { return "can be read or written by others: chmod 600 it" }
        if bytes.count > limit.bytes { return "is larger than \(limit)" }
        return nil
    }
}

extension SourceConfiguration {
    /// The files that its secrets came from.
    package var secretFiles: [String] {
        secretOrigins.compactMap { origin in
            guard case .file(let path, _) = origin else { return nil }
            return path
        }
    }
}
