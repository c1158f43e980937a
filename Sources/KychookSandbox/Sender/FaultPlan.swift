import FoundationEssentials
package import KychookBitGo
import KychookModel

/// Which faults happen, and how often: 0 < rate <= 1 for each.
///
/// What happens to a notification depends on the plan, the seed and the notification alone, so the same seed gives
/// the same faults, in whatever order answers come.
package struct FaultPlan: Equatable, Sendable {
    package private(set) var rates: [Fault: Double] = [:]

    package init() {}

    /// Why a text is no fault.
    package enum Problem: Error, Equatable, CustomStringConvertible {
        case unknown(String)
        case rate(Fault)
        case notAnObject

        package var description: String {
            switch self {
            case .unknown(let name):
                "there is no fault \(name.prefix(64)): "
                    + (likelyWord(for: String(name.prefix(64)), among: Fault.names).map { "did you mean \($0)?" }
                        ?? "known are \(Fault.names.joined(separator: ", "))")
            case .rate(let fault): "the rate of \(fault.rawValue) is a number from 0 to 1"
            case .notAnObject: "faults are an object of names and rates, such as {\"duplicate\": 0.1}"
            }
        }
    }

    /// - Parameter rate: 0 ends the fault.
    package mutating func set(_ name: String, rate: Double?) throws(Problem) {
        guard let fault = Fault(rawValue: name) else { throw .unknown(name) }
        guard let rate, rate >= 0, rate <= 1 else { throw .rate(fault) }
        rates[fault] = rate == 0 ? nil : rate
    }

    /// Reads `NAME` and `NAME=RATE`.
    package init(rules: [String]) throws(Problem) {
        for rule in rules {
            let parts = rule.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            try set(String(parts[0]), rate: parts.count == 1 ? 1 : Double(parts[1]))
        }
    }

    /// Reads `{"duplicate": 0.1}`.
    package init(_ json: JSONValue) throws(Problem) {
        guard case .object(let members) = json else { throw .notAnObject }
        for member in members { try set(member.name, rate: member.value.rate) }
    }

    package var json: JSONValue {
        .object(
            rates.sorted { $0.key < $1.key }.map { fault, rate in
                .init(fault.rawValue, Decimal(string: "\(rate)").map(JSONValue.number) ?? .integer(1))
            }
        )
    }

    /// Draws what happens to one notification.
    func treatment(of notification: String, seed: UInt64) -> Treatment {
        var generator = SeededGenerator(seed: notification.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
        var treatment = Treatment()
        for fault in Fault.allCases {
            // Drawn for every fault, so that one more in the plan does not change the others.
            let (draw, minutes) = (
                Double.random(in: 0..<1, using: &generator), Int.random(in: 1...60, using: &generator)
            )
            guard let rate = rates[fault], draw < rate else { continue }
            treatment.faults.append(fault)
            if fault == .delay { treatment.delay = .seconds(minutes * 60) }
        }
        return treatment
    }
}

/// What happens to one notification.
package struct Treatment: Equatable, Sendable {
    /// In the order of their declaration.
    package var faults: [Fault] = []
    /// Before the first attempt, on the sandbox's clock.
    package var delay = Duration.zero

    package init() {}

    func has(_ fault: Fault) -> Bool { faults.contains(fault) }

    /// Of several faults that spoil the first attempt the first one does.
    var firstForm: AttemptForm { faults.lazy.compactMap(\.firstForm).first ?? .genuine }
}

extension Fault {
    package static let names = Fault.allCases.map(\.rawValue)
}

extension JSONValue {
    fileprivate var rate: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): Double("\(value)")
        case .null, .boolean, .text, .array, .object: nil
        }
    }
}
