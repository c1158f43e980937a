import KychookLinux
import KychookModel
import KychookTesting

/// An HTTP sink's target with a fault that ends when the test says so.
protocol HealingTarget: Sendable {
    var sink: SinkConfiguration.HTTP { get }
    func heal()
    /// The ids of the events that the healthy target took, in its order, once there are so many different ones.
    func taken(atLeast count: Int) -> [String]?
}

/// Answers wrongly, late or not at all.
struct MisbehavingTarget: HealingTarget {
    let target: FaultyTarget

    init(_ behaviour: FaultyTarget.Behaviour) {
        target = FaultyTarget(behaviour)
    }

    var sink: SinkConfiguration.HTTP {
        SinkConfiguration.HTTP(url: target.url, timeout: .milliseconds(500), allowsPrivateTargets: true)
    }

    func heal() {
        target.become(.answer(200))
    }

    func taken(atLeast count: Int) -> [String]? {
        target.taken(atLeast: count)
    }
}

/// Nobody listens.
final class RefusingTarget: HealingTarget {
    private let port = LoopbackPort()
    private let target = Monitor<FaultyTarget?>(nil)

    var sink: SinkConfiguration.HTTP { SinkConfiguration.HTTP(url: port.url, allowsPrivateTargets: true) }

    func heal() {
        target.update { $0 = FaultyTarget(at: port, [.answer(200)]) }
    }

    func taken(atLeast count: Int) -> [String]? {
        target.withLock { $0 }?.taken(atLeast: count)
    }
}

/// Shows a certificate for another host, until it is given the right one.
final class MisnamedTarget: HealingTarget {
    private let authority = CertificateAuthority()
    private let port = LoopbackPort()
    private let target: Monitor<TLSTarget>

    init() {
        target = Monitor(TLSTarget(authority.issue("wrong", for: "DNS:crm.example"), port: port.port))
    }

    var sink: SinkConfiguration.HTTP {
        SinkConfiguration.HTTP(
            url: target.withLock { $0.url },
            timeout: .milliseconds(500),
            allowsPrivateTargets: true,
            certificateAuthorities: authority.root.certificate
        )
    }

    func heal() {
        target.withLock { $0 }.stop()
        let right = TLSTarget(authority.issue("right"), port: port.port)
        target.update { $0 = right }
    }

    func taken(atLeast count: Int) -> [String]? {
        let target = target.withLock { $0 }
        guard target.requests(atLeast: count) else { return nil }
        return target.values(of: "webhook-id").firstOccurrences
    }
}

extension FaultyTarget {
    fileprivate func taken(atLeast count: Int) -> [String]? {
        var wanted = count
        while let answered = answered(atLeast: wanted) {
            let taken = answered.flatMap { $0.values(of: "webhook-id") }.firstOccurrences
            if taken.count >= count { return taken }
            wanted = answered.count + 1
        }
        return nil
    }
}

extension [String] {
    fileprivate var firstOccurrences: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
