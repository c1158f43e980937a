/// An error of the provider, in the form of any of its three families (developers.bitgo.com/api; bitgo.md section 10):
/// platform v2, identity verification, know-your-business. A body that is no such object is an `AnswerProblem`.
package struct ProviderError: Error, Equatable, Sendable {
    /// Free text: for the operator who asked, not for logs.
    package var error: Personal<String>?
    /// A code like `IdentityNotFound`; nil where it has another form.
    package var name: String?
    /// What the provider's support asks for.
    package var requestID: String?
    /// HTTP status, where the body repeats it.
    package var status: Int?
    /// Seconds, by its name; the unit is not documented.
    package var retryAfter: Double?
    package var details: Personal<[String]>?
    package var context: Personal<JSONValue>?
    package var additionalDetails: Personal<JSONValue>?
}

extension ProviderError: Decodable {
    private enum CodingKeys: String, CodingKey {
        case error, name, status, retryAfter, details, context, additionalDetails
        case requestID = "requestId"
    }

    /// A field in an unexpected form is left out: half an error is better than an error about an error.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        error = try? fields.decodeIfPresent(Personal<String>.self, forKey: .error)
        name = fields.code(.name)
        requestID = fields.code(.requestID)
        status = try? fields.lenientNumber(.status)
        retryAfter = try? fields.decodeIfPresent(Double.self, forKey: .retryAfter)
        details = try? fields.decodeIfPresent(Personal<[String]>.self, forKey: .details)
        context = try? fields.decodeIfPresent(Personal<JSONValue>.self, forKey: .context)
        additionalDetails = try? fields.decodeIfPresent(Personal<JSONValue>.self, forKey: .additionalDetails)
    }
}

extension KeyedDecodingContainer {
    /// A text that is safe in a log: 1–100 letters, digits, hyphens and underscores.
    fileprivate func code(_ key: Key) -> String? {
        guard let text = try? decodeIfPresent(String.self, forKey: key), (1...100).contains(text.utf8.count),
            text.utf8.allSatisfy({ byte in
                let scalar = Unicode.Scalar(byte)
                return scalar.isASCII && scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || scalar == "-" || scalar == "_"
            })
        else { return nil }
        return text
    }
}
