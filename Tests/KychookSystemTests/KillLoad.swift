import KychookLinux
import KychookTesting

/// One event of a load over kills: the events of an identity are its steps 0, 1, 2 …
struct Step: Hashable, Sendable {
    let identity: Int
    let number: Int

    init(identity: Int, number: Int) {
        self.identity = identity
        self.number = number
    }

    /// From a text that names subject and status: a document, or a hook's line.
    init?(_ text: String) {
        func number(after word: String) -> Int? {
            text.firstRange(of: word).flatMap { Int(text[$0.upperBound...].prefix { "0123456789".contains($0) }) }
        }
        guard let identity = number(after: "identity/ident-"), let step = number(after: "step ") else { return nil }
        self.init(identity: identity, number: step)
    }

    var body: String {
        Installation.body("ident-\(identity)", "step \(number)", key: "\(identity)-\(number)")
    }
}

/// Sends steps over four connections that come back with every new life of the server. A step follows when the one
/// before is acknowledged, and is sent again until it is.
///
/// Threads of its own, ended by ``stop()``. May be used from any thread.
final class KillLoad: Sendable {
    static let connections = 4
    private static let identitiesOfEach = 2

    private struct State {
        /// Counts the server's lives: a new one may have the port of the last.
        var life = 0
        var isOver = false
        var running = KillLoad.connections
        var acknowledged: [Step] = []
    }

    private let kychook: Installation
    private let state = Monitor(State())

    init(on kychook: Installation) {
        self.kychook = kychook
        for index in 0..<KillLoad.connections {
            Thread(named: "load") { self.send(over: index) }.detach()
        }
    }

    static var identities: Range<Int> { 0..<connections * identitiesOfEach }

    var acknowledged: [Step] { state.withLock { $0.acknowledged } }

    /// The server has been started and is ready.
    func goOn() {
        state.update { $0.life += 1 }
    }

    /// Whether so many further steps are acknowledged before the time is up.
    func advance(by count: Int) -> Bool {
        let wanted = acknowledged.count + count
        return state.wait(until: .now() + .seconds(60)) { $0.acknowledged.count >= wanted ? true : nil } ?? false
    }

    /// Ends after the answers that are still to come.
    /// - Returns: false when some do not come.
    func stop() -> Bool {
        state.update { $0.isOver = true }
        return state.wait(until: .now() + .seconds(60)) { $0.running == 0 ? true : nil } ?? false
    }

    private func send(over index: Int) {
        var sent = 0
        var life = 0
        while let next = nextLife(after: life) {
            life = next
            guard let client = try? RawClient(port: kychook.port) else { continue }
            while true {
                let (number, which) = sent.quotientAndRemainder(dividingBy: KillLoad.identitiesOfEach)
                let step = Step(identity: index * KillLoad.identitiesOfEach + which, number: number)
                guard acknowledge(step, over: client) else { break }
                sent += 1
            }
        }
        state.update { $0.running -= 1 }
    }

    /// Waits for a life of the server after the given one; nil when the load is over.
    private func nextLife(after life: Int) -> Int? {
        let now = state.wait { $0.isOver || $0.life > life ? $0 : nil }
        return now.flatMap { $0.isOver ? nil : $0.life }
    }

    /// - Returns: false when the connection is of no more use, or the load over.
    private func acknowledge(_ step: Step, over client: RawClient) -> Bool {
        let body = Array(step.body.utf8)
        let headers = ["X-Signature-SHA256: \(Installation.signature(body))"]
        guard (try? client.send(kychook.request(body, headers: headers))) != nil,
            let answer = try? client.response(), answer.status == 200
        else { return false }
        var goesOn = false
        state.update { state in
            state.acknowledged.append(step)
            goesOn = !state.isOver
        }
        return goesOn
    }
}
