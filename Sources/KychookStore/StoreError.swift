/// What can be wrong with the store, in the words of who has to mend it.
package enum StoreError: Error, Equatable, CustomStringConvertible {
    /// Another server holds the state directory.
    case locked(path: String, holder: String)
    /// The file is not a healthy kychook database. Nothing was created in its place.
    case corrupt(path: String, reason: String)
    /// Written by a newer kychook.
    case newer(path: String)
    /// The disk, the directory or the file refuses.
    case unavailable(path: String, reason: String)

    /// What to do about a full disk.
    package static let makeRoom = "make room on its disk"

    package var description: String {
        switch self {
        case .locked(let path, let holder):
            "\(path) is in use by \(holder); stop it, or give this server another state_dir"
        case .corrupt(let path, let reason):
            """
            \(path) is damaged (\(reason)); restore it from a backup, or move it away, with its -wal and -shm, to begin \
            with an empty store
            """
        case .newer(let path):
            "\(path) was written by a newer kychook; install that version again"
        case .unavailable(let path, let reason):
            "\(path): \(reason)"
        }
    }
}

/// Why an event could not be kept. Nothing of it is stored; the sender is asked to come again.
package enum AppendFailure: String, Error, Sendable {
    /// The store did not accept it within `commit_wait`.
    case storeFailing = "store_failing"
    /// Less than `free_space` is left on the disk.
    case diskNearlyFull = "disk_nearly_full"
    /// This event alone cannot be stored.
    case rejected
    /// The server ends.
    case stopping
}
