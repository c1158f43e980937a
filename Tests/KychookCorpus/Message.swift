/// A message and what must become of it: 200 accepted, 0 incomplete, else the status of the refusal.
package struct Message: Sendable, CustomStringConvertible {
    package let text: [UInt8]
    package let status: Int

    package var description: String {
        "\(status): " + String(decoding: text.prefix(90), as: UTF8.self).debugDescription
    }

    package init(_ text: String, _ status: Int) {
        self.init(Array(text.utf8), status)
    }

    package init(_ text: [UInt8], _ status: Int) {
        self.text = text
        self.status = status
    }
}
