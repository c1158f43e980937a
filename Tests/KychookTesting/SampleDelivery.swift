package import KychookModel

extension Delivery {
    /// A delivery that is plausible in every field; the body holds ``marker``, which no error or log may show.
    package static func sample(
        _ number: Int = 1,
        attempt: Int = 1,
        isReplay: Bool = false,
        status: String? = "approved",
        padding: Int = 0
    ) -> Delivery {
        let id = EventID(high: 0x019B_0000_0000_0000, low: UInt64(number))
        let event = Event(
            sequence: Int64(number),
            id: id,
            received: Timestamp(milliseconds: 1_768_747_001_793),
            source: "bitgo",
            interpretation: Interpretation(
                type: "identityStatus",
                subject: Subject(kind: .identity, id: "id-\(number)"),
                status: status
            ),
            change: .changed,
            previousStatus: "pending",
            keyReused: false,
            via: .webhook
        )
        let filler = String(repeating: "x", count: padding)
        let body = #"{"type":"identityStatus","name":"\#(marker)","filler":"\#(filler)"}"#
        let members = #""source":"/sources/bitgo","replay":\#(isReplay),"data":\#(body)"#
        let document = #"{"specversion":"1.0","id":"\#(id)",\#(members)}"#
        return Delivery(
            event: event,
            document: Array(document.utf8),
            body: Array("  \(body)\r\n".utf8),
            headers: KeptHeaders(contentType: "application/json; charset=utf-8", signature: "c0ffee"),
            attempt: attempt,
            isReplay: isReplay
        )
    }

    /// Stands for personal data.
    package static let marker = "MARKER-OF-A-PERSON"
}
