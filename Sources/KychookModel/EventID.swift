/// The name of an event: `evt_` and a ULID. Later events of one store have greater IDs.
package struct EventID: Hashable, Comparable, Sendable {
    /// 48 bits of milliseconds since 1970, then the first 16 random bits.
    package let high: UInt64
    /// The other 64 random bits.
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func < (left: EventID, right: EventID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension EventID: LosslessStringConvertible {
    private static let prefix = "evt_"

    /// `evt_` and 26 digits of Crockford's base 32 (ULID specification).
    package var description: String {
        String(unsafeUninitializedCapacity: 30) { buffer in
            _ = buffer.initialize(from: EventID.prefix.utf8)
            var (high, low) = (high, low)
            for index in stride(from: 29, through: 4, by: -1) {
                buffer[index] = crockford[Int(low & 31)]
                low = low >> 5 | high << 59
                high >>= 5
            }
            return 30
        }
    }

    /// Reads `evt_…` or the bare ULID, in either case.
    package init?(_ description: String) {
        let prefixLength = description.hasPrefix(EventID.prefix) ? EventID.prefix.count : 0
        let text = description.dropFirst(prefixLength)
        guard text.utf8.count == 26 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (index, byte) in text.utf8.enumerated() {
            guard let value = crockfordValue(byte), index > 0 || value < 8 else { return nil }
            high = high << 5 | low >> 59
            low = low << 5 | value
        }
        self.init(high: high, low: low)
    }
}

private let crockford = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

private func crockfordValue(_ byte: UInt8) -> UInt64? {
    let upper = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte - 32 : byte
    return crockford.firstIndex(of: upper).map(UInt64.init)
}

/// Makes event IDs that only rise, also within one millisecond and when the clock steps back.
///
/// Owned by the one writer of the event log.
package struct EventIDGenerator: Sendable {
    private var last: EventID
    private var random: any RandomNumberGenerator & Sendable

    /// - Parameters:
    ///   - last: the newest ID in the store, or nil for an empty store.
    ///   - random: where the 80 random bits come from.
    package init(
        after last: EventID?,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.last = last ?? EventID(high: 0, low: 0)
        self.random = random
    }

    package mutating func next(at now: Timestamp) -> EventID {
        let milliseconds = UInt64(clamping: now.milliseconds) & 0xFFFF_FFFF_FFFF
        if milliseconds > last.high >> 16 {
            last = EventID(high: milliseconds << 16 | random.next() & 0xFFFF, low: random.next())
        } else {
            // The same millisecond or an earlier one: one more than the last keeps the order (ULID, "monotonicity").
            let (low, carry) = last.low.addingReportingOverflow(1)
            last = EventID(high: last.high &+ (carry ? 1 : 0), low: low)
        }
        return last
    }
}
