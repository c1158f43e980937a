import Glibc
import KychookModel

/// What the value of a field must look like.
enum FieldRule {
    /// Any text but an empty one.
    case text
    case name
    /// `YYYY-MM-DD` or a date-time.
    case date
    case pastDate
    /// A date within the last two years.
    case recentDate
    /// The forms that the signature pages show: a date, RFC 3339, or that with a blank for the `T`.
    case moment
    /// E.164.
    case phone
    /// ISO 3166-1 alpha-2 or alpha-3.
    case country
    case ipAddress
    /// A boolean, or one as a text.
    case flag
    case number
    case object
    /// One of the provider's documented words; others are sent, with a warning.
    case oneOf([String])

    static func word<Known: Word>(_ type: Known.Type) -> FieldRule {
        .oneOf(type.allCases.map(\.rawValue))
    }

    /// The first thing that is wrong with the value of `field`, or nil.
    func problem(with value: JSONValue, in field: String, now: Timestamp) -> FieldProblem? {
        switch self {
        case .flag: flagProblem(with: value, in: field)
        case .number:
            switch value {
            case .integer, .number: nil
            default: .error(field, "is not a number, without quotes")
            }
        case .object:
            if case .object = value { nil } else { .error(field, "is not an object") }
        case .text, .name, .date, .pastDate, .recentDate, .moment, .phone, .country, .ipAddress, .oneOf:
            if let text = value.text {
                text.isEmpty ? .error(field, "is empty") : problem(with: text, in: field, now: now)
            } else {
                .error(field, "is not a text in quotes")
            }
        }
    }

    private func flagProblem(with value: JSONValue, in field: String) -> FieldProblem? {
        switch value {
        case .boolean: nil
        case .text(let text) where text == "true" || text == "false": nil
        case .text: .warning(field, "is a text other than true and false")
        default: .error(field, "is not true or false")
        }
    }

    private func problem(with text: String, in field: String, now: Timestamp) -> FieldProblem? {
        switch self {
        case .name:
            return LatinText.name.matches(text)
                ? nil : .error(field, "has a character other than \(LatinText.name.description)")
        case .date, .pastDate, .recentDate: return dateProblem(with: text, in: field, now: now)
        case .moment:
            return calendarDate(text) ?? Timestamp(rfc3339: text) == nil
                ? .error(field, "is no date (YYYY-MM-DD) or time (RFC 3339) of the calendar") : nil
        case .phone:
            return isE164(text)
                ? nil : .warning(field, "is not in the form of E.164: +, country code, number, no blanks")
        case .country:
            return Country.isCode(text)
                ? nil : .error(field, "is not a country code of ISO 3166-1: two or three capitals, like US or USA")
        case .ipAddress:
            return isIPAddress(text) ? nil : .error(field, "is not an IPv4 or IPv6 address")
        case .oneOf(let words):
            guard !words.contains(text) else { return nil }
            let meant = likelyWord(for: text, among: words).map { "; did you mean \"\($0)\"?" } ?? ""
            return .warning(field, "is none of the documented values\(meant)")
        case .text, .flag, .number, .object: return nil
        }
    }

    private func dateProblem(with text: String, in field: String, now: Timestamp) -> FieldProblem? {
        guard let moment = calendarDate(text) ?? Timestamp(rfc3339: text) else {
            return .error(field, "is no date (YYYY-MM-DD) or date-time of the calendar")
        }
        switch self {
        case .pastDate where moment >= now: return .error(field, "is not in the past")
        // Two years are up to 731 days, and a date is its midnight.
        case .recentDate where moment > now || moment < now - .seconds(732 * 86_400):
            return .warning(field, "is not within the last two years")
        default: return nil
        }
    }
}

/// Midnight UTC of a `YYYY-MM-DD`; nil when the calendar has no such day.
private func calendarDate(_ text: String) -> Timestamp? {
    Timestamp(rfc3339: "\(text)T00:00:00Z")
}

/// A plus, and 2 to 15 digits of which the first is not 0.
private func isE164(_ text: String) -> Bool {
    let digits = text.utf8.dropFirst()
    return text.hasPrefix("+") && (2...15).contains(digits.count) && digits.first != UInt8(ascii: "0")
        && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
}

private func isIPAddress(_ text: String) -> Bool {
    // A zero byte would end the text early for inet_pton.
    guard !text.utf8.contains(0) else { return false }
    var address = in6_addr()
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
}
