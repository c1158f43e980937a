import KychookCrypto
package import KychookModel

/// Writes the one document that every sink gets: a CloudEvents 1.0 event in the JSON format (design, section 8).
package struct CloudEvent {
    private var bytes: [UInt8] = []

    /// The document, one line without a line end.
    /// - Parameters:
    ///   - body: the bytes as received; left out when nil.
    ///   - typePrefix: of the event's source: `com.bitgo.`.
    ///   - currentStatus: where the subject stands now; written for a replay only.
    package static func document(
        for event: Event,
        body: [UInt8]?,
        typePrefix: String,
        isReplay: Bool = false,
        currentStatus: String? = nil
    ) -> [UInt8] {
        var writer = CloudEvent()
        writer.bytes.reserveCapacity(640 + (body?.count ?? 0))
        writer.write(event, typePrefix: typePrefix, isReplay: isReplay)
        if isReplay { writer.member("currentstatus", currentStatus) }
        if let body {
            // What was read as JSON is JSON: it stands in the document as it came. Anything else is only bytes.
            if event.interpretation.problem == .notJSON {
                writer.append(",\"data_base64\":\"\(base64(body))\"")
            } else {
                writer.appendData(body)
            }
        }
        writer.bytes.append(UInt8(ascii: "}"))
        return writer.bytes
    }

    private mutating func write(_ event: Event, typePrefix: String, isReplay: Bool) {
        let interpretation = event.interpretation
        append(#"{"specversion":"1.0""#)
        member("id", event.id.description)
        member("source", "/sources/\(event.source)")
        member("type", typePrefix + interpretation.type)
        member("subject", interpretation.subject?.description)
        member("time", event.received.description)
        member("sequence", CloudEvent.sequenceText(event.sequence))
        member("status", interpretation.status)
        member("previousstatus", event.previousStatus)
        member("statuschange", event.change.rawValue)
        member("via", event.via.rawValue)
        member("idempotencykey", interpretation.key)
        append(#","keyreused":"# + (event.keyReused ? "true" : "false"))
        append(#","replay":"# + (isReplay ? "true" : "false"))
    }

    /// 20 digits, so that text sorts as numbers do.
    package static func sequenceText(_ sequence: Int64) -> String {
        let digits = String(sequence)
        return String(repeating: "0", count: max(0, 20 - digits.count)) + digits
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func member(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        append(",\"")
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        append("\":")
        bytes.appendJSONString(value)
    }

    /// A valid JSON text has raw line ends only between tokens, where a blank means the same.
    private mutating func appendData(_ body: [UInt8]) {
        append(#","datacontenttype":"application/json","data":"#)
        let start = bytes.count
        bytes.append(contentsOf: body)
        for index in start..<bytes.count where bytes[index] == 0x0A || bytes[index] == 0x0D {
            bytes[index] = UInt8(ascii: " ")
        }
    }
}
