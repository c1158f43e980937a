import Glibc
import KychookCrypto
import Synchronization
import Testing

@Suite struct `OpenSSL's state` {
    @Test func `lasts as long as threads use it, also while the process exits`() async {
        await #expect(processExitsWith: .exitCode(69)) {
            // What is to be done at the end first is done last: OpenSSL, in use from here on, comes before it.
            atexit {
                let begin = digests.load(ordering: .relaxed)
                while digests.load(ordering: .relaxed) < begin + 1000 { sched_yield() }
            }
            keepOpenSSLToTheEnd()
            await withCheckedContinuation { hashing in
                Task.detached {
                    hash()
                    hashing.resume()
                    while true { hash() }
                }
            }
            exit(69)
        }
    }
}

private let digests = Atomic<Int>(0)

private func hash() {
    var hasher = Hasher()
    _ = hasher.digest(of: UnsafeRawBufferPointer(start: nil, count: 0))
    digests.wrappingAdd(1, ordering: .relaxed)
}
