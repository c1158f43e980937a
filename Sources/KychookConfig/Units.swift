import KychookModel

/// How quantities are written in the configuration, both ways. Reading never traps: too large is nil.

extension Int {
    /// Decimal digits only.
    init?(configuration text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy(\.isDigit), let value = Int(text) else { return nil }
        self = value
    }
}

extension Double {
    /// Decimal digits with at most one point between them; 0, or at least 0.0001, which prints without an exponent.
    init?(configuration text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(\.isDigit) }),
            let value = Double(text), value.isFinite, value == 0 || value >= 0.0001
        else { return nil }
        self = value
    }

    /// Without `.0` where the number is whole.
    var inConfiguration: String {
        Int(exactly: self).map(String.init) ?? String(describing: self)
    }
}

extension Duration {
    /// Whole numbers with units, largest first, each unit at most once: `5s`, `1h30m`.
    init?(configuration text: String) {
        var rest = text[...]
        var units = durationUnits[...]
        var milliseconds = 0
        repeat {
            let digits = rest.prefix(while: \.isASCIIDigit)
            let unit = rest.dropFirst(digits.count).prefix(while: \.isLetter)
            guard let count = Int(configuration: String(digits)),
                let index = units.firstIndex(where: { $0.name == unit })
            else { return nil }
            let (product, tooLarge) = count.multipliedReportingOverflow(by: units[index].milliseconds)
            let (sum, tooLargeInAll) = milliseconds.addingReportingOverflow(product)
            guard !tooLarge, !tooLargeInAll else { return nil }
            milliseconds = sum
            units = units[(index + 1)...]
            rest = rest.dropFirst(digits.count + unit.count)
        } while !rest.isEmpty
        self = .milliseconds(milliseconds)
    }

    /// In the largest unit that divides it: `90s`, `8h`.
    var inConfiguration: String {
        let total = milliseconds
        let unit = durationUnits.first { total != 0 && total % Int64($0.milliseconds) == 0 }
        return unit.map { "\(total / Int64($0.milliseconds))\($0.name)" } ?? (total == 0 ? "0s" : "\(total)ms")
    }
}

private let durationUnits: [(name: String, milliseconds: Int)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
]

extension ByteCount {
    init?(configuration text: String) {
        let digits = text.prefix(while: \.isASCIIDigit)
        let shifts = ["B": 0, "KiB": 10, "MiB": 20, "GiB": 30]
        guard let shift = shifts[String(text.dropFirst(digits.count))], let count = Int(configuration: String(digits))
        else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: 1 << shift)
        guard !overflow else { return nil }
        self.init(bytes: bytes)
    }
}

/// Events a second: `50/s`, `600/m`, `0.5/h`.
struct Rate {
    let perSecond: Double

    static let range = 1.0 / 3600...1_000_000.0

    init?(configuration text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let seconds = ["s": 1.0, "m": 60.0, "h": 3600.0]
        guard parts.count == 2, let count = Double(configuration: String(parts[0])),
            let unit = seconds[String(parts[1])]
        else { return nil }
        perSecond = count / unit
    }

    /// In the first unit in which the rate is a whole number, else to the second.
    static func inConfiguration(_ perSecond: Double) -> String {
        for (seconds, unit) in [(1.0, "s"), (60.0, "m"), (3600.0, "h")] {
            let count = (perSecond * seconds).rounded()
            if count >= 1, count / seconds == perSecond { return "\(count.inConfiguration)/\(unit)" }
        }
        return "\(perSecond.inConfiguration)/s"
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
