/// What the same bytes mean when they come again after their subject moved on.
package enum Repeats: String, CaseIterable, Sendable {
    /// Stored, but moves no status by itself.
    case hold
    /// Moves the status, except out of a final one.
    case apply
}
