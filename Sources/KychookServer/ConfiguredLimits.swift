import Glibc
import KychookConfig
import KychookHTTP
import KychookLinux
import KychookModel
import KychookNet
import KychookStore
import Logging

// What the layers below are told of the configuration.

extension EventLog.Limits {
    init(_ limits: LimitsConfiguration) {
        self.init(
            capacity: limits.uncommittedEvents,
            commitWait: limits.commitWait,
            freeSpaceFloor: Int64(limits.freeSpace.bytes)
        )
    }
}

extension ServerLimits {
    /// As many connections as there are descriptors for, so that a flood of them cannot stop the sinks and the store.
    init(_ configuration: Configuration, loops: Int) {
        let budget = DescriptorBudget(configuration, loops: loops)
        let limits = configuration.limits
        self.init(
            request: .init(head: limits.head.bytes, body: limits.body.bytes),
            headTimeout: limits.headTimeout,
            bodyTimeout: limits.bodyTimeout,
            idleTimeout: limits.idleTimeout,
            writeTimeout: limits.writeTimeout,
            connections: budget.connections(under: DescriptorLimit.raise(to: budget.wanted)),
            connectionsPerAddress: limits.connectionsPerAddress,
            commitWait: limits.commitWait
        )
    }
}

/// What was configured cannot be had: better known at the start than found out in a flood.
func warn(of limits: ServerLimits, unlike configured: LimitsConfiguration, _ logger: Logger) {
    guard limits.connections < configured.connections else { return }
    logger.warning(
        "descriptors suffice for fewer connections than configured: raise the limit of open files (LimitNOFILE=, ulimit -n)",
        metadata: ["connections": "\(limits.connections)", "configured": "\(configured.connections)"]
    )
}

extension KychookLinux.ListenAddress {
    /// The configuration has checked the text.
    init(_ configured: ListenConfiguration) throws(SystemError) {
        guard let address = KychookLinux.ListenAddress(configured.address.description) else {
            throw SystemError(call: "bind", subject: configured.address.description, code: EINVAL)
        }
        self = address
    }
}
