import KychookCrypto
import KychookLinux

/// What the server keeps for a connection between two requests.
struct IdleConnections {
    private static let count = 2000
    private let address: ListenAddress
    private let context: TLSContext?

    init(on address: ListenAddress, _ context: TLSContext?) {
        self.address = address
        self.context = context
    }

    /// Of the whole process, in which the client keeps nothing but the sockets. After some that warm it up.
    func kibibytesEach() throws -> Double {
        var sockets = try (0..<200).map { _ in try usedSocket() }
        defer { for socket in sockets { _ = Descriptor(owning: socket) } }
        let before = try memoryInKibibytes()
        for _ in 0..<Self.count { sockets.append(try usedSocket()) }
        return (try memoryInKibibytes() - before) / Double(Self.count)
    }

    /// - Returns: a descriptor that the caller owns.
    private func usedSocket() throws -> Int32 {
        let socket = try connect(to: address)
        let request = Array(LoadConnection.anyRequest.utf8)
        var answer = [UInt8](repeating: 0, count: 4096)
        let isAnswered = request.withUnsafeBytes { request in
            answer.withUnsafeMutableBytes { answer in
                guard let context else {
                    guard sendAll(request, on: socket), case .bytes(1...) = socket.receive(into: answer) else {
                        return false
                    }
                    return true
                }
                guard let tls = LoadTLS(context, socket), tls.send(request, on: socket) else { return false }
                return tls.receive(into: answer, from: socket) != nil
            }
        }
        guard isAnswered else { throw BenchError.badAnswer(0) }
        return socket.release()
    }

    private func memoryInKibibytes() throws(SystemError) -> Double {
        let line = try readText("/proc/self/smaps_rollup").split(separator: "\n").first { $0.hasPrefix("Pss_Anon:") }
        return line.flatMap { Double($0.split(separator: " ")[1]) } ?? 0
    }
}
