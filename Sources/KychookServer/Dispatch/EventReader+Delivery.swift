import KychookInterpret
import KychookModel
import KychookStore

extension EventReader {
    /// What the next attempt of a delivery gets.
    /// - Returns: nil: the event's body is no more.
    func delivery(of item: DeliveryWindow.Item) throws(StoreError) -> Delivery? {
        guard let stored = try self.event(sequence: item.sequence), let body = stored.body?.bytes else { return nil }
        let currentStatus = item.isReplay ? try currentStatus(of: stored) : nil
        let event = item.isReplay ? stored.event : stored.told
        return Delivery(
            event: event,
            document: CloudEvent.document(
                for: event,
                body: body,
                typePrefix: stored.typePrefix,
                isReplay: item.isReplay,
                currentStatus: currentStatus
            ),
            body: body,
            headers: stored.body?.headers ?? KeptHeaders(),
            attempt: item.attempts + 1,
            isReplay: item.isReplay,
            currentStatus: currentStatus
        )
    }
}
