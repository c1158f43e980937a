import KychookClient

extension BitGoAPI {
    /// Uploads all documents of an identity in one call, as the guide advises; sent once.
    /// - Parameter onProgress: bytes sent so far and in all; called on the client's thread, which it must not hold up.
    package func upload(
        _ documents: IdentityDocuments,
        to identity: String,
        onProgress: (@Sendable (_ sent: Int, _ total: Int) -> Void)? = nil
    ) async throws(BitGoAPIError) -> DocumentUploadAnswer {
        let form = Multipart(documents.parts, random: (0..<16).map { _ in .random(in: .min ... .max) })
        var call = Call(.post, BitGoAPI.identityPath + [identity, "document"], isRepeatable: false)
        call.body = form.bytes
        call.contentType = form.contentType
        // 60 MiB at 100 KiB a second.
        call.limits = Limits(perTry: .seconds(600), total: .seconds(660))
        let total = form.bytes.count
        if let onProgress { call.onProgress = { onProgress(min($0, total), total) } }
        return try await value(call)
    }
}

/// The parts of a document upload (shared reference page: Complete Know Your Customer, step 2).
package struct IdentityDocuments: Sendable {
    /// The kind of document, such as `dl`; ``IDClass`` has those that are known.
    package var selectedIDClass: String
    package var frontPhoto: DocumentFile
    package var backPhoto: DocumentFile?
    package var proofOfResidency: DocumentFile?

    package init(
        selectedIDClass: String,
        frontPhoto: DocumentFile,
        backPhoto: DocumentFile? = nil,
        proofOfResidency: DocumentFile? = nil
    ) {
        self.selectedIDClass = selectedIDClass
        self.frontPhoto = frontPhoto
        self.backPhoto = backPhoto
        self.proofOfResidency = proofOfResidency
    }

    var parts: [Multipart.Part] {
        let files: [(name: String, file: DocumentFile?)] = [
            ("frontPhoto", frontPhoto), ("backPhoto", backPhoto), ("proofOfResidency", proofOfResidency),
        ]
        let fileParts = files.compactMap { part in
            part.file.map { Multipart.Part(name: part.name, file: ($0.name, $0.format.mediaType), bytes: $0.bytes) }
        }
        return [Multipart.Part(name: "selectedIdClass", bytes: Array(selectedIDClass.utf8))] + fileParts
    }
}
