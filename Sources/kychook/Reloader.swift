import KychookConfig
import KychookLinux
import KychookServer
import Logging
import Synchronization

/// Puts the configuration's present text in force: on SIGHUP, and for the control command `reload`.
///
/// Of any thread; reloads take turns.
final class Reloader: Sendable {
    private let server: Server
    private let location: ConfigurationLocation
    private let settings: StandardErrorLog.Settings
    private let logger: Logger
    private let turn = Locked(())
    private let isAskedFor = Atomic(false)

    init(
        _ server: Server,
        _ location: ConfigurationLocation,
        _ settings: StandardErrorLog.Settings,
        _ logger: Logger
    ) {
        self.server = server
        self.location = location
        self.settings = settings
        self.logger = logger
    }

    /// Reloads on a thread of its own, once for all who ask before it begins: a reload waits for a store that fails, and
    /// the end of the server must not.
    func reloadSoon() {
        guard !isAskedFor.exchange(true, ordering: .acquiringAndReleasing) else { return }
        Thread(named: "reload") { _ = self.reload() }.detach()
    }

    /// A bad configuration is reported and changes nothing; log files are opened anew in any case.
    func reload() -> ReloadReport {
        turn.withLock { _ in
            isAskedFor.store(false, ordering: .releasing)
            server.reopenLogs()
            do throws(ConfigurationErrors) {
                let parsed = try location.load(.system())
                for warning in parsed.warnings { logger.warning("\(warning)") }
                settings.update(parsed.configuration.log)
                let keys = server.reload(parsed.configuration)
                for key in keys { logger.warning("this change needs a restart", metadata: ["key": "\(key)"]) }
                logger.info("reloaded", metadata: ["file": "\(location.name)"])
                return ReloadReport(file: location.name, needsRestart: keys)
            } catch {
                for problem in error.problems { logger.error("\(problem)") }
                logger.error("not reloaded: the configuration before stays in force")
                return ReloadReport(file: location.name, problems: error.problems.map(\.description))
            }
        }
    }
}
