import KychookModel
import Subprocess

/// All that a hook finds in its environment: nothing of the server's own.
///
/// Every name is always set, so that a script with `set -u` need not ask; without a value it is empty. The event's
/// names win over configured ones, and those over the two defaults.
func hookEnvironment(for delivery: Delivery, configured: [String: String]) -> [Environment.Key: String] {
    var values = [
        "PATH": ShellHook.defaultPath,
        "LANG": "C.UTF-8",
    ]
    values.merge(configured) { $1 }
    values.merge(eventValues(delivery)) { $1 }
    var environment: [Environment.Key: String] = [:]
    for (name, value) in values where isName(name) {
        guard let key = Environment.Key(rawValue: name) else { continue }
        environment[key] = value.withoutNUL
    }
    return environment
}

private func eventValues(_ delivery: Delivery) -> [String: String] {
    let event = delivery.event
    return [
        "KYCHOOK_EVENT_ID": event.id.description,
        "KYCHOOK_TYPE": event.interpretation.type,
        "KYCHOOK_SUBJECT": event.interpretation.subject?.description ?? "",
        "KYCHOOK_STATUS": event.interpretation.status ?? "",
        "KYCHOOK_PREVIOUS_STATUS": event.previousStatus ?? "",
        "KYCHOOK_CHANGE": event.change.rawValue,
        "KYCHOOK_SOURCE": event.source,
        "KYCHOOK_ATTEMPT": "\(delivery.attempt)",
        "KYCHOOK_REPLAY": delivery.isReplay ? "1" : "0",
        "KYCHOOK_CURRENT_STATUS": delivery.isReplay ? delivery.currentStatus ?? "" : "",
    ]
}

private func isName(_ name: String) -> Bool {
    !name.isEmpty && !name.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "=") }
}

extension String {
    /// The provider chose some of these values, and a NUL ends a C string: the rest would be lost silently.
    fileprivate var withoutNUL: String {
        utf8.contains(0) ? String(unicodeScalars.filter { $0 != "\0" }) : self
    }
}

extension ShellHook {
    package static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}
