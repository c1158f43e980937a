import KychookBitGo

extension World {
    /// The identity as the reference page shows it (shared reference page: Get KYB Identity).
    func json(of record: KYBRecord) -> JSONValue {
        let products = record.products.map { product in
            let optional: [JSONValue.Member?] = [
                product.country.map { .init("country", .text($0)) },
                product.subdivision.map { .init("subdivision", .text($0)) },
            ]
            return JSONValue.object(
                [
                    .init("id", .text(product.id)), .init("name", .text(product.name)),
                    .init("bitgoOrg", .text(product.bitgoOrg)),
                ] + optional.compactMap(\.self) + [
                    .init("status", .text(status(of: product, in: record).rawValue))
                ]
            )
        }
        return .object([
            .init("type", .text(record.kind.text)), .init("id", .text(record.id)), .init("userId", .text(record.user)),
            .init(record.detailsName, record.details.revealed), .init("requestedProducts", .array(products)),
            .init("requirements", .array(requirements(of: record).map { $0.demand.json($0.status) })),
            .init("documents", .array(record.documents.map { json(of: $0, in: record) })),
            .init("ignoredFields", .texts(record.ignoredFields)),
            .init("finalizeSubmission", .boolean(record.isFinalized)),
        ])
    }

    /// - Parameter record: whose review decides on its status; nil: none has seen it yet.
    func json(of attachment: KYBRecord.Attachment, in record: KYBRecord?) -> JSONValue {
        let status = isUploaded(attachment.document) ? record?.progress ?? .submitted : .missing
        return .object([
            .init("id", .text(attachment.id)), .init("documentId", .text(attachment.document)),
            .init("documentType", .text(attachment.type.rawValue)), .init("status", .text(status.rawValue)),
        ])
    }
}

extension KYBDemand {
    fileprivate func json(_ status: RequirementStatus) -> JSONValue {
        let optional: [JSONValue.Member?] = [
            minRequired.map { .init("minRequired", .integer(Int64($0))) },
            maxAllowed.map { .init("maxAllowed", .integer(Int64($0))) },
        ]
        return .object(
            [
                .init("id", .text(id)), .init("kind", .text(kind.rawValue)), .init("name", .text(name)),
                .init("status", .text(status.rawValue)),
            ] + optional.compactMap(\.self)
        )
    }
}
