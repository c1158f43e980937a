import ArgumentParser
import KychookModel
import KychookStore

/// The conditions that `tail` and `events list` share.
struct EventConditions: ParsableArguments {
    @Option(help: "Only this type, by the provider's name.")
    var type: String?

    @Option(help: "Only this status.")
    var status: String?

    @Option(help: "Only this subject: [SOURCE/][KIND/]ID.")
    var identity: String?

    func query(limit: Int, since: Timestamp? = nil, until: Timestamp? = nil) -> EventQuery {
        EventQuery(
            type: type,
            status: status,
            subject: identity.map(SubjectReference.init),
            since: since,
            until: until,
            limit: limit
        )
    }
}

/// Of a list's `-n`: SQLite takes a negative limit for none.
func checkCount(_ count: Int) throws {
    guard count >= 0 else { throw ValidationError("-n is 0 or more") }
}
