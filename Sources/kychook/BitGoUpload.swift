import ArgumentParser
import Glibc
import KychookBitGo
import KychookLinux
import KychookModel
import KychookServer

extension BitGoIdentity {
    struct Upload: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send a person's documents, all in one call.",
            discussion: """
                Each file is at most \(DocumentFile.sizeLimit); PNG and JPEG images have at least \
                \(DocumentFile.sideLimitInPixels)x\(DocumentFile.sideLimitInPixels) pixels. PDF is sent as it is. What \
                is against these rules is not sent.
                """
        )

        @OptionGroup var access: BitGoAccess

        @Argument(help: "The identity's ID.", transform: identifier)
        var id: String

        @Option(name: .customLong("class"), help: "What the document is: dl, id, pp, …")
        var documentClass: String

        @Option(help: "Its front.", completion: .file())
        var front: String

        @Option(help: "Its back.", completion: .file())
        var back: String?

        @Option(help: "A proof of residency.", completion: .file())
        var residency: String?

        func run() throws {
            try reporting {
                let documents = IdentityDocuments(
                    selectedIDClass: documentClass,
                    frontPhoto: try document(front),
                    backPhoto: try back.map(document),
                    proofOfResidency: try residency.map(document)
                )
                warnOfUnknownClass()
                let (api, id, bar) = (try access.api(), id, ProgressBar())
                let answer = try sentOnce {
                    defer { bar?.end() }
                    return try waitFor {
                        try await api.upload(documents, to: id) { bar?.show($0, of: $1) }
                    }
                }
                BitGoRecord(answer).print(asJSON: access.isJSON)
            }
        }

        private func document(_ path: String) throws -> DocumentFile {
            let bytes = try readFile(path, limit: DocumentFile.sizeLimit.bytes + 1)
            let file = DocumentFile(name: path.split(separator: "/").last.map(String.init) ?? path, bytes: bytes)
            guard let problem = file.problem else { return file }
            guard problem.isWarning else { throw failure(.data, "nothing was sent: \(path) \(problem)") }
            printError("warning: \(path) \(problem)")
            return file
        }

        private func warnOfUnknownClass() {
            guard Open<IDClass>(documentClass).known == nil else { return }
            let known = IDClass.allCases.map(\.rawValue).joined(separator: " ")
            printError("warning: the class \(printable(documentClass)) is not among those known: \(known)")
        }
    }
}

/// How far an upload is, on a terminal's one line.
final class ProgressBar: Sendable {
    private static let width = 40
    private let shown = Locked(-1)

    /// nil: the errors do not go to a terminal.
    init?() {
        guard isatty(STDERR_FILENO) == 1 else { return nil }
    }

    func show(_ done: Int, of total: Int) {
        let filled = total > 0 ? done * ProgressBar.width / total : ProgressBar.width
        let isNews = shown.withLock { shown in
            defer { shown = filled }
            return shown != filled
        }
        guard isNews else { return }
        let rest = String(repeating: "-", count: ProgressBar.width - filled)
        write("\r[\(String(repeating: "#", count: filled))\(rest)] \(filled * 100 / ProgressBar.width) %")
    }

    func end() {
        if shown.withLock({ $0 >= 0 }) { write("\n") }
    }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        bytes.withUnsafeBytes { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
