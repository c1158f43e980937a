import KychookBitGo
import KychookModel

/// Child enterprises, and documents of the document service (bitgo.md section 9).
struct AccountCalls {
    /// Of a document's `metadata` (developers.bitgo.com/api/documents.post.v1.documents).
    static let metadataLimitInBytes = 100 << 10
    /// How long a file may be sent to the address that a new document is answered with.
    static let uploadTime = Duration.seconds(3600)

    let request: APIRequest

    func createEnterprise(of organization: String, in world: inout World) throws(APIError) -> APIAnswer {
        let body = try request.object()
        let address = try body.requiredText("email")
        guard address.utf8.count <= 254, address.split(separator: "@").count == 2 else {
            throw .invalid("email is not an address")
        }
        let kind = try body.requiredText("accountType")
        guard ["individual", "entity"].contains(kind) else {
            throw .invalid("accountType is neither individual nor entity")
        }
        _ = try body.optionalArray("additionalAdmins")
        let child = world.createEnterprise(of: organization, key: try body.requiredText("idempotencyKey"))
        return .ok(.object([.init("enterpriseId", .text(child.enterprise)), .init("userId", .text(child.user))]))
    }

    func createDocument(in world: inout World, at now: Timestamp) throws(APIError) -> APIAnswer {
        let body = try request.object()
        let type = try body.documentType()
        let subType = try body.optionalText("subType")
        if let metadata = body["metadata"], metadata.bytes.count > AccountCalls.metadataLimitInBytes {
            throw .invalid("metadata is larger than \(AccountCalls.metadataLimitInBytes) bytes")
        }
        let document = world.createDocument(type, subType: subType, at: now)
        return .ok(status: 201, json(of: document))
    }

    func upload(_ file: String, in world: inout World, at now: Timestamp) throws(APIError) -> APIAnswer {
        guard request.bodySize > 0 else { throw .invalid("the file is empty") }
        guard request.bodySize <= DocumentFile.sizeLimit.bytes else {
            throw APIError(413, "PayloadTooLarge", "the file \(DocumentFile.Problem.tooLarge)")
        }
        try refusing { () throws(WorldRefusal) in try world.upload(file: file, size: request.bodySize, at: now) }
        return .ok(.object([]))
    }

    private func json(of document: DocumentRecord) -> JSONValue {
        let file = JSONValue.object([
            .init("fileId", .text(document.file.id)), .init("fileView", .text("front")),
            .init("label", .text("Front")), .init("required", .boolean(true)),
            .init("uploadUrl", .text("http://\(request.host)/api/document-service/v1/files/\(document.file.id)")),
            .init("expiresAt", .text((document.createdAt + AccountCalls.uploadTime).description)),
        ])
        return .object([
            .init("documentId", .text(document.id)), .init("documentType", .text(document.type.rawValue)),
            .init("documentTypeLabel", .text(document.type.rawValue)),
            .init("status", .text(document.status.rawValue)), .init("files", .array([file])),
        ])
    }
}
