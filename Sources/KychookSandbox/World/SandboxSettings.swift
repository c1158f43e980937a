/// How the look-alike behaves where the provider's pages leave a choice, or where a test wants another behaviour.
package struct SandboxSettings: Equatable, Sendable {
    /// How long each automatic step takes.
    package var delays = Delays()
    /// Which contracts an approved person has to sign; they depend on the organization's contract with the provider.
    package var contracts = ["csa", "mpa", "mic"]
    /// Whether failing webhooks are suspended.
    package var suspends = true
    /// Whether organization webhooks are answered as their page shows: `{"success": true, "data": { … }}`.
    package var envelopesOrganizationAnswers = true
    /// Whether the answer to an upload says `evalutating submission`, as the guide does.
    package var misspellsUploadStatus = true
    /// Lines of the notification log; beyond it a tenth goes, the oldest that are settled.
    package var logLimit = 10_000
    /// Whose identities those are that name no organization; it is the one of the guide.
    package var defaultOrganization = "6573806ef79cafdd1aff42fbffc2ab20"

    package init() {}

    /// On the world's clock: whoever wants it faster runs that clock faster.
    package struct Delays: Equatable, Sendable {
        /// From a request of version 2 to the identity's creation.
        package var creation = Duration.seconds(5)
        /// In `initiating`.
        package var receipt = Duration.seconds(5)
        /// In `evaluating submission`.
        package var evaluation = Duration.seconds(30)
        /// In `in review`, and of a business's products.
        package var review = Duration.seconds(120)
        /// In `signature submitted`.
        package var closing = Duration.seconds(30)

        package init() {}
    }
}
