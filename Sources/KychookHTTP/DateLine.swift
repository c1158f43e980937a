/// The `Date` field of an answer, formatted once a second and not once an answer.
package struct DateLine: Sendable {
    /// The whole line with its CRLF.
    package private(set) var bytes: [UInt8] = []
    private var second: Int?

    package init() {}

    /// - Parameter second: since 1970, UTC; formatting happens only when it is another one than before.
    package mutating func update(toSecond second: Int) {
        guard second != self.second else { return }
        self.second = second
        bytes = Array("Date: \(imfFixdate(second))\r\n".utf8)
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
func imfFixdate(_ second: Int) -> String {
    let (day, time) = (second / 86400, second % 86400)
    let (year, month, dayOfMonth) = civilDate(daysSince1970: day)
    let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return "\(weekdays[day % 7]), \(two(dayOfMonth)) \(months[month - 1]) \(year)"
        + " \(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60)) GMT"
}

private func two(_ number: Int) -> String {
    number < 10 ? "0\(number)" : "\(number)"
}

/// The Gregorian date of a day, counted in years that begin in March, so that the leap day is the last of its year.
private func civilDate(daysSince1970 day: Int) -> (year: Int, month: Int, day: Int) {
    let daysPer400Years = 146_097
    let shifted = day + 719_468
    let era = shifted / daysPer400Years
    let dayOfEra = shifted % daysPer400Years
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
}
