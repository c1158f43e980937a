package import KychookModel

/// What the look-alike of BitGo knows: enterprises, identities, businesses, webhooks, secrets, notifications.
///
/// A value without clock and sockets: every call is told the time, and identifiers come from a seeded generator, so the
/// same seed and the same calls make the same world. `Sandbox` shares one among threads. Time must not run backwards.
///
/// Organizations, enterprises and users are there as soon as a call names them, since the calls that would make most of
/// them are not part of the look-alike.
package struct World: Sendable {
    package let settings: SandboxSettings
    /// The latest time that it was told, on its own clock.
    package internal(set) var lastMoment = Timestamp(milliseconds: .min)
    var generator: SeededGenerator
    var agenda = Agenda()
    var unsent: [String] = []

    var identities = Table<IdentityRecord>()
    var businesses = Table<KYBRecord>()
    var documents = Table<DocumentRecord>()
    /// Of each file of a document, the document.
    var files = Table<String>()
    var webhooks = Table<WebhookRecord>()
    var secrets = Table<OwnerSecrets>()
    var enterprises = Table<AccountRecord>()
    var users = Table<AccountRecord>()
    var children = Table<ChildEnterprise>()
    var log = Table<NotificationRecord>()
    /// How many lines of the log may be forgotten.
    var settledLines = 0

    package init(seed: UInt64, settings: SandboxSettings = SandboxSettings()) {
        precondition(!settings.contracts.isEmpty, "without a contract nothing could be signed")
        generator = SeededGenerator(seed: seed)
        self.settings = settings
    }

    /// When the next automatic step is due; nil: nothing happens by itself.
    package var nextDue: Timestamp? { agenda.nextDue }

    /// Performs what is due by then, in order, each step at its own time.
    package mutating func advance(to now: Timestamp) {
        lastMoment = max(lastMoment, now)
        while let entry = agenda.takeNext(by: now) {
            switch entry.item {
            case .identity(let id): performTimer(ofIdentity: id, at: entry.due)
            case .business(let id): finishReview(of: id, at: entry.due)
            }
        }
    }

    /// For the answer to a refused request; as every identifier, from the generator.
    package mutating func makeRequestID() -> String {
        generator.hex(24)
    }
}

extension World: CustomStringConvertible, CustomReflectable {
    package var description: String { "a world of \(identities.count) identities" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
