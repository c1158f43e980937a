package import KychookBitGo
package import KychookModel

/// A person or a company that is being verified as a business's part (bitgo.md section 9).
package struct KYBRecord: Codable, Equatable, Sendable {
    package let id: String
    package let kind: Open<KYBIdentityKind>
    /// Who created it: nobody else may read it.
    package let creator: String
    package let user: String
    /// The members of `individual` or `business`.
    package internal(set) var details: Personal<JSONValue>
    package internal(set) var products: [Product] = []
    package internal(set) var documents: [Attachment] = []
    /// How many associated persons there are of each role.
    package internal(set) var roles: [String] = []
    package internal(set) var isFinalized = false
    /// When the review ends; nil: none goes on.
    package internal(set) var due: Timestamp?
    /// Fields of the last request that the look-alike does not know.
    package internal(set) var ignoredFields: [String] = []

    package struct Product: Codable, Equatable, Sendable {
        package let id: String
        package internal(set) var name: String
        package internal(set) var bitgoOrg: String
        package internal(set) var country: String?
        package internal(set) var subdivision: String?
        /// From the review on; before, the status follows from what is there.
        package internal(set) var decision: ProductStatus?
    }

    package struct Attachment: Codable, Equatable, Sendable {
        package let id: String
        package let document: String
        package let type: DocumentType
    }

    /// What the body's object is called.
    var detailsName: String { isIndividual ? "individual" : "business" }

    var isIndividual: Bool { kind == .known(.individual) }

    func has(_ field: String) -> Bool {
        details.revealed[field].map { $0 != .null && $0 != .text("") } ?? false
    }

    /// The look-alike's review approves whatever is complete.
    var isDecided: Bool { !products.isEmpty && products.allSatisfy { $0.decision == .approved } }
}

extension DocumentType: Codable {}
extension ProductStatus: Codable {}

/// A document of the document service.
package struct DocumentRecord: Codable, Equatable, Sendable {
    package let id: String
    package let type: DocumentType
    package let subType: String?
    package let createdAt: Timestamp
    package internal(set) var file: File

    /// The look-alike asks for one file for each document.
    package struct File: Codable, Equatable, Sendable {
        package let id: String
        /// Bytes; nil: not uploaded.
        package internal(set) var size: Int?
    }

    package var status: DocumentFileStatus { file.size == nil ? .awaitingUpload : .uploaded }
}
