import KychookModel

extension World {
    /// The newest moment that it knows of: a clock that goes on from a saved world must not begin before it.
    var latest: Timestamp? {
        let moments = [
            identities.all.map(\.updatedAt).max(), secrets.all.map(\.rotatedAt).max(),
            webhooks.all.map { $0.lastAttempt ?? $0.created }.max(), log.all.map(\.updatedAt).max(),
        ]
        return moments.compactMap(\.self).max()
    }
}
