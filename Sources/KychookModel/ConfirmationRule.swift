/// Whether a webhook's word moves an identity's status, or the provider's API has to confirm it first.
package enum ConfirmationRule: String, CaseIterable, Sendable {
    case never
    /// Only what contradicts something: late, repeated, a reused key, a status that the provider does not list.
    case onConflict = "on_conflict"
    case always
}
