/// Reads a Retry-After value (RFC 9110 section 10.2.3): seconds, or an HTTP date.
/// - Returns: the wait from `now`, never negative; nil when it is neither.
package func parseRetryAfter(_ value: String, now: Timestamp) -> Duration? {
    if !value.isEmpty, value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
        // Ten digits are three hundred years; more would only overflow.
        return .seconds(Int64(value.prefix(10)) ?? 0)
    }
    guard let moment = parseHTTPDate(value) else { return nil }
    return max(moment - now, .zero)
}

/// The one form that is still sent, `Sun, 06 Nov 1994 08:49:37 GMT`, and the two obsolete ones that a recipient must
/// read (RFC 9110 section 5.6.7).
private func parseHTTPDate(_ text: String) -> Timestamp? {
    let words = text.split { " ,-".contains($0) }.map(String.init)
    switch words.count {
    case 6 where words[5] == "GMT" && words[3].count == 4:
        return moment(year: words[3], month: words[2], day: words[1], time: words[4])
    case 6 where words[5] == "GMT" && words[3].count == 2:
        // RFC 850's two digits: a retry lies in this century.
        return moment(year: "20" + words[3], month: words[2], day: words[1], time: words[4])
    case 5:
        return moment(year: words[4], month: words[1], day: words[2], time: words[3])
    default:
        return nil
    }
}

private func moment(year: String, month: String, day: String, time: String) -> Timestamp? {
    guard let index = months.firstIndex(of: month), !day.isEmpty else { return nil }
    let twoDigits = { (text: String) in text.count < 2 ? "0" + text : text }
    return Timestamp(rfc3339: "\(year)-\(twoDigits("\(index + 1)"))-\(twoDigits(day))T\(time)Z")
}

private let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
