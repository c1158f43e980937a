import KychookConfig
import KychookCrypto
import KychookInterpret
import KychookModel
import KychookStore

extension IncomingEvent {
    /// What the API said, as the event that it becomes: a body of the view's fields by the provider's names.
    convenience init(_ view: IdentityView, via: Via, source: SourceConfiguration, at now: Timestamp) {
        var hasher = Hasher()
        self.init(
            source: SourceRules(source),
            received: now,
            interpretation: Interpretation(
                type: source.preset.identityType,
                subject: Subject(kind: .identity, id: view.id),
                status: view.status,
                enterprise: view.enterprise,
                organization: view.organization,
                time: view.updated.map { .init(moment: $0, field: IdentityView.timeField) }
            ),
            urlType: nil,
            body: view.json,
            headers: KeptHeaders(contentType: "application/json"),
            via: via,
            secretIndex: nil,
            hasher: &hasher
        )
    }
}

extension IdentityView {
    /// Whether kychook's own words can hold it: 1 to 256 bytes, no control characters.
    var isUsable: Bool {
        [id, status].allSatisfy { text in
            (1...256).contains(text.utf8.count)
                && !text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
        }
    }

    fileprivate var json: [UInt8] {
        [UInt8](jsonObject: [
            ("id", .text(id)), ("status", .text(status)), ("organizationId", .init(organization)),
            ("enterpriseId", .init(enterprise)), ("userId", .init(user)), ("createdAt", .init(created?.description)),
            ("updatedAt", .init(updated?.description)),
        ])
    }
}
