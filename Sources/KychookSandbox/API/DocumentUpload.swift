import KychookBitGo
import KychookModel

/// The upload of identity documents (shared reference page: Complete Know Your Customer, step 2).
struct DocumentUpload {
    static let files = ["frontPhoto", "backPhoto", "proofOfResidency"]
    /// All files of the largest size, and what stands around them.
    static let requestLimit = files.count * Int(DocumentFile.sizeLimit.bytes) + 64 << 10

    private let idClass: String
    /// In the order of the form.
    private let files: [(name: String, file: DocumentFile)]

    init(_ parts: [FormPart]) throws(APIError) {
        guard let idClass = parts.first(where: { $0.name == "selectedIdClass" }) else {
            throw .invalid("selectedIdClass is missing")
        }
        guard let text = String(validating: idClass.bytes, as: UTF8.self), !text.isEmpty, text.utf8.count <= 64 else {
            throw .invalid("selectedIdClass is empty, too long or no text")
        }
        self.idClass = text
        files = parts.filter { DocumentUpload.files.contains($0.name) }
            .map { ($0.name, DocumentFile(name: $0.fileName ?? $0.name, bytes: $0.bytes)) }
        guard !files.isEmpty else { throw .invalid("there is no document: send frontPhoto at least") }
        let problems = files.compactMap { file in file.file.problem.map { "\(file.name) \($0)" } }
        guard problems.isEmpty else { throw .invalid(problems.joined(separator: "; "), details: problems) }
    }

    func perform(on id: String, in world: inout World, at now: Timestamp) throws(APIError) -> APIAnswer {
        let identity = try refusing { () throws(WorldRefusal) in
            try world.upload(files.map(\.name), idClass: idClass, to: id, at: now)
        }
        let isMisspelt =
            world.settings.misspellsUploadStatus && identity.status == .known(.evaluatingSubmission)
        return .ok(
            .object([
                .init("id", .text(id)),
                .init("status", .text(isMisspelt ? "evalutating submission" : identity.status.text)),
                .init("selectedIdClass", .text(idClass)),
                .init("fileUploads", .array(files.map { upload($0.name, $0.file) })),
            ])
        )
    }

    private func upload(_ part: String, _ file: DocumentFile) -> JSONValue {
        .object([
            .init("fileName", .text(file.name)), .init("fileSize", .integer(Int64(file.bytes.count))),
            .init("uploadStatus", .text("uploaded")), .init("documentType", .text(part)),
        ])
    }
}
