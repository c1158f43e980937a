import KychookBitGo
import KychookClient
import KychookModel
import Testing

@testable import KychookSandbox

/// The bytes and the fields of an attempt.
@Suite struct NotificationMessageTests {
    /// The third test vector of bitgo.md section 2, whose line is in section 4.2.
    private static let notification = OutgoingNotification(
        id: "n",
        webhook: "690278897328c7fc41e81887d4b76964",
        url: Sample.url,
        type: .identityStatus,
        owner: .organization(Sample.organization),
        createdAt: .start,
        idempotencyKey: "7b0c1b7a-2f0d-4c39-8d55-0b1a6d5f4a11",
        fields: [
            .init("type", "identityStatus"), .init("organizationId", Sample.organization),
            .init("enterpriseId", Sample.enterprise), .init("userId", Sample.user),
            .init("identityId", "0d2f6c1e-5a44-4c0e-9b1f-3e8a7f1c2d90"), .init("identityStatus", "in review"),
            .init("webhook", "690278897328c7fc41e81887d4b76964"),
        ]
    )
    private static let vector = "906612260ce5c67a5cfe40f9dee90f98fbc2bb4d8de96c74d11e33d4b6be89a2"

    private func secrets(_ current: String, previous: String? = nil) -> OwnerSecrets {
        OwnerSecrets(
            current: Secret(bytes: Array(current.utf8)),
            previous: previous.map { Secret(bytes: Array($0.utf8)) },
            rotatedAt: .start
        )
    }

    private func message(_ fault: Fault? = nil, header: Bool = true, body: Bool = true) -> NotificationMessage {
        var treatment = Treatment()
        treatment.faults = [fault].compactMap(\.self)
        var settings = SenderSettings()
        settings.sendsKeyHeader = header
        settings.sendsBodyKey = body
        return NotificationMessage(NotificationMessageTests.notification, treatment, settings)
    }

    private func signature(_ fields: [ClientRequest.Field]) -> String? {
        fields.first { $0.name == "X-Signature-SHA256" }?.value
    }

    @Test func `body and signature are those of the test vector`() {
        let message = message()
        #expect(message.body.count == 353)
        let fields = message.fields(.genuine, secrets("sandbox-secret-0001"))
        #expect(signature(fields) == NotificationMessageTests.vector)
        #expect(fields.contains(.init("Content-Type", "application/json")))
    }

    @Test(arguments: [true, false], [true, false])
    func `header and body have the key where they are told to`(header: Bool, body: Bool) {
        let message = message(header: header, body: body)
        let key = NotificationMessageTests.notification.idempotencyKey
        #expect(message.fields(.genuine, nil).contains(.init("idempotency-key", key)) == header)
        #expect(String(decoding: message.body, as: UTF8.self).contains(#""idempotencyKey":"\#(key)""#) == body)
    }

    @Test func `without a secret nothing is signed`() {
        #expect(signature(message().fields(.genuine, nil)) == nil)
        #expect(signature(message().fields(.oldSecret, nil)) == nil)
    }

    @Test func `the old secret signs where there is one`() {
        let rotated = secrets("new", previous: "sandbox-secret-0001")
        #expect(signature(message().fields(.oldSecret, rotated)) == NotificationMessageTests.vector)
        #expect(signature(message().fields(.genuine, rotated)) != NotificationMessageTests.vector)
        let first = secrets("sandbox-secret-0001")
        #expect(signature(message().fields(.oldSecret, first)) == NotificationMessageTests.vector)
    }

    @Test func `a forged signature is well-formed and wrong`() throws {
        let forged = try #require(signature(message().fields(.wrongSignature, secrets("sandbox-secret-0001"))))
        #expect(forged.count == 64 && forged != NotificationMessageTests.vector)
        #expect(signature(message().fields(.noSignature, secrets("sandbox-secret-0001"))) == nil)
    }

    @Test func `faults of the body change what they are named after`() {
        let text = { (fault: Fault) in String(decoding: message(fault).body, as: UTF8.self) }
        #expect(text(.unknownStatus).contains(#""identityStatus":"under enhanced observation""#))
        #expect(text(.missingType).hasPrefix(#"{"organizationId":"#))
        #expect(text(.extraFields).hasPrefix(#"{"apiVersion":3,"#) && text(.extraFields).contains("Zürich"))
        #expect(text(.dataEnvelope).hasPrefix(#"{"data":{"type":"identityStatus""#))
        #expect(text(.dataEnvelope).hasSuffix("}}"))
    }
}
