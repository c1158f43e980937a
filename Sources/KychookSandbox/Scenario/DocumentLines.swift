import Foundation
import Glibc
import KychookLinux

/// The documents that a receiver has written to a file, one a line; what is no document is passed over, a line that
/// is not whole yet too.
struct DocumentLines {
    /// What a scenario looks at: a CloudEvent as the log sink and hooks get it.
    struct Document: Decodable {
        var subject: String?
        var status: String?
        var statuschange: String?
    }

    static let limitInBytes = 256 << 20

    let documents: [Document]

    /// A file that is not there yet holds no documents.
    init(path: String) throws(SystemError) {
        guard fileExists(path) else {
            documents = []
            return
        }
        let bytes = try Descriptor.open(path, O_RDONLY | O_NONBLOCK).readAll(limit: DocumentLines.limitInBytes)
        let decoder = JSONDecoder()
        documents = bytes.split(separator: UInt8(ascii: "\n"))
            .compactMap { try? decoder.decode(Document.self, from: Data($0)) }
    }

    /// - Parameter id: the identity's.
    func count(of expectation: Scenario.Expectation, id: String) -> Int {
        documents.count { document in
            document.subject == "identity/\(id)"
                && (expectation.status.map { $0 == document.status } ?? true)
                && (expectation.change.map { $0 == document.statuschange } ?? true)
        }
    }
}
